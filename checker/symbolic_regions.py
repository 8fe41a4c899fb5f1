"""Branches, loops, retries, parallel branches and inlined workflows. A block takes the condition under which it starts and gives
the condition under which its end is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from wfcheck.checker.encoded import shaped
from wfcheck.checker.symbolic_state import Over, Walk
from wfcheck.checker.symbolic_taint import (
    CLEAN,
    EMPTY,
    Mask,
    Taint,
    always,
    grown,
    guarded,
    join,
    raised,
    static,
    under,
    union,
)
from wfcheck.checker.symbolic_types import bound_types, element, item_type
from wfcheck.checker.symbolic_value import (
    NONE,
    SymbolicValue,
    build_shape,
    choose,
)
from wfcheck.checker.symbolic_value import Sequence as Elements
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Const, Term

Run: TypeAlias = Callable[[Walk, core.Block, Term], Term]
Changes: TypeAlias = Mapping[str, tuple[SymbolicValue, Taint]]
_FULL_RETRIES = 3
_FEW = 4


def arm(walk: Walk, run: Run, block: core.Block, guard: Term) -> tuple[Term, Changes]:
    """Run one arm and take its bindings back."""
    walk.open()
    end = run(walk, block, guard)
    return end, walk.close()


def merge(walk: Walk, condition: Term, then: Changes, otherwise: Changes, ends: tuple[Term, Term]) -> None:
    """Bind the join of two arms, raised by the present control label: the arm not taken counts."""
    pc = walk.pc
    for name in dict.fromkeys([*then, *otherwise]):
        old = (walk.env.get(("local", name)), walk.taints.get(name, EMPTY))
        one, other = then.get(name, old), otherwise.get(name, old)
        if ends[0] is b.FALSE or one[0] is None:
            value, taint = other
        elif ends[1] is b.FALSE or other[0] is None:
            value, taint = one
        else:
            value = choose(condition, one[0], other[0])
            taint = join(guarded(condition, one[1]), guarded(b.not_(condition), other[1]))
        if value is not None:
            walk.assign(name, value, raised(taint, pc))


def branch(
    walk: Walk, run: Run, condition: Term, guard: Term, blocks: tuple[core.Block, core.Block], mask: Mask
) -> Term:
    """`if` and whatever works like it: both arms under pc + mask, then their join."""
    outside = walk.branch
    walk.branch = union(outside, under(guard, mask))
    starts = (b.and_(guard, condition), b.and_(guard, b.not_(condition)))
    first, then = arm(walk, run, blocks[0], starts[0])
    second, otherwise = arm(walk, run, blocks[1], starts[1])
    merge(walk, condition, then, otherwise, (first, second))
    walk.branch = outside
    return guard if (first, second) == starts else b.or_(first, second)


# ---------------------------------------------------------------- loops


def repeat(walk: Walk, run: Run, statement: core.While, guard: Term) -> Term:
    """`repeat while`."""

    def enter(start: Term) -> tuple[Term, Term]:
        condition = walk.truth(statement.condition)
        mask = walk.taint(statement.condition).every
        walk.branch = union(walk.branch, under(start, mask))
        return b.and_(start, condition.certain), b.and_(start, condition.defined, b.not_(condition.value))

    if isinstance(walk.mode, Over):
        return _havoc(walk, run, statement, guard, enter, b.FALSE)
    return _unrolled(walk, run, statement, guard, walk.mode.loops)


def _unrolled(walk: Walk, run: Run, statement: core.While, guard: Term, most: int) -> Term:
    outside = walk.branch
    ends: list[Term] = []
    alive = guard
    going: Term = b.TRUE
    for count in range(most + 1):
        condition = walk.truth(statement.condition)
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
    for name in bound_types(walk.program, statement.body):
        if ("local", name) in walk.env:
            walk.assign(name, walk.env["local", name], raised(walk.taints[name], walk.pc))


def each(walk: Walk, run: Run, statement: core.For, guard: Term) -> Term:
    """`for x in xs`: body under pc + label of the list itself, joined with zero iterations."""
    source = walk.value(statement.source)
    guard = b.and_(guard, source.defined)
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

    if walk.over and not _few(source.value):
        return _havoc(walk, run, statement, guard, enter, b.TRUE)
    return _rounds(walk, run, statement, source.value, whole, guard, mask)


def _few(source: SymbolicValue) -> bool:
    return isinstance(source, Elements) and isinstance(source.length, Const) and source.length.value <= _FEW


def _rounds(
    walk: Walk, run: Run, statement: core.For, source: SymbolicValue, whole: Taint, guard: Term, mask: Mask
) -> Term:
    if not isinstance(source, Elements):
        walk.notes.note("a loop over a list of which nothing is known")
        return b.FALSE
    outside = walk.branch
    walk.branch = union(outside, mask)
    ends: list[Term] = []
    alive = guard
    for place, item in enumerate(source.items):
        there = b.lt(b.integer(place), source.length)
        ends.append(b.and_(alive, b.not_(there)))
        walk.open()
        walk.assign(statement.item, item, raised(whole.element(), union(walk.pc, whole.own)))
        over = statement.maximum is not None and place >= statement.maximum
        alive = b.FALSE if over else run(walk, statement.body, b.and_(alive, there))
        merge(walk, there, walk.close(), {}, (b.TRUE, b.TRUE))
    _raise_assigned(walk, statement)
    walk.branch = outside
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
    head = walk.known.heads.get(statement.id)
    names = bound_types(walk.program, statement.body)
    if isinstance(statement, core.For):
        names.pop(statement.item, None)
    known = {} if head is None else dict(head.variables)
    _earlier_exits(walk, statement.id)
    outside = walk.branch
    before = {name: walk.taints.get(name, EMPTY) for name in names}
    every = always(walk.keep & walk.labelling.table.every_tag)

    def scramble() -> None:
        for name, type_ in names.items():
            value = build_shape(type_, lambda path, sort, n=name: walk.notes.fresh(f"{n}{path}", sort))  # type: ignore[misc]
            label = static(known[name], walk.keep) if name in known else Taint(every)
            walk.assign(name, value, join(before[name], label))

    def round_(certain: bool) -> None:
        sure, walk.certain = walk.certain, walk.certain and certain
        walk.open()
        scramble()
        start, _ = enter(b.and_(guard, walk.flag(f"{statement.id}.round")))
        run(walk, statement.body, start)
        walk.close()
        walk.certain, walk.branch = sure, outside

    for certain in (False, True, False) if walk.certain else (False,):
        round_(certain)
    scramble()
    rest = b.and_(guard, walk.flag(f"{statement.id}.end"))
    if end is b.FALSE:
        walk.open()
        _, rest = enter(rest)
        walk.close()
    _raise_assigned(walk, statement)
    walk.branch = outside
    return rest


def _earlier_exits(walk: Walk, node: core.NodeId) -> None:
    head = walk.known.heads.get(node)
    if head is not None:
        walk.exits = union(walk.exits, always(head.exits & walk.keep))
        walk.returns[-1] = union(walk.returns[-1], always(head.returns & walk.keep))
        walk.failing = union(walk.failing, always(head.failing & walk.keep))


# ---------------------------------------------------------------- retry, parallel, inlined workflows


def retry(walk: Walk, run: Run, statement: core.Retry, guard: Term) -> Term:
    """At most n attempts; a failed one's bindings are undone, its effects are not."""
    outside, failing = walk.branch, walk.failing
    head = walk.known.heads.get(statement.id)
    again = CLEAN if head is None else always((head.failures | head.failing) & walk.keep)
    outcomes: list[tuple[Term, Term, Changes]] = []
    alive = guard
    for number, certain in enumerate(_attempts(walk, statement)):
        sure, walk.certain = walk.certain, walk.certain and certain
        if number:
            walk.branch = union(outside, again)
        walk.failures.append([])
        if not certain:
            alive = b.and_(alive, walk.flag(f"{statement.id}.attempt"))
        end, changes = arm(walk, run, statement.body, alive)
        walk.certain = sure
        failed = b.or_(*walk.failures.pop())
        if certain:
            outcomes.append((end, failed, changes))
            alive = failed
        else:
            alive = b.and_(guard, walk.flag(f"{statement.id}.again"))
    mask = union(walk.failing, again)
    walk.branch = union(outside, mask)
    out = _resolve(walk, run, statement, outcomes, alive)
    walk.branch, walk.failing = outside, failing if not walk.failures else mask
    return out


