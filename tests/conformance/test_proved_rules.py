"""A run that breaks a proved rule without leaving the workflow or breaking an assumption is impossible: runs that try to."""

from __future__ import annotations

from random import Random

import attrs
import pytest
from generators.programs import RandomOracle, generate
from generators.recordings import change

from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.conformance.model import Compiled
from wfcheck.checker.obligation import Limits
from wfcheck.checker.pipeline import check_program
from wfcheck.checker.proofs import rests_of
from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.replay.blame import UNEXPLAINED
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.replay.rests import Rests
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core

ORDER = (core.Allow, core.Before, core.Forbid)


def proofs_of(program: core.Program) -> dict[str, Rests]:
    """What the proofs of the rules about the order of events rest on."""
    results = check_program(program, limits=Limits(2.0)).results
    by_rule = {r.name: [x for x in results if x.rule == r.name] for r in program.rules}
    return {name: rests for name, found in by_rule.items() if (rests := rests_of(found)).proved}


def only_order(program: core.Program, workflow: core.Workflow) -> core.Program:
    rules = tuple(rule for rule in program.rules if isinstance(rule.body, ORDER))
    return attrs.evolve(program, rules=rules, workflows={workflow.symbol: workflow})


@pytest.mark.parametrize("seed", range(25))
def test_every_break_of_a_proved_rule_is_explained(seed: int) -> None:
    program, workflow = generate(seed)
    program = only_order(program, workflow)
    proved = proofs_of(program)
    rules, random = [rule.name for rule in program.rules if rule.name in proved], Random(seed)
    policy, conformance = compile_policy(program, rules), Compiled(program, Tables.of(program))
    for number in range(60 if rules else 0):
        events = run(program, workflow, RandomOracle(number, program)).events
        for _ in range(random.randrange(4) if events else 0):
            events = change(random, events) or events
        judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", events), "values", conformance, proved.get)
        for result in judged.results:
            assert result.reason != UNEXPLAINED, (result, events)
            if result.verdict == "violated":
                assert result.blame is not None
                assert result.manifestation is not None
                assert result.point_of_no_return is not None
                assert result.blame.mark.event <= result.manifestation.event
                assert result.point_of_no_return.event <= result.manifestation.event
