"""Runs of random programs on the reference interpreter: the monitors say of their events what the definition says."""

from __future__ import annotations

import pytest
from generators.programs import RandomOracle, generate

from wfcheck.checker.reference.interpreter import run_sessions
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core

LABELS = (core.Flow, core.FromOnly, core.Decision)


@pytest.mark.parametrize("seed", range(80))
def test_monitors_agree_on_interpreted_runs(seed: int) -> None:
    program, workflow = generate(seed)
    entries = [(workflow, RandomOracle(seed + n, program)) for n in range(2)]
    events = tuple(run_sessions(program, entries).events)
    policy = compile_policy(program)
    judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", events)).results
    for rule, result in zip(program.rules, judged, strict=True):
        if isinstance(rule.body, LABELS):
            continue
        naive = breaks(program, rule, events, workflow)
        assert tuple(mark.event for mark in result.breaks) == naive.broken, (rule, naive)
        if not naive.broken:
            assert (result.verdict == "insufficient") == bool(naive.unknown), (rule, naive, result.reason)
