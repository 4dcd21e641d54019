"""Whatever bytes come from a child, they are a value of the right type or a BadFrame; never anything else."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.autograd import (
    Chunk,
    ExceptionSeen,
    FrameSeen,
    Items,
    Limits,
    Local,
    Observation,
    PlainValue,
    Probe,
    Program,
    Summary,
    TensorSeen,
    TensorValue,
    Value,
    WarningSeen,
)
from tutor.running.output import KEPT, Output
from tutor.running.protocol import BadFrame, Body, Ended, Frames, Probes, Ready, Result, Task, frame, opened
from tutor.text import safe

texts = st.text(st.characters(codec="utf-8"), max_size=20)
safe_texts = texts.map(safe)
small = st.integers(0, 3)
shapes = st.lists(small, max_size=3).map(tuple)
numbers = st.floats(width=32, allow_nan=False)


@st.composite
def tensors(draw: st.DrawFn) -> TensorValue:
    shape = draw(shapes)
    count = 1
    for size in shape:
        count *= size
    storage, size = draw(st.sampled_from([("float32", 4), ("bool", 1), ("complex128", 16)]))
    data = draw(st.none() | st.binary(min_size=count * size, max_size=count * size))
    summary = Summary(draw(st.none() | numbers), None, 1.0, 0, 2, (1, 2.5, True, "1j"))
    return TensorValue(
        shape=shape,
        dtype=draw(safe_texts),
        storage=storage,
        data=data,
        summary=None if data is not None else summary,
        requires_grad=draw(st.booleans()),
    )


plain = st.builds(
    PlainValue,
    python_type=safe_texts,
    value=st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | numbers | safe_texts,
    text=safe_texts,
)


def containers(inside: st.SearchStrategy[Value]) -> st.SearchStrategy[Items]:
    items = st.lists(inside, max_size=3).map(tuple)
    return st.builds(Items, python_type=safe_texts, items=items, keys=st.none(), more=small)


values: st.SearchStrategy[Value] = st.recursive(tensors() | plain, containers, max_leaves=5)
seen = st.builds(TensorSeen, name=safe_texts, value=tensors(), grad=st.none() | tensors(), version=st.none() | small)
frames = st.builds(
    FrameSeen,
    where=st.sampled_from(["answer", "setup", "probe", "neighbour", "library"]),
    filename=safe_texts,
    function=safe_texts,
    line=st.integers(1, 9),
    column=st.none() | small,
    locals=st.lists(st.builds(Local, name=safe_texts, value=values, tensor=st.none() | seen), max_size=2).map(tuple),
)
errors: st.SearchStrategy[ExceptionSeen] = st.deferred(
    lambda: st.builds(
        ExceptionSeen,
        type=safe_texts,
        message=safe_texts,
        bases=st.lists(safe_texts, max_size=2).map(tuple),
        frames=st.lists(frames, max_size=2).map(tuple),
        cause=st.none() | errors,
    )
)
observations = st.builds(
    Observation,
    outcome=st.sampled_from(["ok", "exception"]),
    elapsed_ms=numbers,
    tensors=st.lists(seen, max_size=2).map(tuple),
    probes=st.lists(st.builds(Probe, expression=safe_texts, value=values), max_size=2).map(tuple),
    output=st.lists(st.builds(Chunk, st.sampled_from(["stdout", "stderr"]), safe_texts), max_size=2).map(tuple),
    warnings=st.lists(
        st.builds(WarningSeen, category=safe_texts, message=safe_texts, line=st.none() | small), max_size=2
    ).map(tuple),
    exception=st.none() | errors,
    walls=st.lists(safe_texts, max_size=2).map(tuple),
)
results = st.builds(
    Result, observation=observations, written=st.lists(st.tuples(st.sampled_from([1, 2]), small), max_size=3).map(tuple)
)
programs = st.builds(
    Program,
    source=texts,
    setup=texts,
    arguments=st.lists(texts, max_size=2).map(tuple),
    folder=st.none() | texts,
    collect=st.frozensets(st.sampled_from(["tensors", "history", "graph", "trace"])),
    limits=st.builds(Limits, wall_seconds=numbers, memory_bytes=st.integers(0, 2**40)),
)
tasks = st.builds(Task, program=programs, environment=st.none() | st.dictionaries(texts, texts, max_size=2))
bodies: st.SearchStrategy[Body] = (
    results
    | tasks
    | st.builds(Ready)
    | st.builds(Ended)
    | st.builds(Probes, expressions=st.lists(texts, max_size=3).map(tuple))
)


def arrived(data: bytes, most_bytes: int = 1 << 20) -> list[Body]:
    return [opened(kind, body) for kind, body in Frames(most_bytes).feed(data)]


@given(bodies)
def test_what_is_framed_comes_back_equal(body: Body) -> None:
    assert arrived(frame(body)) == [body]


@given(st.lists(bodies, max_size=3), st.data())
def test_frames_come_back_however_the_stream_is_cut(sent: list[Body], data: st.DataObject) -> None:
    stream = b"".join(map(frame, sent))
    cutter, back = Frames(1 << 20), []
    while stream:
        count = data.draw(st.integers(1, len(stream)))
        back += [opened(kind, body) for kind, body in cutter.feed(stream[:count])]
        stream = stream[count:]
    assert back == sent
    assert not cutter.torn


@given(bodies, st.integers(1, 40))
def test_a_frame_that_is_not_whole_is_torn(body: Body, missing: int) -> None:
    stream = frame(body)
    cutter = Frames(1 << 20)
    assert list(cutter.feed(stream[:-missing])) == []
    assert cutter.torn or missing >= len(stream)


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_bad(data: bytes) -> None:
    with suppress(BadFrame):
        arrived(data)


@given(results, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_gives_a_result_or_a_bad_frame(result: Result, where: int, change: int) -> None:
    stream = bytearray(frame(result))
    stream[5 + where % (len(stream) - 5)] ^= change
    try:
        (back,) = arrived(bytes(stream))
    except BadFrame:
        return
    assert isinstance(back, Result)


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


@given(results, junk, st.data())
@settings(max_examples=300)
def test_a_field_of_another_type_is_bad_or_still_of_the_right_type(
    result: Result, other: Any, data: st.DataObject
) -> None:
    built = msgspec.msgpack.decode(msgspec.msgpack.encode(result))
    place: Any = built
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = other
    encoded = msgspec.msgpack.encode(built)
    try:
        back = opened(4, encoded)
    except BadFrame:
        return
    assert arrived(frame(back)) == [back] or "nan" in repr(back)


@pytest.mark.parametrize("deep", [50, 5_000, 500_000])
def test_deep_nesting_is_a_bad_frame(deep: int) -> None:
    for body in (b"\x91" * deep + b"\xc0", b"\x81\xa1a" * deep + b"\xc0"):
        with pytest.raises(BadFrame):
            opened(4, body)


def test_nesting_within_a_value_is_bounded() -> None:
    value: Value = PlainValue(python_type="int")
    for _ in range(60):
        value = Items(python_type="list", items=(value,))
    with pytest.raises(BadFrame, match="deep"):
        arrived(frame(Result(observation=Observation(outcome="ok", probes=(Probe(expression="x", value=value),)))))


@pytest.mark.parametrize("claimed", [1 << 20, 0xFFFFFFFF])
def test_a_frame_that_claims_too_much_is_refused_before_it_arrives(claimed: int) -> None:
    with pytest.raises(BadFrame, match="more than"):
        arrived(struct.pack("<IB", claimed, 4), most_bytes=1000)


@pytest.mark.parametrize(
    "tensor",
    [
        TensorValue(shape=(2,), dtype="float32", data=b"1234"),
        TensorValue(shape=(-1,), dtype="float32"),
        TensorValue(shape=(1,), dtype="float32", storage="object", data=b"1234"),
    ],
)
def test_a_tensor_whose_data_do_not_fit_is_a_bad_frame(tensor: TensorValue) -> None:
    probe = Probe(expression="x", value=tensor)
    with pytest.raises(BadFrame):
        arrived(frame(Result(observation=Observation(outcome="ok", probes=(probe,)))))


def test_texts_of_a_result_are_made_safe_and_those_of_a_program_are_kept() -> None:
    (result,) = arrived(frame(Result(observation=Observation(outcome="ok", detail="\x1b]0;x\x07\u202e"))))
    assert isinstance(result, Result)
    assert result.observation.detail == "␛]0;x␇<U+202E>"
    (task,) = arrived(frame(Task(program=Program(source="x = '\x1b'"))))
    assert isinstance(task, Task)
    assert task.program.source == "x = '\x1b'"


pieces = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=8)), max_size=8)


@given(pieces, st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 12)), max_size=8))
def test_no_byte_of_output_is_lost_whatever_order_is_claimed(
    written: list[tuple[int, bytes]], claimed: list[tuple[int, int]]
) -> None:
    output = Output(1 << 20)
    for stream, data in written:
        output.add(stream, data)
    chunks, dropped = output.chunks(claimed)
    assert dropped == 0
    for number, name in ((1, "stdout"), (2, "stderr")):
        told = "".join(chunk.text for chunk in chunks if chunk.stream == name)
        sent = b"".join(data for stream, data in written if stream == number).decode(errors="replace")
        assert told.replace("\n", "").replace("␍", "") == safe(sent).replace("\n", "").replace("␍", "")


@given(pieces)
def test_output_is_told_in_the_order_it_was_written(written: list[tuple[int, bytes]]) -> None:
    output = Output(1 << 20)
    for number in (2, 1):
        output.add(number, b"".join(data for stream, data in written if stream == number))
    together, _ = output.chunks([(stream, len(data)) for stream, data in written])
    straight = Output(1 << 20)
    for stream, data in written:
        straight.add(stream, data)
    assert together == straight.chunks()[0]


@given(st.integers(1, 2), st.integers(2 * KEPT + 1, 6 * KEPT))
@settings(max_examples=20)
def test_of_too_much_output_head_and_tail_are_kept(stream: int, count: int) -> None:
    output = Output(2 * KEPT)
    data = bytes(65 + number % 26 for number in range(count))
    for start in range(0, count, 5000):
        output.add(stream, data[start : start + 5000])
    chunks, dropped = output.chunks()
    text = "".join(chunk.text for chunk in chunks)
    assert dropped == count - 2 * KEPT
    assert text.startswith(data[:KEPT].decode())
    assert text.endswith(data[-KEPT:].decode())
