"""A learner may demand a least of walls before a stranger's pack runs."""

from __future__ import annotations

import pytest

from tutor.running.fence import BadDemand, demanded, protections, refusal

ALL = ("rlimits", "landlock-7", "seccomp")
FILES_AND_NETWORK = {"TUTOR_REQUIRE_WALLS": "files,network"}


def test_walls_are_named_by_what_they_protect() -> None:
    assert protections(ALL) == {"files", "network", "processes", "signals", "memory"}
    assert protections(["seccomp"]) == {"network", "processes", "signals"}
    assert protections(["no-new-privs", "dies-with-server"]) == frozenset()
    assert protections(["job-object"]) == {"processes", "memory"}


@pytest.mark.parametrize("text", ["files,network", "files, network", " FILES network ", "files,,network"])
def test_a_demand_is_a_list_of_protections(text: str) -> None:
    assert demanded({"TUTOR_REQUIRE_WALLS": text}) == ("files", "network")


def test_a_misspelt_demand_is_an_error_and_never_no_demand() -> None:
    with pytest.raises(BadDemand, match=r"netwrok.*files, network"):
        demanded({"TUTOR_REQUIRE_WALLS": "files,netwrok"})


def test_a_strangers_pack_is_refused_where_a_demanded_wall_is_missing() -> None:
    words = refusal("class-of-26", built_in=False, walls=["seccomp"], environment=FILES_AND_NETWORK)
    assert words is not None
    assert "class-of-26" in words
    assert "them: files." in words


def test_a_strangers_pack_runs_where_the_demanded_walls_stand() -> None:
    assert refusal("class-of-26", built_in=False, walls=ALL, environment=FILES_AND_NETWORK) is None


def test_without_a_demand_every_pack_runs() -> None:
    assert refusal("class-of-26", built_in=False, walls=(), environment={}) is None


def test_built_in_packs_always_run() -> None:
    assert refusal("autograd", built_in=True, walls=(), environment=FILES_AND_NETWORK) is None
