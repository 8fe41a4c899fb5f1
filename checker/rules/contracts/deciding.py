"""What all rules about contracts share: places at which something may be broken, decided in one question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from wfcheck.checker.obligation import COMPLETE_MEDIATION, Case, Finding, Script, possible, proved, unknown
from wfcheck.checker.result import Verdict, Witness
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.symbolic.execution import Execution
from wfcheck.dsl.source import Span
from wfcheck.solver import verdict as solver
from wfcheck.solver.evaluate import evaluate
from wfcheck.solver.term import Term

MANY = 64
"""How many places are asked about one by one when the solver gave up on all together."""


@attrs.frozen
class Break:
    """`broken` is satisfiable if what is asked at `span` may not hold. `text`: what is asked, `help`: what would mend it."""

    broken: Term
    span: Span
    text: str
    help: str | None = None
    notes: tuple[str, ...] = ()


Breaks = Callable[[Execution], Sequence[Break]]


def decide(case: Case, make: Breaks) -> Finding:
    """PROVED with what the proof rests on, INCONSISTENT, or undecided with scripts for the search."""
    prover = Prover(case)
    breaks = make(prover.over)
    terms = [b.broken for b in breaks]
    answer = prover.decide(prover.over, terms)
    match answer:
        case solver.Unsat(core=names):
            why = contradiction(prover, names)
            if why is not None:
                return Finding(Verdict.INCONSISTENT, reason=why, assumptions=names)
            return proved(COMPLETE_MEDIATION, *names, proof=prover.refuted(terms))
        case solver.Sat():
            return _open(prover, _first(breaks, answer), make, breaks)
        case solver.Unknown(reason=why):
            return _given_up(prover, breaks, make, why)


def _first(breaks: Sequence[Break], answer: solver.Sat) -> Break | None:
    """The first place that the model breaks."""
    return next((b for b in breaks if evaluate(b.broken, answer.model, guess=True) is True), None)


def _given_up(prover: Prover, breaks: Sequence[Break], make: Breaks, why: str) -> Finding:
    """All together were too much: one by one, as far as the time goes."""
    for found in breaks[:MANY]:
        answer = prover.decide(prover.over, [found.broken])
        if isinstance(answer, solver.Unsat):
            continue
        if isinstance(answer, solver.Sat):
            return _open(prover, found, make, breaks)
        break
    return attrs.evolve(unknown(f"the solver gave up: {why}"), starts=_starts(prover, make))


def _open(prover: Prover, found: Break | None, make: Breaks, breaks: Sequence[Break]) -> Finding:
    base = possible("what is asked somewhere may not hold" if found is None else found.text)
    if found is not None:
        base = attrs.evolve(base, span=found.span, help=found.help, notes=found.notes)
    return attrs.evolve(base, starts=_starts(prover, make), refine=_refined(breaks))


def _refined(breaks: Sequence[Break]) -> Callable[[Finding, Witness], Finding]:
    """The place that a run breaks, if it is another than the one that was suspected."""

    def refine(finding: Finding, witness: Witness) -> Finding:
        lines = {e.source.line for e in witness.events[witness.index :][:2] if e.source is not None}
        if finding.span is None or finding.span.line in lines:
            return finding
        there = next((b for b in breaks if b.span.line in lines), None)
        if there is None:
            return finding
        return attrs.evolve(finding, span=there.span, reason=there.text, help=there.help, notes=there.notes)

    return refine


def _starts(prover: Prover, make: Breaks) -> Iterator[Script]:
    """Models of exact executions: one place after the other, earliest first."""
    for execution in prover.exact():
        answer = prover.decide(execution, [b.broken for b in make(execution)])
        if isinstance(answer, solver.Sat):
            yield from prover.scripts(execution, answer)
