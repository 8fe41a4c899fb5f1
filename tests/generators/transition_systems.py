"""Transition systems like those of workflows, for the tests of invariants."""

from __future__ import annotations

from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term, symbol
from wfcheck.solver.transition import Bad, Move, Segment, System

ZERO, ONE = b.integer(0), b.integer(1)


def number(name: str) -> Symbol:
    """An int."""
    return symbol(name, Sort.INT)


def flag(name: str) -> Symbol:
    """A truth value."""
    return symbol(name, Sort.BOOL)


def word(name: str) -> Symbol:
    """A text."""
    return symbol(name, Sort.TEXT)


def looping(variables: tuple[Symbol, ...], first: tuple[Term, ...], loop: Segment, *more: Segment) -> System:
    """A start, and a loop with these variables at its head."""
    start = Segment("start", (), (Move("loop", b.TRUE, first),))
    segments = {"start": start, "loop": loop, **{s.place: s for s in more}}
    return System("start", {"start": (), "loop": variables, **{s.place: () for s in more}}, segments)


def approvals(*, dropped: bool = False) -> System:
    """Approve n times, send at most as often as approved. `dropped`: one kind of approval is not counted."""
    approved, sent, left = number("approved"), number("sent"), number("left")
    counted = approved if dropped else b.add(approved, ONE)
    approve = Move("loop", flag("more"), (counted, sent, b.add(left, ONE)))
    send = Move("loop", b.lt(ZERO, left), (approved, b.add(sent, ONE), b.sub(left, ONE)))
    bad = Bad("send", b.and_(b.lt(ZERO, left), b.lt(approved, b.add(sent, ONE))))
    loop = Segment("loop", (), (approve, send, Move("end", b.TRUE, ())), (bad,))
    return looping((approved, sent, left), (ZERO, ZERO, ZERO), loop, Segment("end", (), ()))


def counted(rounds: int, limit: int) -> System:
    """At most one call per round."""
    i, count, call = number("i"), number("count"), flag("call")
    after = b.ite(call, b.add(count, ONE), count)
    going = b.lt(i, b.integer(rounds))
    bad = Bad("too many", b.and_(going, b.lt(b.integer(limit), after)))
    loop = Segment("loop", (), (Move("loop", going, (b.add(i, ONE), after)),), (bad,))
    return looping((i, count), (ZERO, ZERO), loop)


def spending(cap: int, limit: int) -> System:
    """Ten rounds of at most `cap` each, in which at most `limit` may be spent."""
    total, i, amount = number("total"), number("i"), number("amount")
    after = b.ite(flag("pays"), b.add(total, amount), total)
    going = b.lt(i, b.integer(10))
    assumed = (("positive", b.le(ZERO, amount)), ("cap", b.le(amount, b.integer(cap))))
    bad = Bad("sum", b.and_(going, b.lt(b.integer(limit), after)))
    loop = Segment("loop", assumed, (Move("loop", going, (after, b.add(i, ONE))),), (bad,))
    return looping((total, i), (ZERO, ZERO), loop)


def every_item(*, skips: bool = False) -> System:
    """A loop over a list visits every index: the one in question has been seen at the end."""
    i, seen, which, items = number("i"), flag("seen"), number("which"), symbol("items", Sort.OPAQUE)
    size = b.fn("size", Sort.INT, items)
    visit = b.or_(seen, b.eq(i, which))
    moved = b.ite(flag("skip"), seen, visit) if skips else visit
    loop = Segment(
        "loop",
        (("size", b.le(ZERO, size)),),
        (
            Move("loop", b.lt(i, size), (b.add(i, ONE), moved, items)),
            Move("end", b.le(size, i), (seen, items)),
        ),
    )
    missed = Bad("missed", b.and_(b.le(ZERO, which), b.lt(which, size), b.not_(seen)))
    start = Segment("start", (), (Move("loop", b.TRUE, (ZERO, b.FALSE, symbol("given", Sort.OPAQUE))),))
    return System(
        "start",
        {"start": (), "loop": (i, seen, items), "end": (seen, items)},
        {"start": start, "loop": loop, "end": Segment("end", (), (), (missed,))},
        (which,),
    )


def approved_texts(*, other: bool = False) -> System:
    """Each send needs an approval of the same text that was not used yet. `other`: the approval is for another text."""
    key, asked, available = word("key"), word("asked"), flag("available")
    approval = b.eq(word("shown") if other else word("input"), key)
    approve = Segment("loop", (), (Move("send", b.TRUE, (word("input"), b.or_(available, approval))),))
    used = b.and_(available, b.not_(b.eq(asked, key)))
    bad = Bad("send", b.and_(b.eq(asked, key), b.not_(available)))
    send = Segment("send", (), (Move("loop", b.TRUE, (used,)),), (bad,))
    start = Segment("start", (), (Move("loop", b.TRUE, (b.FALSE,)),))
    return System(
        "start",
        {"start": (), "loop": (available,), "send": (asked, available)},
        {"start": start, "loop": approve, "send": send},
        (key,),
    )


def after(rounds: int) -> System:
    """Something goes wrong after exactly so many rounds."""
    i = number("i")
    loop = Segment(
        "loop", (), (Move("loop", b.TRUE, (b.add(i, ONE),)),), (Bad("late", b.eq(i, b.integer(rounds))),)
    )
    return looping((i,), (ZERO,), loop)


def guarded_counters(count: int) -> System:
    """So many pairs of counters: the second of a pair grows only while it is below the first."""
    firsts, seconds = [number(f"a{i}") for i in range(count)], [number(f"b{i}") for i in range(count)]
    up = [b.ite(flag(f"p{i}"), b.add(x, ONE), x) for i, x in enumerate(firsts)]
    rest = [
        b.ite(b.and_(flag(f"q{i}"), b.lt(y, x)), b.add(y, ONE), y)
        for i, (x, y) in enumerate(zip(firsts, seconds, strict=True))
    ]
    bad = b.or_(*(b.lt(x, y) for x, y in zip(firsts, seconds, strict=True)))
    loop = Segment("loop", (), (Move("loop", b.TRUE, (*up, *rest)),), (Bad("any", bad),))
    return looping((*firsts, *seconds), (ZERO,) * (2 * count), loop)


def two_layers() -> System:
    """A call is safe by either of two assumptions; how often it happens, by a third alone."""
    calls, call, safe = number("calls"), flag("call"), flag("safe")
    assumed = (
        ("human", b.implies(call, safe)),
        ("model", b.implies(call, safe)),
        ("few", b.implies(call, b.lt(calls, b.integer(5)))),
    )
    grown = b.ite(call, b.add(calls, ONE), calls)
    bad = Bad("unsafe", b.and_(call, b.or_(b.not_(safe), b.lt(b.integer(5), calls))))
    return looping((calls,), (ZERO,), Segment("loop", assumed, (Move("loop", b.TRUE, (grown,)),), (bad,)))


SAFE = {
    "approvals": approvals(),
    "a million rounds": counted(1_000_000, 1_000_000),
    "spending": spending(100, 1000),
    "every item": every_item(),
    "approved texts": approved_texts(),
    "two layers": two_layers(),
    "guarded counters": guarded_counters(4),
}
UNSAFE = {
    "approvals dropped": (approvals(dropped=True), 2),
    "counted": (counted(9, 5), 6),
    "spending": (spending(101, 1000), 10),
    "items skipped": (every_item(skips=True), 3),
    "texts of another approval": (approved_texts(other=True), 2),
    "late": (after(41), 42),
}
"""With the fewest moves to a bad state."""
