"""The readers on recorded runs of others: none of them crashes, and as much is read as is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared data at {DATA}")
COUNTS = {  # folder: format, traces, and a floor for events
    "claude-code-transcripts/simonw": ("claude-code", 2, 50),
    "framework-traces": ("langfuse", 20, 200),
    "otel-and-exports/google-adk": ("google-adk", 7, 70),
    "otel-and-exports/openai-agents-run-state": ("openai-agents-state", 36, 45),
    "process-mining": ("xes", 6, 80),
    "swe-agent": ("swe-agent", 8, 270),
    "tau-bench": ("openai", 200, 7700),
}


@pytest.mark.parametrize("folder", COUNTS)
def test_recorded_runs_are_read(folder: str) -> None:
    shown, count, floor = COUNTS[folder]
    items = list(read_traces([DATA / folder]))
    traces = [i for i in items if isinstance(i, Trace) and i.format == shown]
    assert len(traces) == count
    assert sum(len(t.events) for t in traces) >= floor


def test_whatever_else_lies_there_is_refused_with_its_place() -> None:
    for path in sorted(p for p in DATA.rglob("*") if p.is_file() and p.parts[-2] != "runs"):
        for item in read_traces([path], lenient=True):
            assert not isinstance(item, Problem) or item.line is not None or item.code == "WF711"
            assert not isinstance(item, Trace) or all(e.source is not None for e in item.events)


def test_a_framework_trace_is_told_as_it_was() -> None:
    (path,) = (DATA / "framework-traces").glob("openai-agents-*.trace.json")
    (trace,) = (i for i in read_traces([path]) if isinstance(i, Trace))
    told = [(e.kind, e.tool) for e in trace.events]
    assert told == [
        ("input", None), ("llm", None), ("call", "get_weather"), ("result", "get_weather"), ("llm", None), ("say", None),
        ("end", None),
    ]  # fmt: skip
    assert trace.events[2].args_requested == trace.events[2].args_executed == {"city": "Tokyo"}
