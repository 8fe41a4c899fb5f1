"""Loops: unrolled exactly, or any number of rounds at once."""

from __future__ import annotations

from collections.abc import Callable

from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.symbolic.records import LEMMA, Round, spoken
from wfcheck.checker.symbolic.regions import MOST_ROUNDS, Run, arm, earlier_exits, merge, repeated
from wfcheck.checker.symbolic.state import Over, Walk
from wfcheck.checker.symbolic.taint import (
    EMPTY,
    Mask,
    Taint,
    always,
    join,
    raised,
    static,
    under,
    union,
)
from wfcheck.checker.symbolic.types import bound_types, element, item_type
from wfcheck.checker.symbolic.value import Sequence as Elements
from wfcheck.checker.symbolic.value import SymbolicValue, build_shape, covers, to_opaque
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Const, Term

_FEW = 4


def repeat(walk: Walk, run: Run, statement: core.While, guard: Term) -> Term:
    """`repeat while`."""

    def enter(start: Term) -> tuple[Term, Term]:
        condition = walk.truth(statement.condition)
        mask = walk.taint(statement.condition).every
        walk.branch = union(walk.branch, under(start, mask))
        start = walk.needs(statement.condition, start, condition.defined)
        return b.and_(start, condition.value), b.and_(start, b.not_(condition.value))

    if isinstance(walk.mode, Over):
        return _havoc(walk, run, statement, guard, enter, b.FALSE)
    with repeated(walk, walk.mode.loops) as rounds:
        return _unrolled(walk, run, statement, guard, rounds)


def _unrolled(walk: Walk, run: Run, statement: core.While, guard: Term, most: int) -> Term:
    outside = walk.branch
    ends: list[Term] = []
    alive = guard
    going: Term = b.TRUE
    for count in range(most + 1):
        walk.owe("invariant", statement.invariants, alive, statement.span, node=statement.id, entry=not count)
        condition = walk.truth(statement.condition)
        walk.needs(statement.condition, alive, condition.defined)
        walk.branch = union(walk.branch, under(alive, walk.taint(statement.condition).every))
        ends.append(b.and_(alive, condition.defined, b.not_(condition.value)))
        if count == most or count == statement.maximum:
            break
        going = b.and_(going, condition.value)
        alive, changes = arm(walk, run, statement.body, b.and_(alive, condition.certain))
        merge(walk, going, changes, {}, (b.TRUE, b.TRUE))
    _raise_assigned(walk, statement)
    walk.branch = outside
    return b.or_(*ends)


def _raise_assigned(walk: Walk, statement: core.For | core.While) -> None:
    for name in bound_types(walk.program, (statement,)):
        if ("local", name) in walk.env:
            walk.assign(name, walk.env["local", name], raised(walk.taints[name], walk.pc))


def each(walk: Walk, run: Run, statement: core.For, guard: Term) -> Term:
    """`for x in xs`: body under pc + label of the list itself, joined with zero iterations."""
    source = walk.value(statement.source)
    guard = walk.needs(
        statement.source, guard, b.and_(source.defined, _listed(source.value, statement.source.type))
    )
    whole = walk.taint(statement.source)
    mask = under(guard, whole.own)

    def enter(start: Term) -> tuple[Term, Term]:
        walk.branch = union(walk.branch, mask)
        item, fact = element(
            source.value, item_type(statement.source.type), f"{statement.id}.item", walk.notes
        )
        walk.assume("typed-outputs", start, fact)
        walk.assign(statement.item, item, raised(whole.element(), union(walk.pc, whole.own)))
        return start, start

    if walk.over and not _few(walk, source.value):
        return _havoc(walk, run, statement, guard, enter, b.TRUE)
    if not isinstance(source.value, Elements):
        walk.notes.note("a loop over a list of which nothing is known")
        return b.FALSE
    with repeated(walk, len(source.value.items)) as rounds:
        return _rounds(walk, run, statement, source.value, whole, guard, mask, rounds)


def _listed(value: SymbolicValue, type_: types.Type) -> Term:
    """Whether a value of `any` is a list."""
    if isinstance(value, Elements) or not isinstance(types.base(type_), types.AnyType):
        return b.TRUE
    return b.fn("is:list", Sort.BOOL, to_opaque(value, type_))


