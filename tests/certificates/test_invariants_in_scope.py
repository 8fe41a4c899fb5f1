"""An invariant that speaks of what is chosen anew at each visit proves nothing, in whatever certificate it stands."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from wfcheck.checker import tasks
from wfcheck.checker.certificate.obligations import under_core
from wfcheck.checker.certificate.recheck import recheck
from wfcheck.checker.certificate.writing import Writer
from wfcheck.checker.obligation import Limits, proved
from wfcheck.checker.product import engine
from wfcheck.checker.product.compose import terms_in
from wfcheck.checker.proof import Inductive
from wfcheck.dsl.elaboration import elaborate
from wfcheck.solver import build as b
from wfcheck.solver import second
from wfcheck.solver.backend import solve
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, symbols
from wfcheck.solver.transition import Invariant, System, conditions
from wfcheck.solver.verdict import Unsat
from wfcheck.stdlib import load

TEXT = """
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
tool note() { effect write  emits nothing  returns {} }
tool look() -> bool { effect read  emits nothing  returns {} }
workflow w(n: int from {user}) once per session {
  i = 0
  repeat while i < n {
    seen = look()
    if seen { note() } else { pay(amount: 1) }
    i = i + 1
  }
}
policy p for w { r: forbid pay after note }
"""


def _loop(system: System) -> str:
    return next(place for place in system.segments if place != system.start)


def _forged(system: System) -> list[Invariant]:
    """`armed implies input`, for each truth value that the loop chooses anew in every round."""
    place = _loop(system)
    (armed,) = (v for v in system.variables[place] if v.sort is Sort.BOOL)
    inputs = set(symbols(terms_in(system.segments[place]))) - {*system.variables[place], *system.rigid}
    flags = sorted((s for s in inputs if s.sort is Sort.BOOL), key=_name)
    return [{place: b.implies(armed, flag)} for flag in flags]


def _name(symbol: Symbol) -> str:
    return symbol.name


@pytest.mark.skipif(not second.available(), reason="cvc5 is not installed")
def test_an_input_is_not_the_same_at_every_visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("case.wf").write_text(TEXT)
    made = elaborate.load_all(["case.wf"], library=load)
    (rule,) = made.program.rules
    analysis = tasks.analysis_of(made.program, Limits(10.0))
    case = under_core(analysis, made.program.workflows["w"], rule, ())
    product = engine.product(case, rule)
    assert isinstance(product, engine.Product)
    forged = _forged(product.system)
    assert forged
    for number, invariant in enumerate(forged):
        proof = Inductive(product.system, invariant, product.rests_on)
        finding = attrs.evolve(proved(*product.rests_on, proof=proof), cores=((),))
        writer = Writer(Path(f"certificates{number}"), ("case.wf",), (), made.sources, "1")
        written = writer(case, rule.name, tasks.proof_of(rule, rule.name), finding)
        assert written is not None
        assert recheck(Path(written), "1").status == "refuted"


def test_conditions_refuse_what_no_place_can_know(tmp_path: Path) -> None:
    path = tmp_path / "case.wf"
    path.write_text(TEXT)
    program, _ = elaborate.load([path], library=load)
    (rule,) = program.rules
    case = tasks.Case(tasks.analysis_of(program, Limits(10.0)), program.workflows["w"], rule)
    product = engine.product(case, rule)
    assert isinstance(product, engine.Product)
    for invariant in _forged(product.system):
        answers = [solve(c.formula, c.assumptions) for c in conditions(product.system, invariant)]
        assert not all(isinstance(answer, Unsat) for answer in answers)
