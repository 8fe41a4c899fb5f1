"""Two runs: where they part, whether they meet again, and what they were told before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfcheck.checker.tracediff.compare import compare
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.cli.main import main


def trace(*steps: str) -> Trace:
    """`get 1` calls and gets `ok`; `get 1 -> no` gets `no`; `llm x`, `say x` and `end` are themselves."""
    events: list[Event] = []
    for step in steps:
        words, _, result = step.partition(" -> ")
        tool, _, value = words.partition(" ")
        if tool in ("llm", "say", "end"):
            events.append(Event(kind=tool, seq=len(events), text=value or None))  # type: ignore[arg-type]
            continue
        call = f"c{len(events)}"
        events.append(Event(kind="call", seq=len(events), tool=tool, call=call, args_requested={"x": value}))
        events.append(Event(kind="result", seq=len(events) + 1, tool=tool, call=call, result=result or "ok"))
    return Trace("t", "f", 1, "test", tuple(events))


@pytest.mark.parametrize(
    ("a", "b", "kind", "agreed", "parting"),
    [
        (["get 1", "say a", "end"], ["llm hm", "get 1", "say b", "end"], "same", 3, (None, None)),
        (["get 1", "pay 1", "end"], ["get 1", "pay 2", "end"], "silent", 1, ("pay", "pay")),
        (["get 1", "pay 1", "end"], ["get 1", "log 1", "pay 1", "end"], "detour", 1, ("pay", "log")),
        (["get 1", "a 1", "b 1", "pay 1"], ["get 1", "c 1", "pay 1"], "detour", 1, ("a", "c")),
        (["get 1", "pay 1", "end"], ["get 1", "ship 1", "end"], "structural", 1, ("pay", "ship")),
        (["get 1", "pay 1"], ["get 1"], "structural", 1, ("pay", None)),
        (["pay 1"], [], "structural", 0, ("pay", None)),
        ([], [], "same", 0, (None, None)),
    ],
)
def test_kinds(
    a: list[str], b: list[str], kind: str, agreed: int, parting: tuple[str | None, str | None]
) -> None:
    found = compare(trace(*a), trace(*b))
    assert (found.kind, found.agreed) == (kind, agreed)
    told = tuple(None if s.diverging is None else s.diverging.event.tool for s in (found.a, found.b))
    assert told == parting
    assert (found.a.rejoining is not None) == (kind == "detour") == (found.b.rejoining is not None)


def test_a_detour_says_where_the_runs_meet_again() -> None:
    found = compare(trace("get 1", "pay 1", "end"), trace("get 1", "log 1", "pay 1", "end"))
    assert found.a.rejoining is not None
    assert found.b.rejoining is not None
    assert (found.a.rejoining.event.tool, found.b.rejoining.event.tool) == ("pay", "pay")
    assert (found.a.rejoining.index, found.b.rejoining.index) == (2, 4)


def test_what_was_told_otherwise_before() -> None:
    found = compare(trace("get 1 -> 900", "pay 900"), trace("get 1 -> 800", "pay 800"))
    assert found.a.told is not None
    assert found.b.told is not None
    assert (found.a.told.event.result, found.b.told.event.result) == ("900", "800")
    found = compare(trace("get 1", "pay 900"), trace("get 1", "pay 800"))
    assert (found.a.told, found.b.told) == (None, None)


STEPS = st.lists(st.sampled_from(["get 1", "get 2", "pay 1", "say a", "llm x", "end"]), max_size=12)


@given(STEPS, STEPS)
def test_comparing_is_symmetric_and_a_run_is_the_same_as_itself(a: list[str], b: list[str]) -> None:
    one, other = trace(*a), trace(*b)
    there, back = compare(one, other), compare(other, one)
    assert (there.kind, there.agreed) == (back.kind, back.agreed)
    assert (there.a.diverging, there.b.diverging) == (back.b.diverging, back.a.diverging)
    assert compare(one, one).kind == "same"


def write(path: Path, *texts: Any) -> str:
    path.write_text("".join(json.dumps({"messages": text}) + "\n" for text in texts))
    return str(path)


def run(amount: int) -> list[dict[str, Any]]:
    call = {"id": "c", "function": {"name": "pay\x1b[2J", "arguments": json.dumps({"amount": amount})}}
    return [
        {"role": "user", "content": "pay"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "ok"},
        {"role": "assistant", "content": "done"},
    ]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, many = write(tmp_path / "a.jsonl", run(1)), write(tmp_path / "b.jsonl", run(1), run(2))
    assert main(["tracediff", one, one]) == 0
    assert capsys.readouterr().out.startswith("same: ")
    assert main(["tracediff", one, f"{many}#2"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("silent: ")
    assert "\x1b" not in shown
    assert "a.jsonl:1" in shown
    assert main(["tracediff", one, f"{many}#2", "--output-format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["schema"], report["kind"]) == ("wfcheck.tracediff/1", "silent")
    assert report["b"]["diverging"]["arguments"] == {"amount": 2}
    assert report["b"]["diverging"]["source"]["line"] == 2


@pytest.mark.parametrize("name", ["b.jsonl", "b.jsonl#7", "nope.jsonl", "bad.jsonl"])
def test_what_is_not_one_run_is_bad_input(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write(tmp_path / "a.jsonl", run(1))
    write(tmp_path / "b.jsonl", run(1), run(2))
    (tmp_path / "bad.jsonl").write_text("{\n")
    assert main(["tracediff", one, str(tmp_path / name)]) == 2
    assert "error" in capsys.readouterr().err