def _few(walk: Walk, source: SymbolicValue) -> bool:
    if not isinstance(source, Elements) or not isinstance(source.length, Const):
        return False
    count: int = source.length.value
    return count <= min(_FEW, MOST_ROUNDS // walk.weight)


def _rounds(
    walk: Walk,
    run: Run,
    statement: core.For,
    source: Elements,
    whole: Taint,
    guard: Term,
    mask: Mask,
    most: int,
) -> Term:
    outside = walk.branch
    walk.branch = union(outside, mask)
    ends: list[Term] = []
    alive = guard
    for place, item in enumerate(source.items[:most]):
        there = b.lt(b.integer(place), source.length)
        ends.append(b.and_(alive, b.not_(there)))
        walk.open()
        walk.assign(statement.item, item, raised(whole.element(), union(walk.pc, whole.own)))
        over = statement.maximum is not None and place >= statement.maximum
        alive = b.FALSE if over else run(walk, statement.body, b.and_(alive, there))
        merge(walk, there, walk.close(), {}, (b.TRUE, b.TRUE))
    _raise_assigned(walk, statement)
    walk.branch = outside
    if most < len(source.items):
        alive = b.and_(alive, b.le(source.length, b.integer(most)))
    return b.or_(alive, *ends)


def _havoc(
    walk: Walk,
    run: Run,
    statement: core.For | core.While,
    guard: Term,
    enter: Callable[[Term], tuple[Term, Term]],
    end: Term,
) -> Term:
    """Any number of rounds: an arbitrary state, one representative round, and uncertain rounds before and after it."""
    earlier_exits(walk, statement.id)
    outside = walk.branch
    owed = statement if isinstance(statement, core.While) else None
    if owed is not None:
        walk.owe("invariant", owed.invariants, guard, owed.span, node=owed.id, entry=True)
    scramble = _scrambler(walk, statement)
    for certain in (False, True, False) if walk.certain else (False,):
        sure, walk.certain = walk.certain, walk.certain and certain
        walk.open()
        scramble()
        begun = b.and_(guard, walk.flag(f"{statement.id}.round"))
        _known(walk, statement, begun)
        start, _ = enter(begun)
        before = _spoken(walk, owed)
        ended = run(walk, statement.body, start)
        if owed is not None and walk.certain:
            walk.owe("invariant", owed.invariants, ended, owed.span, node=owed.id)
            walk.records.rounds.append(Round(owed, start, ended, before, _spoken(walk, owed)))
        walk.close()
        walk.certain, walk.branch = sure, outside
    scramble()
    rest = b.and_(guard, walk.flag(f"{statement.id}.end"))
    _known(walk, statement, rest)
    if end is b.FALSE:
        walk.open()
        _, rest = enter(rest)
        walk.close()
    _raise_assigned(walk, statement)
    walk.branch = outside
    return rest


def _known(walk: Walk, statement: core.For | core.While, guard: Term) -> None:
    """Proved invariants hold wherever a round may start."""
    for contract in () if isinstance(statement, core.For) else statement.invariants:
        if (statement.id, contract.name) in walk.lemmas:
            walk.assume(f"{LEMMA}{statement.id}", guard, walk.truth(contract.condition).certain)


def _spoken(walk: Walk, loop: core.While | None) -> Environment:
    """What the loop is about."""
    if loop is None:
        return {}
    return spoken((loop.condition, *(i.condition for i in loop.invariants)), walk.env)


def _scrambler(walk: Walk, statement: core.For | core.While) -> Callable[[], None]:
    """Gives every variable that the body binds an arbitrary value, and the label it may have at any round."""
    names = bound_types(walk.program, (statement,))
    head = walk.known.heads.get(statement.id)
    known = {} if head is None else dict(head.variables)
    before = {name: walk.taints.get(name, EMPTY) for name in names}

    def scramble() -> None:
        for name, type_ in names.items():
            label = static(known[name], walk.keep) if name in known else Taint(always(walk.keep))
            walk.assign(name, _anything(walk, name, type_), join(before[name], label))

    return scramble


def _anything(walk: Walk, name: str, type_: types.Type) -> SymbolicValue:
    """A value of the type that the loop gives the variable, or the one from before the loop."""

    def make(path: str, sort: Sort) -> Term:
        return walk.notes.fresh(f"{name}{path}", sort)

    value = build_shape(type_, make)
    before = walk.env.get(("local", name))
    return value if before is None or covers(value, before) else build_shape(types.ANY, make)
