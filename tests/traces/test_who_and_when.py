"""Logs of Who&When: who speaks, what the terminal runs, and what it only remarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace

CODE = "Try this.\n```python\nprint(1)\n```\nand\n```sh\nls\n```"


def read(tmp_path: Path, *history: Any) -> Trace:
    file = tmp_path / "1.json"
    file.write_text(json.dumps({"question": "How many?", "mistake_step": "0", "history": list(history)}))
    (trace,) = read_traces([file])
    assert isinstance(trace, Trace)
    return trace


def said(name: str, content: str, role: str = "assistant") -> dict[str, str]:
    return {"name": name, "content": content, "role": role}


def kinds(trace: Trace) -> list[str]:
    return [e.kind for e in trace.events]


@pytest.mark.parametrize(("code", "kind"), [(0, "result"), (1, "fail"), (124, "fail"), (-9, "fail")])
def test_the_exit_code_tells_how_it_went(tmp_path: Path, code: int, kind: str) -> None:
    trace = read(
        tmp_path, said("A", CODE), said("Computer_terminal", f"exitcode: {code} (..)\nCode output: 1")
    )
    assert kinds(trace) == ["input", "llm", "call", kind]
    call = trace.events[2]
    assert (call.agent, call.arguments) == ("A", {"code": "print(1)\n\nls\n"})
    assert call.source is not None
    assert call.source.pointer == "/history/0"


def test_code_that_nobody_ran_is_no_call(tmp_path: Path) -> None:
    remark = said("Computer_terminal", "There is no code from the last message for me to execute.")
    assert kinds(read(tmp_path, said("A", CODE), said("B", "Fine."), remark)) == [
        "input",
        "llm",
        "llm",
        "message",
    ]
    assert kinds(read(tmp_path, said("A", CODE))) == ["input", "llm"]


def test_output_without_code_is_a_remark(tmp_path: Path) -> None:
    trace = read(
        tmp_path, said("A", "I run it."), said("Computer_terminal", "exitcode: 0 (..)\nCode output:")
    )
    assert kinds(trace) == ["input", "llm", "message"]


def test_logs_without_names_are_told_apart_by_role(tmp_path: Path) -> None:
    trace = read(
        tmp_path,
        {"role": "human", "content": "How many?"},
        {"role": "Orchestrator (thought)", "content": "A plan."},
        {"role": "WebSurfer", "content": "A page."},
    )
    assert [(e.kind, e.agent) for e in trace.events[1:]] == [
        ("input", None),
        ("llm", "Orchestrator (thought)"),
        ("llm", "WebSurfer"),
    ]
    assert trace.completeness["end"] == "absent"


@pytest.mark.parametrize(
    "entry", [3, {"role": "A"}, {"content": "x"}, {"role": 1, "content": "x"}, {"role": "A", "content": None}]
)
def test_an_entry_of_another_shape_is_said(tmp_path: Path, entry: Any) -> None:
    file = tmp_path / "1.json"
    file.write_text(json.dumps({"question": "?", "is_correct": False, "history": [entry]}))
    (problem,) = read_traces([file])
    assert isinstance(problem, Problem)
    assert (problem.code, problem.pointer) == ("WF707", "/history/0")