def _attempts(walk: Walk, statement: core.Retry) -> list[bool]:
    """Which attempts are walked; an uncertain one stands for all but the first and the last."""
    if statement.attempts <= _FULL_RETRIES or not walk.over:
        return [True] * min(statement.attempts, _FULL_RETRIES)
    return [True, False, True]


def _resolve(
    walk: Walk, run: Run, statement: core.Retry, outcomes: Sequence[tuple[Term, Term, Changes]], alive: Term
) -> Term:
    changes: Changes = {}
    out = b.FALSE if statement.handler is None else alive
    if statement.handler is not None:
        out, changes = arm(walk, run, statement.handler, alive)
    elif walk.failures:
        walk.failures[-1].append(alive)
    ends = [out]
    for end, failed, made in reversed(outcomes):
        walk.open()
        merge(walk, b.not_(failed), made, changes, (b.TRUE, ends[-1]))
        changes = walk.close()
        ends.append(b.or_(end, ends[-1]))
    for name, (value, taint) in changes.items():
        walk.assign(name, value, taint)
    return ends[-1]


def parallel(walk: Walk, run: Run, statement: core.Parallel, guard: Term) -> Term:
    """Branches share no variable that one writes; in mode Over each runs as if the others did not end the run."""
    lanes = walk.lanes
    if walk.over:
        _earlier_exits(walk, statement.id)
    made: list[Changes] = []
    alive = guard
    ends = []
    for index, block in enumerate(statement.branches):
        walk.lanes = (*lanes, (statement.id, index))
        end, changes = arm(walk, run, block, guard if walk.over else alive)
        alive = end
        ends.append(end)
        made.append(changes)
    walk.lanes = lanes
    for changes in made:
        for name, (value, taint) in changes.items():
            walk.assign(name, value, taint)
    return b.and_(*ends)


