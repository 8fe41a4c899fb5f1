"""Every run of the reference interpreter is a run of the flowchart: the same events in the same order, with the same arguments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from generators.programs import RandomOracle
from product.bounded import reached
from product.following import Following, followed
from symbolic.random_programs import sample

from wfcheck.checker.labels.analysis import Labelling, analyse
from wfcheck.checker.product import loops as product_loops
from wfcheck.checker.product import regions as product_regions
from wfcheck.checker.product import retries as product_retries
from wfcheck.checker.product.compose import compose
from wfcheck.checker.product.cone import reduced
from wfcheck.checker.product.drafts import Place
from wfcheck.checker.product.flowchart import Flowchart
from wfcheck.checker.product.segments import flowchart
from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.reference.oracle import Act, Admissible, AskUser, CallTool, Finish, SayText
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.walk import statements
from wfcheck.solver.verdict import Unsat
from wfcheck.stdlib import load

MOST = 12
DEPTH = 11


def _chart(program: core.Program, workflow: core.Workflow, labelling: Labelling) -> Flowchart | None:
    """None: with parallel branches, whose events have no one order."""
    if any(isinstance(s, core.Parallel) for s in statements(workflow.body)):
        return None
    return flowchart(program, labelling, workflow)


class Helping(RandomOracle):
    """Its agents act within what the agent `helper` may do."""

    def agent(self, site: str, instance: int, step: int, region: core.Agent, admissible: Admissible) -> Act:
        if region.step != "helper":
            return super().agent(site, instance, step, region, admissible)
        acts: list[Act] = [
            CallTool("pay", {"amount": 3}),
            SayText("so"),
            AskUser("so?"),
            Finish(4),
            Finish(0),
        ]
        return Random(f"{self.seed} {site} {instance} {step}").choice(acts)


def _missed(seeds: range, runs: int = 2, **chances: float) -> Iterator[str]:
    """Runs that the chart does not have."""
    for seed in seeds:
        program, workflow, labelling = sample(seed)
        chart = _chart(program, workflow, labelling)
        if chart is not None:
            yield from (f"seed {seed}: {m}" for m in _unfollowed(program, chart, seed, runs, chances))


def _unfollowed(
    program: core.Program, chart: Flowchart, seed: int, runs: int, chances: dict[str, float]
) -> Iterator[int]:
    for number in range(seed * 10, seed * 10 + runs):
        oracle = Helping(number, program, **chances)
        done = run(program, chart.workflow, oracle, fuel=120)
        seen = followed(done.events)
        left = any(breach.rule == "assumption" for breach in done.breaches)
        if seen and len(seen) <= MOST and not left:
            system = reduced(compose(chart, Following(program, seen)))
            if isinstance(reached(system, DEPTH), Unsat):
                yield number


def test_random_workflows() -> None:
    assert list(_missed(range(30))) == []


HEAD = """
principal boss is human
principal clerk is agent
tool pay(amount: int) -> int { effect irreversible emits nothing returns {} }
tool look() -> int { effect read emits nothing returns {} }
workflow inner(most: int) as clerk -> int {
  n = 0
  repeat while n < most {
    got = look()
    if got > 3 { return got }
    n = n + 1
  }
  return n
}
workflow w(n: int from {user}, xs: list<int> from {user}) {
"""

BODIES = {
    "branch": """
  base = 1
  if n > 2 { for x in xs { say "x" } base = 2 } else { approve pay(amount: n) by boss else { for x in xs { pay(amount: x) } base = 3 } }
  pay(amount: base)""",
    "retry": """
  last = 7
  retry 4 {
    last = look()
    for x in xs { last = look() }
    pay(amount: last)
  } on error { pay(amount: last) }
  pay(amount: last)""",
    "nested retry": """
  retry 2 { retry 3 { retry 2 { pay(amount: n) } } on error { pay(amount: 0) } look() }
  pay(amount: 1)""",
    "scope": """
  total = inner(most: n)
  pay(amount: total)""",
    "loop": """
  i = 0
  total = 0
  repeat max 3 while i < n {
    if i == 1 { total = i + 5 }
    pay(amount: total)
    i = i + 1
  }
  pay(amount: i)""",
    "agent": """
  done = agent helper(n) as clerk may { pay when amount > 2, say, ask } max 3 steps -> int
  match done > 2 { case true { say "big" } case false { for x in [1, 2] { pay(amount: x) } } }
  pay(amount: done)""",
}


def _drawn(body: str, tmp_path: Path) -> tuple[core.Program, Flowchart]:
    path = tmp_path / "w.wf"
    path.write_text(HEAD + BODIES[body] + "\n}\n")
    program, found = elaborate.load([path], policies=(), library=load)
    assert not [d for d in found if d.severity is Severity.ERROR], found
    return program, flowchart(program, analyse(program), program.workflows["w"])


@pytest.mark.parametrize("body", BODIES)
def test_each_kind_of_place(body: str, tmp_path: Path) -> None:
    program, chart = _drawn(body, tmp_path)
    for failures in (0.1, 0.5):
        assert list(_unfollowed(program, chart, 1, 5, {"failures": failures})) == []


def _forgets(place: Place, *_: object) -> None:
    """No move at all."""


MUTANTS = {
    "no round goes back": ("loop", product_loops, "_round", _forgets),
    "a failed attempt is forgotten": ("retry", product_retries, "_failed", _forgets),
    "a return is forgotten": ("scope", product_regions, "_return", lambda _, m, *__: m.walk.returned.pop()),
    "a failed attempt keeps its bindings": ("retry", product_retries, "_undone", lambda *_: {}),
    "what a loop changes is kept": ("loop", product_loops, "assigned", lambda _: frozenset()),
    "what a branch changes is kept": ("branch", product_regions, "assigned", lambda _: frozenset()),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_chart_is_noticed(mutant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body, owner, name, replacement = MUTANTS[mutant]
    monkeypatch.setattr(owner, name, replacement)
    program, chart = _drawn(body, tmp_path)
    missed = (m for f in (0.5, 0.1) for m in _unfollowed(program, chart, 1, 30, {"failures": f}))
    assert next(missed, None) is not None
