"""Violations that ask something of rigid symbols are looked at under it."""

from __future__ import annotations

from wfcheck.solver import build as b
from wfcheck.solver.invariants.bounded import Refuted
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.invariants.rigid import splits
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term
from wfcheck.solver.transition import Bad, Move, Segment, System

ONE = b.integer(1)


def _symbol(name: str, sort: Sort) -> Symbol:
    found = b.symbol(name, sort)
    assert isinstance(found, Symbol)
    return found


KEY, GIVEN, AMOUNT = _symbol("key", Sort.TEXT), _symbol("given", Sort.TEXT), _symbol("amount", Sort.INT)
FIRST, SECOND, FREE, N = (_symbol(name, Sort.INT) for name in ("i", "j", "free", "n"))


def _loops(first: int) -> System:
    """Approvals of one thing, `n` less `first` of them, then `n` uses; counted for a key and an amount."""
    fits: Term = b.and_(b.eq(KEY, GIVEN), b.eq(AMOUNT, ONE))
    more = b.ite(fits, b.add(FREE, ONE), FREE)
    left = b.ite(fits, b.sub(FREE, ONE), FREE)
    start = Segment("start", (), (Move("give", b.TRUE, (b.integer(first), b.ZERO)),))
    give = Segment(
        "give",
        (),
        (
            Move("give", b.lt(FIRST, N), (b.add(FIRST, ONE), more)),
            Move("use", b.not_(b.lt(FIRST, N)), (b.ZERO, FREE)),
        ),
    )
    use = Segment(
        "use",
        (),
        (Move("use", b.lt(SECOND, N), (b.add(SECOND, ONE), left)),),
        (Bad("use", b.and_(b.lt(SECOND, N), b.eq(GIVEN, KEY), b.eq(AMOUNT, ONE), b.lt(FREE, ONE))),),
    )
    return System(
        "start",
        {"start": (), "give": (FIRST, FREE), "use": (SECOND, FREE)},
        {"start": start, "give": give, "use": use},
        (KEY, GIVEN, AMOUNT, N),
    )


def test_what_is_equated_becomes_one_thing() -> None:
    (split,) = splits(_loops(0))
    assert len(split.system.rigid) == 2
    assert b.TRUE not in (bad.formula for s in split.system.segments.values() for bad in s.bad)


def test_uses_within_what_was_given_are_proved() -> None:
    assert isinstance(prove(_loops(0), seconds=30), Proof)


def test_one_use_more_than_was_given_is_not() -> None:
    found = prove(_loops(1), seconds=30)
    assert isinstance(found, Refuted)


def test_violations_that_ask_nothing_are_not_split() -> None:
    place = Segment("start", (), (), (Bad("never", b.lt(FIRST, SECOND)),))
    assert splits(System("start", {"start": (FIRST, SECOND)}, {"start": place}, (N,))) == ()
