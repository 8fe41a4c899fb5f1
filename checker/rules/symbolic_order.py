"""The order of symbolic events: what surely comes before, and what may."""

from __future__ import annotations

from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.solver import build as b
from wfcheck.solver.term import App, Term


def unordered(one: SymbolicEvent, other: SymbolicEvent) -> bool:
    """They lie in different branches of one `parallel`."""
    theirs = dict(other.lanes)
    return any(node in theirs and theirs[node] != lane for node, lane in one.lanes)


def precedes(one: SymbolicEvent, other: SymbolicEvent) -> bool:
    """If both happen, `one` surely does so before `other`, once."""
    return one.index < other.index and one.certain and other.certain and not unordered(one, other)


def may_precede(one: SymbolicEvent, other: SymbolicEvent) -> bool:
    """If both happen, `one` may do so before `other`."""
    return one.index < other.index or unordered(one, other)


def may_be_in_between(start: SymbolicEvent, middle: SymbolicEvent, end: SymbolicEvent) -> bool:
    """If all happen, `middle` may do so after `start` and before `end`."""
    if middle is start or middle is end:
        return False
    return may_precede(start, middle) and may_precede(middle, end)


def implied(guard: Term, term: Term) -> bool:
    """Whether the term is TRUE or a conjunction of conjuncts of the guard, as far as a look at both tells."""
    if term is b.TRUE:
        return True
    wanted = set(term.args) if isinstance(term, App) and term.op == "and" else {term}
    stack, seen = [guard], set()
    while stack and wanted:
        top = stack.pop()
        if top is term:
            return True
        wanted.discard(top)
        if isinstance(top, App) and top.op == "and" and top not in seen:
            seen.add(top)
            stack.extend(top.args)
    return not wanted
