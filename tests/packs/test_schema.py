"""The JSON Schema says to editors what the loader accepts."""

from __future__ import annotations

from typing import Any

import pytest

from tutor.packs.schema import FILE_KINDS, Schema, schema


def every_part(of: Any) -> list[Schema]:
    if isinstance(of, list):
        return [part for item in of for part in every_part(item)]
    if not isinstance(of, dict):
        return []
    return [of, *(part for value in of.values() for part in every_part(value))]


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_every_key_is_described_and_every_reference_leads_somewhere(kind: Any) -> None:
    whole = schema(kind)
    records = [part for part in every_part(whole) if "properties" in part]
    assert records
    for record in records:
        assert record["additionalProperties"] is False
        assert all(one.get("description") for one in record["properties"].values())
        assert set(record["required"]) <= set(record["properties"])
    for part in every_part(whole):
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/$defs/") in whole["$defs"]


def test_a_lesson_s_steps_are_told_apart_by_kind() -> None:
    definitions = schema("lesson")["$defs"]
    steps = [
        definitions[f"{kind}Step"]["properties"]["kind"]["const"] for kind in ("Read", "Predict", "Choice", "Code")
    ]
    assert steps == ["read", "predict", "choice", "code"]
    assert set(definitions["CodeStep"]["required"]) == {"id", "kind", "text", "solution", "checks"}
    assert definitions["ValueCheck"]["properties"]["rtol"] == {
        "description": "Relative tolerance. Left out: that of torch.testing for the dtype.",
        "type": ["number", "null"],
        "minimum": 0,
    }
