"""Runs of tau-bench: what its environment reports as an error is a failure, in that format alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Trace

CALL = {"id": "1", "type": "function", "function": {"name": "book", "arguments": '{"seat": 3}'}}
MESSAGES = [
    {"role": "user", "content": "Seat 3, please."},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "1", "name": "book", "content": "Error: seat 3 is taken"},
    {"role": "assistant", "content": "It is taken."},
]


@pytest.mark.parametrize(("key", "kind"), [("traj", "fail"), ("messages", "result")])
def test_an_error_is_a_failure_in_a_run_of_tau_bench(tmp_path: Path, key: str, kind: str) -> None:
    file = tmp_path / "runs.json"
    file.write_text(json.dumps([{"task_id": 0, "reward": 0.0, key: MESSAGES}]))
    (trace,) = read_traces([file])
    assert isinstance(trace, Trace)
    assert [e.kind for e in trace.events] == ["input", "llm", "call", kind, "llm", "say", "end"]
    answer = trace.events[3]
    assert (answer.error or answer.result) == "Error: seat 3 is taken"
