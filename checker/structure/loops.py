"""Loops that nothing shows to end (WF614): neither a `max`, nor a number that goes down in every round and cannot go below a bound
(a ranking function, as in Podelski and Rybalchenko, VMCAI 2004, among those that the condition suggests)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wfcheck.checker.encoding.encode import Environment, encode
from wfcheck.checker.encoding.encoded import Notes, stripped
from wfcheck.checker.structure.asking import Asker
from wfcheck.checker.symbolic.records import Round
from wfcheck.checker.symbolic.value import Leaf
from wfcheck.dsl import core, types
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term

_COMPARED = frozenset({"<", "<=", ">", ">=", "!="})
_NUMBERS = (types.INT, types.DECIMAL)


def check(asker: Asker) -> Iterator[Diagnostic]:
    """One diagnostic per loop, those of inlined workflows aside."""
    rounds: dict[core.NodeId, list[Round]] = {}
    for each in asker.execution.records.rounds:
        if each.loop.maximum is None and "/" not in each.loop.id:
            rounds.setdefault(each.loop.id, []).append(each)
    for found in rounds.values():
        if not all(_ends(each, asker) for each in found):
            yield _endless(found[0].loop)


def _endless(loop: core.While) -> Diagnostic:
    return Diagnostic(
        "WF614",
        "nothing shows that this loop ends",
        loop.span,
        Severity.WARNING,
        notes=("it has no `max`, and no number in its condition goes down by at least 1 in every round",),
        help="write `repeat max n while ...`",
    )


def _ends(each: Round, asker: Asker) -> bool:
    if isinstance(asker.ask(each.end), solver.Unsat):
        return True
    notes = Notes(asker.execution.program, prefix="measure.")
    return any(_goes_down(m, each, asker, notes) for m in _measures(each.loop.condition))


def _goes_down(measure: core.Expr, each: Round, asker: Asker, notes: Notes) -> bool:
    """At the start of a round it is bounded below; at its end it is less by at least 1."""
    before, after = _number(measure, each.before, notes), _number(measure, each.after, notes)
    if before is None or after is None:
        return False
    least = b.rational(0) if before.sort is Sort.REAL else b.ZERO
    less = b.sub(before, b.rational(1) if before.sort is Sort.REAL else b.integer(1))
    wrong = b.or_(b.and_(each.start, b.lt(before, least)), b.and_(each.end, b.lt(less, after)))
    return isinstance(asker.ask(wrong), solver.Unsat)


def _number(measure: core.Expr, names: Environment, notes: Notes) -> Term | None:
    found = stripped(encode(measure, names, notes)).value
    return found.term if isinstance(found, Leaf) and found.term.sort in (Sort.INT, Sort.REAL) else None


def _measures(condition: core.Expr) -> Iterable[core.Expr]:
    """The distance of the two sides of each comparison that the condition makes."""
    for part in subexpressions(condition):
        if isinstance(part, core.Apply) and part.op in _COMPARED:
            left, right = part.args
            kind = types.base(left.type)
            if kind in _NUMBERS and kind == types.base(right.type):
                for more, less in ((left, right), (right, left)):
                    yield core.Apply("-", (more, less), kind, span=part.span)
