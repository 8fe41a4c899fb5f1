"""Signs of trouble: each is seen, and none is seen where nothing is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.checker.triage.signals import Signal, signals_of
from wfcheck.cli.main import main


def trace(*steps: tuple[str, Any], agent: str | None = None) -> Trace:
    """`("tool", arguments)` calls and returns, `("tool!", arguments)` calls and fails, `("tool?", ...)` never returns."""
    events: list[Event] = []
    for word, value in steps:
        tool = word.rstrip("!?")
        if tool in ("say", "end", "input"):
            events.append(Event(kind=tool, seq=len(events), decision=value))  # type: ignore[arg-type]
            continue
        call = f"c{len(events)}"
        events.append(
            Event(kind="call", seq=len(events), tool=tool, call=call, args_requested=value, agent=agent)
        )
        if not word.endswith("?"):
            kind = "fail" if word.endswith("!") else "result"
            events.append(Event(kind=kind, seq=len(events), tool=tool, call=call))  # type: ignore[arg-type]
    return Trace("t", "f", 1, "test", tuple(events))


A, B = {"x": 1}, {"x": 2}
END = ("end", None)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("get", A)] * 3, [("repeated", 0, 4, 3)]),
        ([("get", A)] * 5, [("repeated", 0, 8, 5)]),
        ([("get", A), ("get", A), ("get", B), ("get", A)], []),
        ([("get", A), ("put", A), ("get", A), ("put", A)], [("oscillating", 0, 6, 4)]),
        ([("get", A), ("get", B), ("get", A), ("get", B), ("get", A)], [("oscillating", 0, 8, 5)]),
        ([("get", A), ("put", A), ("get", A)], []),
        ([("find", {"q": f"invoice {n}", "top": 3}) for n in range(5)], [("drifting", 0, 8, 5)]),
        ([("find", {"q": f"invoice from ann {n}"}) for n in range(4)], []),
        ([("read", {"file": name}) for name in ("pay.py", "notes", "README.md", "x/y", "bill")], []),
        ([("get!", A), ("put!", A), ("ask!", A)], [("failing", 1, 5, 3)]),
        ([("get!", A), ("put", A), ("ask!", A), ("get!", B)], []),
        ([("get", A), ("end", "exit_cost")], [("exhausted", 2, 2, 1)]),
        ([("get", A), ("end", "submitted")], []),
        ([("get!", A), ("say", None)], [("unverified", 0, 2, 1)]),
        ([("get?", A), END], [("unverified", 0, 1, 1)]),
        ([("get!", A), ("get", A), END], []),
        ([("get?", A)], []),
        ([], []),
    ],
)
def test_signs(steps: list[tuple[str, Any]], expected: list[tuple[str, int, int, int]]) -> None:
    assert [(s.kind, s.first, s.last, s.count) for s in signals_of(trace(*steps))] == expected


def test_agents_are_looked_at_apart() -> None:
    calls = [
        Event(kind="call", seq=n, tool="get", call=f"c{n}", args_requested=A, agent="ann" if n % 2 else "bob")
        for n in range(6)
    ]
    kinds = [(s.kind, s.count) for s in signals_of(Trace("t", "f", 1, "test", tuple(calls)))]
    assert kinds == [("repeated", 3), ("repeated", 3)]


STEPS = st.tuples(st.sampled_from(["get", "put", "get!", "put?", "say", "end"]), st.sampled_from([A, B]))


@given(st.lists(STEPS, max_size=30))
def test_signs_lie_within_the_run_and_count_what_they_say(steps: list[tuple[str, Any]]) -> None:
    made = trace(*((word, None if word in ("say", "end") else value) for word, value in steps))
    for sign in signals_of(made):
        assert isinstance(sign, Signal)
        assert 0 <= sign.first <= sign.last < len(made.events)
        if sign.kind == "repeated":
            calls = [e for e in made.events[sign.first : sign.last + 1] if e.kind == "call"]
            assert len(calls) == sign.count >= 3
            assert len({(e.tool, str(e.args_requested)) for e in calls}) == 1


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.wftrace.jsonl"
    lines = [{"format": "wftrace", "version": 1}]
    lines += [{"kind": "call", "seq": n, "tool": "g\x1b[31m", "args_requested": A} for n in range(3)]  # type: ignore[dict-item]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["triage", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "repeated" in shown
    assert "\x1b" not in shown
    assert main(["triage", "--output-format", "json", str(path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "wfcheck.triage/1"
    assert [s["signal"] for s in report["signals"]] == ["repeated"]
    assert report["signals"][0]["source"]["line"] == 2
    path.write_text("{\n")
    assert main(["triage", str(path)]) == 2
    assert main(["triage", "--lenient", str(path)]) == 0
    assert "1 problem skipped" in capsys.readouterr().out


def test_a_replay_without_rules_shows_signs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, path = tmp_path / "tools.wf", tmp_path / "t.wftrace.jsonl"
    spec.write_text("tool get(x: int) -> text { effect read  emits nothing  returns {} }\n")
    lines = [{"format": "wftrace", "version": 1}]
    lines += [{"kind": "call", "seq": n, "tool": "get", "args_requested": A} for n in range(3)]  # type: ignore[dict-item]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["replay", str(spec), str(path)]) == 0
    assert "repeated  get" in capsys.readouterr().out
    spec.write_text(spec.read_text() + "policy p { few: limit count(get) <= 3 per run }\n")
    assert main(["replay", str(spec), str(path)]) == 0
    assert "repeated" not in capsys.readouterr().out
