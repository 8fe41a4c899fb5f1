"""Random transition systems over a few Booleans and counters."""

from __future__ import annotations

from random import Random

from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term, symbol
from wfcheck.solver.transition import Bad, Move, Segment, System


def _int(name: str) -> Symbol:
    return symbol(name, Sort.INT)


def _bool(name: str) -> Symbol:
    return symbol(name, Sort.BOOL)


class Maker:
    """Random systems over a few Booleans and counters, with one Boolean input and one of the numbers -1 to 1 per visit."""

    def __init__(self, seed: int, *, counters: bool) -> None:
        self.dice = Random(seed)
        self.flags = [_bool(f"p{i}") for i in range(self.dice.randint(1, 3))]
        self.counts = [_int(f"x{i}") for i in range(self.dice.randint(1, 3))] if counters else []
        self.toss, self.step = _bool("toss"), _int("step")
        self.key = _int("key")

    def literal(self) -> Term:
        atom = self.dice.choice([*self.flags, self.toss])
        return self.dice.choice([atom, b.not_(atom)])

    def order(self) -> Term:
        left, right = self.dice.choice(self.counts), self.dice.choice([*self.counts, self.key])
        bound = b.integer(self.dice.randint(-1, 4))
        return self.dice.choice([b.le(left, bound), b.lt(left, right), b.le(b.sub(left, right), bound)])

    def guard(self) -> Term:
        parts = [self.literal() for _ in range(self.dice.randint(0, 2))]
        parts += [self.order() for _ in range(self.dice.randint(0, 1))] if self.counts else []
        return self.dice.choice([b.and_, b.or_])(*parts) if parts else b.TRUE

    def flag_value(self, old: Symbol) -> Term:
        return self.dice.choice(
            [
                old,
                old,
                b.TRUE,
                b.FALSE,
                self.literal(),
                b.or_(old, self.literal()),
                b.and_(old, self.literal()),
            ]
        )

    def count_value(self, old: Symbol) -> Term:
        moved = [
            b.add(old, b.integer(1)),
            b.add(old, self.step),
            b.ite(self.literal(), b.add(old, b.integer(1)), old),
        ]
        other = self.dice.choice(self.counts)
        return self.dice.choice([old, old, *moved, b.sub(old, b.integer(1)), other, b.ZERO])

    def move(self, target: str) -> Move:
        values = (*map(self.flag_value, self.flags), *map(self.count_value, self.counts))
        return Move(target, self.guard(), values)

    def segment(self, place: str, places: list[str]) -> Segment:
        moves = tuple(self.move(self.dice.choice(places)) for _ in range(self.dice.randint(1, 3)))
        small = [
            b.and_(b.le(b.integer(-1), s), b.le(s, b.integer(most)))
            for s, most in ((self.step, 1), (self.key, 3))
        ]
        limits = tuple(zip((f"step {place}", f"key {place}"), small, strict=True))
        bad = (Bad(f"bad {place}", b.and_(self.guard(), self.guard(), self.literal())),)
        return Segment(place, limits, moves, bad if self.dice.random() < 0.6 else ())

    def system(self) -> System:
        places = ["one", "two"][: self.dice.randint(1, 2)]
        variables = (*self.flags, *self.counts)
        zero = (*(b.boolean(self.dice.random() < 0.5) for _ in self.flags), *(b.ZERO for _ in self.counts))
        segments = {p: self.segment(p, places) for p in places}
        start = Segment("start", (), (Move("one", b.TRUE, zero),))
        rigid = (self.key,) if self.counts else ()
        return System(
            "start", {"start": (), **dict.fromkeys(places, variables)}, {"start": start, **segments}, rigid
        )
