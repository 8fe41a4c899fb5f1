"""Branches, loops, retries, parallel branches and inlined workflows. A block takes the condition under which it starts and gives
the condition under which its end is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from wfcheck.checker.encoding.encoded import shaped
from wfcheck.checker.symbolic.records import Fit
from wfcheck.checker.symbolic.state import Walk
from wfcheck.checker.symbolic.taint import (
    CLEAN,
    EMPTY,
    Mask,
    Taint,
    always,
    grown,
    guarded,
    join,
    raised,
    under,
    union,
)
from wfcheck.checker.symbolic.value import NONE, SymbolicValue, choose
from wfcheck.dsl import core
from wfcheck.dsl.source import Span
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Run: TypeAlias = Callable[[Walk, core.Block, Term], Term]
Changes: TypeAlias = Mapping[str, tuple[SymbolicValue, Taint]]
_FULL_RETRIES = 3
MOST_ROUNDS = 64


@contextmanager
def repeated(walk: Walk, wanted: int) -> Iterator[int]:
    """How often something may be walked here: nests of exact repetitions stay within bounds, at the least one round each."""
    rounds = max(1, min(wanted, MOST_ROUNDS // walk.weight))
    walk.weight *= rounds
    try:
        yield rounds
    finally:
        walk.weight //= rounds


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


def earlier_exits(walk: Walk, node: core.NodeId) -> None:
    """What may have ended the run, the workflow or the attempt in an earlier round counts in this one."""
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
    attempts = _attempts(walk, statement)
    walk.weight *= max(1, sum(attempts))
    for number, certain in enumerate(attempts):
        sure, walk.certain = walk.certain, walk.certain and certain
        if number or len(attempts) < min(statement.attempts, _FULL_RETRIES):
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
    walk.weight //= max(1, sum(attempts))
    if not walk.over and len(attempts) < statement.attempts:
        alive = b.FALSE
    mask = union(walk.failing, again)
    walk.branch = union(outside, mask)
    out = _resolve(walk, run, statement, outcomes, alive)
    walk.branch, walk.failing = outside, failing if not walk.failures else mask
    return out


def _attempts(walk: Walk, statement: core.Retry) -> list[bool]:
    """Which attempts are walked; in mode Over an uncertain one stands for any that are not, in mode Unroll those are left out.
    Where all is uncertain, one attempt stands for each."""
    if not walk.certain:
        return [True]
    most = max(1, min(_FULL_RETRIES, MOST_ROUNDS // walk.weight))
    if statement.attempts <= most or not walk.over:
        return [True] * min(statement.attempts, most)
    return [True, False, True] if most > 1 else [False, True]


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
        earlier_exits(walk, statement.id)
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


def enter(walk: Walk, statement: core.Scope, guard: Term) -> Term:
    """Bind the parameters of an inlined workflow; who acts in it is left to the caller to take back."""
    callee = walk.program.workflows[statement.workflow]
    bound = []
    arguments: dict[str, SymbolicValue] = {}
    for (local, expression), parameter in zip(statement.parameters, callee.parameters, strict=True):
        given = walk.value(expression)
        guard = walk.needs(expression, guard, given.defined)
        taint = parameter_taint(walk, statement.workflow, parameter.name, walk.here(expression))
        value = shaped(given.value, parameter.type)
        bound.append((local, parameter.name, value, taint))
        arguments[parameter.name] = value
    for local, _, value, taint in bound:
        walk.assign(local, value, taint)
    _asked(walk, statement, callee, arguments, guard)
    if statement.principal is not None:
        walk.emit("step", statement, guard, arguments, {n: t for _, n, _, t in bound}, subject=statement.step)
        walk.actors = (*walk.actors, statement.principal)
    return guard


def scope(walk: Walk, run: Run, statement: core.Scope, guard: Term) -> Term:
    """An inlined workflow: a return ends only it, and is felt outside by its result alone."""
    outer = walk.actors
    guard = enter(walk, statement, guard)
    walk.returns.append(walk.returns[-1])
    walk.returned.append([])
    walk.records.promises.append((statement.id, statement.ensures))
    end = run(walk, statement.body, guard)
    promise(walk, end, NONE, statement.span)
    walk.records.promises.pop()
    _bind_result(walk, statement, end)
    left = [g for g, _, _ in walk.returned.pop()]
    walk.returns.pop()
    walk.actors = outer
    return guard if end is guard and not left else b.or_(end, *left)


def _asked(
    walk: Walk, statement: core.Scope, callee: core.Workflow, given: Mapping[str, SymbolicValue], guard: Term
) -> None:
    """What an inlined workflow requires of its caller, and the types of its parameters."""
    walk.owe("requires", statement.requires, guard, statement.span, node=statement.id)
    pairs = zip(callee.parameters, statement.parameters, strict=True) if walk.certain else ()
    for parameter, (_, expression) in pairs:
        name, value = f"{callee.symbol}.{parameter.name}", given[parameter.name]
        walk.records.fits.append(Fit(name, parameter.type, expression, value, guard, statement.span))


def promise(walk: Walk, guard: Term, result: SymbolicValue, span: Span) -> None:
    """The workflow at hand ends here with this result: what it ensures has to hold."""
    for node, contracts in walk.records.promises[-1:]:
        walk.owe("ensures", contracts, guard, span, node=node, more={("result", "result"): result})


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
