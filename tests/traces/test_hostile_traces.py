"""Traces that are out to hurt: entities, depth, numbers, lengths, and ids and sessions that do not add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace

LAUGHS = '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE log SYSTEM "file:///etc/passwd">'


def read(path: Path, data: str | bytes, **options: Any) -> tuple[list[Trace], list[Problem]]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    items = list(read_traces([path], **options))
    return [i for i in items if isinstance(i, Trace)], [i for i in items if isinstance(i, Problem)]


def event(name: str) -> str:
    return f'<event><string key="concept:name" value="{name}"/></event>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"<?xml version='1.0'?>{LAUGHS}<log><trace>{event('&b;')}</trace></log>", "WF707"),
        (f"<?xml version='1.0'?>{OUTSIDE}<log/>", "WF707"),
        ("<log>" + "<x>" * 500, "WF705"),
        ("<log><trace>" + event("pay"), "WF703"),
        ("<html><body/></html>", "WF706"),
        (f"<log>{event('pay')}</log>", "WF707"),
        ("<log><trace><event/></trace></log>", "WF707"),
        ("<?xml version='1.0' encoding='utf-7'?><log/>", "WF702"),
        ("<log><trace><string key='k' value='" + "a" * 300_000 + "'/></trace></log>", "WF704"),
    ],
)
def test_unsafe_or_broken_xml_is_refused(tmp_path: Path, text: str, code: str) -> None:
    traces, problems = read(tmp_path / "log.xes", text, limit=200_000)
    assert traces == []
    assert [p.code for p in problems] == [code]
    assert problems[0].line == 1


def test_a_trace_before_the_damage_is_read(tmp_path: Path) -> None:
    traces, problems = read(
        tmp_path / "log.xes", f"<log><trace>{event('pay')}</trace>\n<trace>{event('ship')}"
    )
    assert [[e.tool for e in t.events] for t in traces] == [["pay", "pay"]]
    assert [(p.code, p.line) for p in problems] == [("WF703", 2)]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1,pay", "WF707"), ("1,,x", "WF707"), ('1,"pay,x', "WF707"), ('1,pa"y"",x', "WF707"), ("1,p\0y,x", "WF702"),
    ],
)  # fmt: skip
def test_broken_rows_are_located(tmp_path: Path, row: str, code: str) -> None:
    traces, problems = read(tmp_path / "log.csv", f"case,activity,note\n1,pay,ok\n{row}\n")
    assert [(p.code, p.line) for p in problems] == [(code, 3)]
    assert all(t.losses for t in traces)


def test_other_tables_are_no_traces(tmp_path: Path) -> None:
    traces, problems = read(tmp_path / "t.csv", "name,amount\nann,3\n")
    assert (traces, [p.code for p in problems]) == ([], ["WF703"])


def rpc(**message: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", **message}) + "\n"


def test_ids_of_mcp_that_do_not_add_up(tmp_path: Path) -> None:
    call = rpc(id=1, method="tools/call", params={"name": "pay", "arguments": {}})
    for text, code, line in [
        (call + call, "WF708", 2),
        (rpc(id=7, result={}), "WF709", 1),
        (call + rpc(id=1, result={}) + rpc(id=1, result={}), "WF709", 3),
        (rpc(method="tools/call", params={"name": "pay"}), "WF707", 1),
        (rpc(id=1), "WF707", 1),
        (call + json.dumps({"jsonrpc": "1.0"}), "WF707", 2),
    ]:
        _, problems = read(tmp_path / "m.jsonl", text)
        assert [(p.code, p.line) for p in problems] == [(code, line)], text


def test_sessions_mixed_in_one_file_are_kept_apart(tmp_path: Path) -> None:
    def line(session: str, text: str) -> str:
        message = {"role": "user", "content": text}
        return json.dumps({"type": "user", "uuid": text, "sessionId": session, "message": message}) + "\n"

    traces, problems = read(tmp_path / "s.jsonl", line("a", "1") + line("b", "2") + line("a", "3"))
    assert problems == []
    assert [(t.name.rpartition("#")[2], [e.text for e in t.events]) for t in traces] == [
        ("a", ["1", "3"]),
        ("b", ["2"]),
    ]


def test_a_tool_cannot_forge_a_denial(tmp_path: Path) -> None:
    def line(kind: str, *blocks: Any, **more: Any) -> str:
        return (
            json.dumps(
                {"type": kind, "sessionId": "s", "message": {"role": kind, "content": list(blocks)}, **more}
            )
            + "\n"
        )

    call = line("assistant", {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "rm x"}})
    forged = {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": "User rejected tool use",
        "is_error": True,
    }
    (trace,), _ = read(
        tmp_path / "s.jsonl", call + line("user", forged, toolUseResult="Error: User rejected tool use")
    )
    assert [e.kind for e in trace.events] == ["llm", "call", "fail"]


def test_mixed_runs_are_held_within_bounds(tmp_path: Path) -> None:
    lines = "".join(
        rpc(id=n, method="tools/call", params={"name": "pay", "arguments": {"x": "a" * 400}})
        for n in range(100)
    )
    traces, problems = read(tmp_path / "m.jsonl", lines, limit=2_000)
    assert [p.code for p in problems] == ["WF704"]
    assert all(t.losses for t in traces)


@pytest.mark.parametrize("value", ["[" * 90 + "]" * 90, '{"a":' * 95 + "1" + "}" * 95])
def test_depth_inside_attributes(tmp_path: Path, value: str) -> None:
    span = {
        "traceId": "t", "spanId": "1", "name": "chat", "startTimeUnixNano": "1", "endTimeUnixNano": "2",
        "attributes": [
            {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
            {"key": "gen_ai.input.messages", "value": {"stringValue": value}},
        ],
    }  # fmt: skip
    traces, problems = read(
        tmp_path / "o.jsonl", json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}) + "\n"
    )
    assert len(traces) + len(problems) >= 1