def scope(walk: Walk, run: Run, statement: core.Scope, guard: Term) -> Term:
    """An inlined workflow: a return ends only it, and is felt outside by its result alone."""
    callee = walk.program.workflows[statement.workflow]
    bound = []
    arguments: dict[str, SymbolicValue] = {}
    for (local, expression), parameter in zip(statement.parameters, callee.parameters, strict=True):
        given = walk.value(expression)
        guard = b.and_(guard, given.defined)
        taint = parameter_taint(walk, statement.workflow, parameter.name, walk.here(expression))
        value = shaped(given.value, parameter.type)
        bound.append((local, parameter.name, value, taint))
        arguments[parameter.name] = value
    for local, _, value, taint in bound:
        walk.assign(local, value, taint)
    outer = walk.actors
    if statement.principal is not None:
        walk.actors = (*outer, statement.principal)
        walk.emit("step", statement, guard, arguments, {n: t for _, n, _, t in bound}, subject=statement.step)
    walk.returns.append(walk.returns[-1])
    walk.returned.append([])
    end = run(walk, statement.body, guard)
    _bind_result(walk, statement, end)
    left = [g for g, _, _ in walk.returned.pop()]
    walk.returns.pop()
    walk.actors = outer
    return guard if end is guard and not left else b.or_(end, *left)


def _bind_result(walk: Walk, statement: core.Scope, end: Term) -> None:
    if statement.target is None:
        return
    value: SymbolicValue = NONE
    taint = EMPTY
    for condition, returned, label in reversed(walk.returned[-1]):
        value = returned if value is NONE and end is b.FALSE else choose(condition, returned, value)
        taint = join(taint, guarded(condition, label))
    walk.assign(statement.target, value, raised(taint, walk.pc))


def parameter_taint(walk: Walk, workflow: str, parameter: str, taint: Taint) -> Taint:
    """The argument, and what rules call by the parameter's name."""
    table = walk.labelling.table
    for source in table.sources:
        match source.end:
            case core.ParameterEnd(workflow=owner, parameter=name, path=path) if (
                name == parameter
                and owner
                in (
                    None,
                    workflow,
                )
            ):
                taint = grown(taint, path, always(table.bits[source.symbol] & walk.keep))
            case _:
                pass
    return taint
