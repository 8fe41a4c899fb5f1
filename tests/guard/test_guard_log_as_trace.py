"""The decision log of a guard is a trace: just what happened, and nothing of a log that was touched."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

import wfcheck
from wfcheck.checker.guard.guard import Guard
from wfcheck.checker.guard.log import decoded, encoded
from wfcheck.checker.guard.policy import GuardPolicy
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace

HERE = Path(__file__).parent
ATTEMPTS = {"call", "say", "release", "end"}


def _host(guard: Guard, seed: int) -> Any:
    spec = importlib.util.spec_from_file_location("scenes", HERE / "scenes.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Host(guard, seed)


@pytest.fixture(scope="module")
def policy() -> GuardPolicy:
    program = wfcheck.load(HERE / "guarded.wf").program
    few = ("order.approved", "order.count", "order.armed", "grants.allow-clerk", "order.kept")
    return GuardPolicy.of(program, None, [r.name for r in program.rules if r.name not in few])


def _read(log: Path) -> tuple[list[Trace], list[Problem]]:
    items = list(read_traces([log]))
    return [i for i in items if isinstance(i, Trace)], [i for i in items if isinstance(i, Problem)]


def _bare(event: Event) -> Event:
    return msgspec.structs.replace(decoded(encoded(event)), seq=0, source=None)


@pytest.mark.parametrize("seed", range(12))
def test_a_log_holds_what_happened(policy: GuardPolicy, tmp_path: Path, seed: int) -> None:
    log = tmp_path / "decisions.jsonl"
    with Guard(policy, log, "written", state_every=25) as guard:
        host = _host(guard, seed)
        host.run(60)
    (trace,), problems = _read(log)
    assert problems == []
    assert trace.format == "wfguard"
    assert [_bare(e) for e in trace.events] == [_bare(e) for e in host.trace]
    assert [e.seq for e in trace.events] == list(range(len(trace.events)))
    lines = log.read_bytes().splitlines()
    for event in trace.events:
        assert event.source is not None
        assert b'"event":' in lines[event.source.line - 1]
    for result in judge_trace(policy.compiled(), trace).results:
        assert not [m for m in result.breaks if trace.events[m.event].kind in ATTEMPTS], result.rule


def test_damage_is_located(policy: GuardPolicy, tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    with Guard(policy, log, "written", state_every=25) as guard:
        _host(guard, 3).run(40)
    whole = log.read_bytes()
    rng = random.Random(4)
    starts = [0, *(at + 1 for at, byte in enumerate(whole[:-1]) if byte == 10)]
    for at in rng.sample(range(len(whole) - 1), 120):
        log.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        traces, problems = _read(log)
        line = max(number for number, start in enumerate(starts, 1) if start <= at)
        if line > 1:
            assert traces == [], at
            assert problems[0].line in (line, line + 1)
        assert problems
    lines = whole.splitlines(keepends=True)
    for made in ([*lines[:5], *lines[6:]], [*lines[:5], lines[6], lines[5], *lines[7:]], lines[1:]):
        log.write_bytes(b"".join(made))
        assert _read(log)[1]


def test_a_line_that_was_cut_off_is_a_loss(policy: GuardPolicy, tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    with Guard(policy, log, "written") as guard:
        _host(guard, 5).run(30)
    whole = log.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for cut in (2, 40, len(last) - 3):
        log.write_bytes(whole[:-cut])
        (trace,), problems = _read(log)
        assert problems == []
        assert "cut off" in trace.losses[0]
        assert {r.verdict for r in judge_trace(policy.compiled(), trace).results} <= {
            "violated",
            "insufficient",
        }
