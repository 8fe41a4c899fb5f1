"""The report of a replay: verdicts, places in the input, causes, undeclared tools, skips and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wfcheck import stdlib
from wfcheck.checker.replay.run import replay
from wfcheck.dsl.core import Program
from wfcheck.dsl.elaboration.elaborate import load


@pytest.fixture(scope="module")
def program() -> Program:
    return load([Path(__file__).parent / "bank.wf"], library=stdlib.load)[0]


def run(to: str, said: str = "pay Ann", tool: str = "pay") -> dict[str, Any]:
    call = {"id": "x", "function": tool, "args": {"to": to, "amount": 1}}
    return {
        "messages": [
            {"role": "user", "content": said + " 1"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "x", "content": '{"id": "i", "echo": "e"}'},
            {"role": "assistant", "content": "done"},
        ]
    }


def write(path: Path, *runs: object) -> Path:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in runs))
    return path


def test_marks_lead_back_to_the_input(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "runs.jsonl", run("Ann"), run("XX99000011112222"))
    report = replay(program, [path], rules=["pay_rules.payee"])
    assert [(r.trace.rpartition("#")[2], r.verdict) for r in report.results] == [
        ("1", "holds"),
        ("2", "violated"),
    ]
    shown = report.results[1].json()
    assert shown["manifestation"] == {
        "event": 2,
        "source": {"file": str(path), "line": 2, "pointer": "/messages/1/tool_calls/0"},
    }
    assert shown["blame"]["event"] == 2
    assert shown["blame"]["why"] == "`to` was invented"
    assert shown["provenance"] == "values"
    assert report.exit_code == 1


def test_causes_group_failing_traces(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "runs.jsonl", run("XX99000011112222"), run("Ann"), run("YY99000011112222"))
    report = replay(program, [path], rules=["pay_rules.*"])
    (cause,) = [c for c in report.causes if c.rule == "pay_rules.payee"]
    assert (cause.cause, cause.traces, cause.first) == ("`to` was invented", 2, f"{path}#1")
    assert report.summary["failing_traces"] == 2


def test_undeclared_tools_are_findings(program: Program, tmp_path: Path) -> None:
    report = replay(program, [write(tmp_path / "r.jsonl", run("Ann", tool="wire"))])
    (found,) = report.undeclared
    assert (found.tool, found.calls, found.mark.event) == ("wire", 1, 2)


def test_bad_lines_are_diagnostics_or_counted_skips(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", run("Ann"), "{", run("Ann"))
    strict = replay(program, [path], rules=["pay_rules.payee"])
    assert [(d.code, d.span.line if d.span else 0) for d in strict.diagnostics] == [("WF703", 2)]
    assert (strict.traces, strict.exit_code) == (2, 2)
    lenient = replay(program, [path], rules=["pay_rules.payee"], lenient=True)
    assert [(s.code, s.line) for s in lenient.skipped] == [("WF703", 2)]
    assert lenient.exit_code == 3


def test_what_was_not_read_is_not_said_to_hold(program: Program, tmp_path: Path) -> None:
    broken = run("Ann")
    broken["messages"].insert(1, {"role": "nobody"})
    report = replay(program, [write(tmp_path / "r.jsonl", broken)], rules=["pay_rules.payee"], lenient=True)
    (result,) = report.results
    assert result.verdict == "insufficient"
    assert result.reason is not None
    assert "not read completely" in result.reason


def test_two_replays_are_equal(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", run("Ann"), run("XX99000011112222"))
    assert replay(program, [path]).json() == replay(program, [path]).json()


DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "agentdojo" / "runs"


@pytest.mark.skipif(not DATA.is_dir(), reason="the recorded runs are not here")
def test_recorded_runs_are_read_without_an_error(program: Program) -> None:
    report = replay(program, sorted(DATA.glob("*.jsonl")), rules=["pay_rules.payee"])
    assert report.traces == 1172
    assert [d for d in report.diagnostics if d.severity.value == "error"] == []
