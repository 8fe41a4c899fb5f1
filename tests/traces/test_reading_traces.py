"""Traces as they come: every defect is located, nothing is lost in silence, nothing hangs."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfcheck.checker.traces.reading import LINE_LIMIT, MalformedError, decode
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace

CALL = {"id": "c1", "function": {"name": "pay", "arguments": '{"to": "a", "amount": 1.50}'}}
GOOD: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "be good"},
        {"role": "user", "content": [{"type": "text", "text": "pay a"}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok", "error": None},
        {"role": "assistant", "content": "done"},
    ]
}
EVENT = {"kind": "call", "seq": 0, "tool": "pay", "call": "c1"}
HEADER = {"format": "wftrace", "version": 1}


def read(path: Path, data: bytes | str, **options: Any) -> tuple[list[Trace], list[Problem]]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    items = list(read_traces([path], **options))
    return [i for i in items if isinstance(i, Trace)], [i for i in items if isinstance(i, Problem)]


def lines(*values: object) -> str:
    return "\n".join(v if isinstance(v, str) else json.dumps(v) for v in values) + "\n"


def with_message(index: int, **changes: Any) -> dict[str, Any]:
    messages = [dict(m) for m in GOOD["messages"]]
    messages[index].update(changes)
    return {"messages": messages}


def test_a_run_becomes_events_with_their_places(tmp_path: Path) -> None:
    (trace,), problems = read(tmp_path / "runs.jsonl", lines(GOOD))
    assert problems == []
    assert trace.name == f"{tmp_path / 'runs.jsonl'}#1"
    kinds = [e.kind for e in trace.events]
    assert kinds == ["message", "input", "llm", "call", "result", "llm", "say", "end"]
    call = trace.events[3]
    assert (call.tool, str(call.arguments["amount"]), call.arguments["to"]) == ("pay", "1.50", "a")
    assert call.source is not None
    assert (call.source.line, call.source.pointer) == (1, "/messages/2/tool_calls/0")
    assert trace.events[1].text == "pay a"
    assert trace.completeness["time"] == "absent"


def test_an_error_of_a_tool_is_a_failure(tmp_path: Path) -> None:
    (trace,), _ = read(tmp_path / "r.jsonl", lines(with_message(3, error="ValueError: no")))
    assert trace.events[4].kind == "fail"
    assert trace.events[4].error == "ValueError: no"


@pytest.mark.parametrize(
    ("run", "code", "pointer"),
    [
        (with_message(3, tool_call_id="other"), "WF709", "/messages/3/tool_call_id"),
        (with_message(2, tool_calls=[CALL, CALL]), "WF708", "/messages/2/tool_calls/1"),
        (with_message(2, tool_calls=[{**CALL, "id": 3}]), "WF707", "/messages/2/tool_calls/0"),
        (with_message(2, tool_calls="c1"), "WF707", "/messages/2/tool_calls"),
        (with_message(1, role=7), "WF707", "/messages/1"),
        (with_message(1, role="oracle"), "WF707", "/messages/1/role"),
        (with_message(1, content=12), "WF707", "/messages/1/content"),
        (
            with_message(2, tool_calls=[{"id": "c1", "function": {"name": "pay", "arguments": "{"}}]),
            "WF703",
            "/messages/2/tool_calls/0",
        ),
        (
            with_message(2, tool_calls=[{"id": "c1", "function": {"name": "pay", "arguments": "[1]"}}]),
            "WF707",
            "/messages/2/tool_calls/0",
        ),
        ({"messages": [3]}, "WF707", "/messages/0"),
    ],
)
def test_a_broken_run_is_located_and_the_next_is_read(
    tmp_path: Path, run: object, code: str, pointer: str
) -> None:
    traces, problems = read(tmp_path / "r.jsonl", lines(GOOD, run, GOOD))
    assert [t.line for t in traces] == [1, 3]
    assert (problems[0].code, problems[0].line, problems[0].pointer) == (code, 2, pointer)
    traces, _ = read(tmp_path / "r.jsonl", lines(GOOD, run, GOOD), lenient=True)
    assert [bool(t.losses) for t in traces] == [False, True, False]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"messages": [', "WF703"),
        (b'{"messages": [\x00]}', "WF702"),
        (b'{"messages": "\xff\xfe"}', "WF702"),
        (b"[" * 100_000, "WF705"),
        (b"[" * 150 + b"]" * 150, "WF705"),
        (b'{"n": ' + b"9" * 10_000 + b"}", "WF703"),
        (b'{"n": 1e999999999}', "WF703"),
        (b"nonsense", "WF703"),
        (b"17", "WF707"),
    ],
)
def test_bad_lines_are_located(tmp_path: Path, line: bytes, code: str) -> None:
    good = lines(GOOD).encode()
    traces, problems = read(tmp_path / "r.jsonl", good + line + b"\n" + good)
    assert [t.line for t in traces] == [1, 3]
    assert [(p.code, p.line) for p in problems] == [(code, 2)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (rb'{"messages": "\ud800"}', "surrogate"),
        (rb'{"messages": "\\\ud83d "}', "surrogate"),
        (rb'"\udc00"', "surrogate"),
        (rb'"\ud800\u0041"', "surrogate"),
        (rb'"\\ud800 and', "the middle of a value"),
        (rb'"\ud83d\ude00 and', "the middle of a value"),
        (rb'"\ud800', "the middle of a value"),
    ],
)
def test_half_of_a_surrogate_pair_is_called_so(text: bytes, told: str) -> None:
    with pytest.raises(MalformedError, match=told):
        decode(text)


def test_a_bad_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    traces, problems = read(tmp_path / "r.jsonl", "{\n" + lines(GOOD))
    assert [t.line for t in traces] == [2]
    assert [(p.code, p.line) for p in problems] == [("WF703", 1)]


def test_a_long_line_is_skipped_without_being_kept(tmp_path: Path) -> None:
    long = b'{"x": "' + b"a" * 5_000 + b'"}\n'
    traces, problems = read(
        tmp_path / "r.jsonl", lines(GOOD).encode() + long + lines(GOOD).encode(), limit=2_000
    )
    assert [t.line for t in traces] == [1, 3]
    assert [(p.code, p.line) for p in problems] == [("WF704", 2)]
    assert LINE_LIMIT == 64 * 2**20


def test_documents_of_several_lines(tmp_path: Path) -> None:
    chat = json.dumps(GOOD["messages"], indent=1)
    runs = json.dumps([{"traj": GOOD["messages"], "reward": 1.0}] * 2, indent=1)
    (one,), _ = read(tmp_path / "chat.json", chat)
    assert one.events[3].source is not None
    assert one.events[3].source.pointer == "/2/tool_calls/0"
    two, _ = read(tmp_path / "runs.json", runs)
    assert [t.name.rpartition("#")[2] for t in two] == ["/0", "/1"]
    assert two[1].events[3].source is not None
    assert two[1].events[3].source.pointer == "/1/traj/2/tool_calls/0"
    _, (problem,) = read(tmp_path / "cut.json", runs[:-40])
    assert problem.code == "WF703"


def test_one_message_a_line_is_one_run(tmp_path: Path) -> None:
    (trace,), problems = read(tmp_path / "chat.jsonl", lines(*GOOD["messages"]))
    assert problems == []
    assert [e.source.line for e in trace.events if e.source and e.kind == "call"] == [3]


def test_gzip_and_folders_and_globs(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(GOOD).encode()))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.jsonl").write_text(lines(GOOD))
    (tmp_path / "note.txt").write_text("no trace")
    assert len([i for i in read_traces([tmp_path]) if isinstance(i, Trace)]) == 2
    assert len([i for i in read_traces([str(tmp_path / "*.gz")]) if isinstance(i, Trace)]) == 1
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines(GOOD).encode())[:-12])
    (problem,) = [i for i in read_traces([tmp_path / "c.jsonl.gz"]) if isinstance(i, Problem)]
    assert problem.code == "WF713"


def test_what_is_not_there_or_not_a_trace(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    items = list(read_traces([tmp_path / "nope.jsonl", tmp_path / "empty"]))
    assert [i.code for i in items if isinstance(i, Problem)] == ["WF701", "WF701"]
    _, (problem,) = read(tmp_path / "blank.jsonl", "\n\n")
    assert (problem.code, problem.severity.value) == ("WF711", "warning")
    _, (problem,) = read(tmp_path / "other.jsonl", lines({"a": 1}))
    assert problem.code == "WF706"


def test_native_events(tmp_path: Path) -> None:
    path = tmp_path / "t.wftrace.jsonl"
    answer = {"kind": "result", "seq": 1, "tool": "pay", "call": "c1", "result": 1.125}
    (trace,), problems = read(path, lines(HEADER, EVENT, answer))
    assert problems == []
    assert [e.kind for e in trace.events] == ["call", "result"]
    assert str(trace.events[1].result) == "1.125"
    assert trace.events[1].source is not None
    assert trace.events[1].source.line == 3
    two, _ = read(path, lines(HEADER, {**EVENT, "trace": "x"}, {**EVENT, "trace": "y"}))
    assert [t.name.rpartition("#")[2] for t in two] == ["x", "y"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({**EVENT, "seq": 1}, "WF708"),
        ({**EVENT, "call": "c2"}, "WF712"),
        ({"kind": "result", "seq": 1, "tool": "pay", "call": "zz"}, "WF709"),
        ({"kind": "result", "seq": 1, "tool": "log", "call": "c1"}, "WF709"),
        ({"kind": "jump", "seq": 1}, "WF707"),
        ({"kind": "call", "seq": "1", "tool": "pay"}, "WF707"),
        ({"kind": "call", "seq": 1}, "WF707"),
        ({"kind": "say", "seq": 1, "volume": 3}, "WF707"),
        ({"format": "wftrace", "version": 2}, "WF710"),
    ],
)
def test_defects_of_native_traces(tmp_path: Path, event: object, code: str) -> None:
    traces, problems = read(tmp_path / "t.wftrace.jsonl", lines(HEADER, EVENT, event))
    assert [(p.code, p.line) for p in problems] == [(code, 3)]
    assert all(t.losses for t in traces)


def test_a_missing_header_is_reported(tmp_path: Path) -> None:
    traces, problems = read(tmp_path / "t.wftrace.jsonl", lines(EVENT))
    assert [p.code for p in problems] == ["WF710"]
    assert len(traces) == 1


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_decoder(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode(data)


@given(st.data())
def test_no_mutation_of_a_run_crashes_the_readers(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = bytearray(lines(GOOD, GOOD).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 30))] = data.draw(
            st.sampled_from([b"", b"}", b"\x00", b'"', b"null", b"\xff"])
        )
    path = tmp_path_factory.mktemp("m") / "r.jsonl"
    traces, problems = read(path, bytes(text))
    assert len(traces) + len(problems) >= 1


BLOCKS = [
    {"role": "user", "content": "pay a"},
    {"role": "assistant", "content": [
        {"type": "text", "text": "I pay."}, {"type": "tool_use", "id": "c1", "name": "pay", "input": {"to": "a"}},
    ]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "ok"}]}]},
    {"role": "assistant", "content": [{"type": "text", "text": "done"}]},
]  # fmt: skip
ITEMS = [
    {"role": "user", "content": "pay a"},
    {"type": "reasoning", "id": "r", "summary": []},
    {"type": "function_call", "call_id": "c1", "name": "pay", "arguments": '{"to": "a"}'},
    {"type": "function_call_output", "call_id": "c1", "output": "ok"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
]
PARTS = [
    {"role": "user", "parts": [{"text": "pay a"}]},
    {"role": "model", "parts": [{"functionCall": {"name": "pay", "args": {"to": "a"}}}]},
    {"role": "user", "parts": [{"functionResponse": {"name": "pay", "response": "ok"}}]},
    {"role": "model", "parts": [{"text": "done"}]},
]


@pytest.mark.parametrize("messages", [BLOCKS, ITEMS, PARTS])
def test_calls_that_stand_among_the_content(tmp_path: Path, messages: list[Any]) -> None:
    (trace,), problems = read(tmp_path / "r.jsonl", lines({"messages": messages}))
    assert problems == []
    assert [e.kind for e in trace.events] == ["input", "llm", "call", "result", "llm", "say", "end"]
    assert trace.events[2].arguments == {"to": "a"}
    assert trace.events[3].result == "ok"
    assert trace.events[3].call == trace.events[2].call


def test_a_broken_call_among_the_content_is_located(tmp_path: Path) -> None:
    broken = [
        *BLOCKS[:1],
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "", "input": {}}]},
    ]
    _, problems = read(tmp_path / "r.jsonl", lines({"messages": broken}))
    assert [(p.code, p.pointer) for p in problems] == [("WF707", "/messages/1")]
