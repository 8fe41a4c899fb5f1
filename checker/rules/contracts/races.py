"""Whether two branches of a `parallel` can touch one store in one run, as far as the conditions on the way tell."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.obligation import COMPLETE_MEDIATION, Case, Finding, proved
from wfcheck.checker.rules.prove import Prover
from wfcheck.checker.symbolic.execution import SymbolicEvent
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term


def apart(case: Case) -> Finding | None:
    """PROVED if no run comes to both places of any race; None where that is not shown."""
    prover = Prover(case)
    meetings = list(_meetings(case.program, prover.over.events))
    answer = prover.decide(prover.over, meetings)
    if not isinstance(answer, solver.Unsat):
        return None
    return proved(
        COMPLETE_MEDIATION, "tool-effects", *answer.core, proof=prover.refuted(meetings, ("tool-effects",))
    )


def _meetings(program: core.Program, events: tuple[SymbolicEvent, ...]) -> Iterator[Term]:
    """For each write in a branch and each touch of the same store in another: when both happen."""
    found = [(e, *_touched(program, e)) for e in events if e.lanes]
    for one, _, writes in found:
        for other, reads, also in found if writes else ():
            if _beside(one, other) and _meet(writes, reads | also):
                yield b.and_(one.guard, other.guard)


def _beside(one: SymbolicEvent, other: SymbolicEvent) -> bool:
    """The two lie in different branches of one `parallel`."""
    lanes = dict(other.lanes)
    return any(lanes.get(node, branch) != branch for node, branch in one.lanes)


_ANY = "*"


def _meet(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one & other) or (bool(one and other) and _ANY in one | other)


def _touched(program: core.Program, event: SymbolicEvent) -> tuple[frozenset[str], frozenset[str]]:
    """The stores that the event reads, and those that it writes."""
    nothing: frozenset[str] = frozenset()
    place = frozenset({event.subject or _ANY})
    match event.kind:
        case "call":
            tool = program.tools[event.tool or ""]
            return tool.reads, tool.writes
        case "recall":
            return place, nothing
        case "remember":
            return nothing, place
        case _:
            return nothing, nothing
