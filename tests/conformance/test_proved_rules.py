"""A run that breaks a proved rule without leaving the workflow or breaking an assumption is impossible: runs that try to."""

from __future__ import annotations

from pathlib import Path
from random import Random

import attrs
import pytest
from generators.programs import RandomOracle, generate
from generators.recordings import change

from wfcheck import stdlib
from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.conformance.model import Compiled
from wfcheck.checker.obligation import Limits
from wfcheck.checker.proofs import rests_of
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.replay.blame import UNEXPLAINED
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.replay.rests import Rests
from wfcheck.checker.replay.result import ReplayResult
from wfcheck.checker.tasks import check_program
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core
from wfcheck.dsl.elaboration.elaborate import load


def proofs_of(program: core.Program) -> dict[str, Rests]:
    """What the proofs of the rules rest on."""
    results = check_program(program, limits=Limits(2.0)).results
    by_rule = {r.name: [x for x in results if x.rule == r.name] for r in program.rules}
    return {name: rests for name, found in by_rule.items() if (rests := rests_of(found)).proved}


MODES: tuple[Mode, ...] = ("declared", "values", "context")
"""By `declared` the labels of a run are what the reference interpreter computed; the others are evidence, and may be unsure."""


@pytest.mark.parametrize("seed", range(25))
def test_every_break_of_a_proved_rule_is_explained(seed: int) -> None:
    program, workflow = generate(seed)
    program = attrs.evolve(program, workflows={workflow.symbol: workflow})
    proved = proofs_of(program)
    rules, random = [rule.name for rule in program.rules if rule.name in proved], Random(seed)
    for mode in MODES if rules else ():
        attack(program, workflow, rules, proved, random, 30, mode)


def attack(
    program: core.Program,
    workflow: core.Workflow,
    rules: list[str],
    proved: dict[str, Rests],
    random: Random,
    runs: int,
    mode: Mode = "values",
) -> int:
    """Changed runs against proved rules; how many of them break one."""
    policy, conformance = compile_policy(program, rules), Compiled(program, Tables.of(program))
    broken = 0
    for number in range(runs):
        events = run(program, workflow, RandomOracle(number, program, refusals=0.1)).events
        for _ in range(random.randrange(5) if events else 0):
            events = change(random, events) or events
        judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", events), mode, conformance, proved.get)
        for result in judged.results:
            assert result.reason != UNEXPLAINED, (result, events)
            if result.verdict == "violated":
                broken += 1
                in_order(result)
    return broken


def in_order(result: ReplayResult) -> None:
    assert result.blame is not None
    assert result.manifestation is not None
    assert result.point_of_no_return is not None
    assert result.blame.mark.event <= result.manifestation.event
    assert result.point_of_no_return.event <= result.manifestation.event


SPECS = {
    "approval": """
        principal boss is human
        principal bot is agent
        tool look(id: text) -> bool { effect read  emits nothing  returns {} }
        tool pay(to: text, amount: int) -> bool { effect irreversible  emits nothing  returns {} }
        tool log(id: text) -> bool { effect write  emits nothing  returns {} }
        workflow w(request: text from {user}, urgent: bool from {user}) as bot {
          good = look(id: request)
          if good {
            approve pay(to: request, amount: 3) by boss
            done = pay(to: request, amount: 3)
            if urgent { log(id: request) }
          }
        }
        policy p {
          asked:  require approve(by: boss, shows: args) before pay
          looked: require look(id: _) -> true before pay
          once:   limit count(pay) <= 1 per run
          cheap:  forbid pay when amount > 3
          quiet:  forbid look after pay
          own:    allow bot: look, pay, log
        }""",
    "loop": """
        principal bot is agent
        tool fetch(id: text) -> text { effect read  emits nothing  returns {} }
        tool backup(id: text) -> bool { effect write  emits nothing  returns {}  ensures sure: result }
        tool wipe(id: text) -> bool { effect irreversible  emits nothing  returns {} }
        workflow w(ids: list<text> from {user}) as bot {
          for id in ids {
            kept = backup(id: id)
            if kept { wipe(id: id) }
          }
          retry 2 { fetch(id: "last") } on error { stop }
        }
        policy p {
          kept:  require backup(id: same) -> true before wipe
          known: require input(user) before wipe
          early: forbid wipe after fetch
        }""",
    "labels": """
        influence web
        secrecy pii
        channel out
        principal bot is agent
        tool find(q: text) -> text { effect read  emits nothing  returns {web} }
        tool account(id: text) -> text { effect read  emits nothing  returns {pii} }
        tool note(what: text) -> bool { effect write  emits nothing  returns {} }
        tool pay(to: text, amount: int) -> bool { effect irreversible  emits out (to)  returns {} }
        workflow w(to: text from {user}, q: text from {user}) as bot {
          found = find(q: q)
          mine = account(id: to)
          note(what: found)
          note(what: mine)
          pay(to: to, amount: 3)
          pay(to: to, amount: 4)
        }
        policy p {
          clean:  forbid flow pii -> out
          payee:  require pay.to from only {user}
          steady: require decision of pay from only {user}
          web:    forbid flow web -> pay.to
          budget: limit sum(pay.amount) <= 7 per run
          twice:  limit count(pay) <= 2 per run
        }""",
}


@pytest.mark.parametrize("name", SPECS)
def test_rules_that_changes_break_often(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.wf"
    path.write_text(SPECS[name])
    program, problems = load([path], library=stdlib.load)
    assert not [p for p in problems if p.severity.value == "error"], problems
    proved, workflow = proofs_of(program), program.workflows["w"]
    assert sorted(proved) == sorted(rule.name for rule in program.rules)
    broken = sum(attack(program, workflow, sorted(proved), proved, Random(1), 250, mode) for mode in MODES)
    assert broken > 40
