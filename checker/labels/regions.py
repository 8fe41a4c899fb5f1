"""Branches, loops, retries, parallel branches and inlined workflows: where labels join and fixpoints are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from wfcheck.checker.labels.state import Walk
from wfcheck.checker.labels.tree import EMPTY, Tree, join, joined, raised
from wfcheck.dsl import core

Run: TypeAlias = Callable[[Walk, core.Block], bool]
"""Walks a block; whether its end can be reached."""

Outcome: TypeAlias = tuple[bool, dict[str, Tree]]


def arm(walk: Walk, run: Run, block: core.Block) -> Outcome:
    """Walk one arm and take its bindings back."""
    walk.open()
    alive = run(walk, block)
    return alive, walk.close()


def rejoin(walk: Walk, outcomes: Sequence[Outcome], *, complete: bool = True) -> bool:
    """Bind the join of the arms, raised by the present control label: the arm not taken counts.

    `complete` False: a variable that no arm bound keeps its value only if some arm did not bind it."""
    names = dict.fromkeys(name for _, changes in outcomes for name in changes)
    for name in names:
        old = walk.env.get(name)
        values = [changes.get(name, old) for alive, changes in outcomes if alive]
        kept = [v for v in values if v is not None] or [old or EMPTY]
        walk.assign(name, raised(joined(kept), walk.pc if complete else 0))
    return any(alive for alive, _ in outcomes)


def branch(walk: Walk, run: Run, blocks: Sequence[core.Block], mask: int) -> bool:
    """`if` and whatever works like it: all arms under pc + mask, then their join. What ends the run in one arm is
    felt after the join, never in another arm."""
    outside, before = walk.branch, (walk.exits, walk.returns[-1], walk.failing)
    walk.branch |= mask
    outcomes, ends = [], before
    for block in blocks:
        walk.exits, walk.returns[-1], walk.failing = before
        outcomes.append(arm(walk, run, block))
        left = (walk.exits, walk.returns[-1], walk.failing)
        ends = (ends[0] | left[0], ends[1] | left[1], ends[2] | left[2])
    walk.exits, walk.returns[-1], walk.failing = ends
    alive = rejoin(walk, outcomes)
    walk.branch = outside
    return alive


def loop(walk: Walk, run: Run, node: core.NodeId, body: core.Block, enter: Callable[[], int]) -> None:
    """A least fixpoint joined with zero iterations. `enter` evaluates the condition, binds the item, gives the mask."""
    head = walk.head(node)
    outside = walk.branch
    while True:
        head.enter(walk)
        walk.branch = outside
        walk.open()
        for name, tree in head.variables.items():
            walk.assign(name, join(walk.env.get(name, EMPTY), tree))
        walk.branch = outside | enter()
        run(walk, body)
        inside = walk.pc
        changes = walk.close()
        grown = [head.grow(name, raised(tree, inside)) for name, tree in changes.items()]
        if head.settled(walk) and not any(grown):
            break
    for name, tree in head.variables.items():
        walk.assign(name, raised(join(walk.env.get(name, EMPTY), tree), walk.pc))
    walk.branch = outside


def parallel(walk: Walk, run: Run, statement: core.Parallel) -> bool:
    """Branches share nothing they write; what ends the run in one may come before anything in the others."""
    head = walk.head(statement.id)
    while True:
        head.enter(walk)
        outcomes = [arm(walk, run, block) for block in statement.branches]
        if head.settled(walk):
            break
    for _, changes in outcomes:
        for name, tree in changes.items():
            walk.assign(name, tree)
    return all(alive for alive, _ in outcomes)


def retry(walk: Walk, run: Run, statement: core.Retry) -> bool:
    """The body from its second attempt, and the handler, under all that may have made an attempt fail."""
    head = walk.head(statement.id)
    outside, outer = walk.branch, (walk.progressive, walk.failing)
    walk.progressive = walk.progressive or (statement.attempts == 1 and statement.handler is not None)
    while True:
        if statement.attempts > 1:
            head.enter(walk)
            walk.branch = outside | head.failures
        walk.failures.append(0)
        outcomes = [arm(walk, run, statement.body)]
        failures = walk.failures.pop() | head.failures | walk.guard.anything()
        settled = statement.attempts == 1 or (head.settled(walk) and failures == head.failures)
        head.failures = failures
        if settled:
            break
    walk.progressive, walk.failing = outer
    if walk.failures:
        walk.failures[-1] |= head.failures
        if walk.progressive:
            walk.failing |= head.failures
    walk.branch = outside | head.failures
    if statement.handler is not None:
        outcomes.append(arm(walk, run, statement.handler))
    alive = rejoin(walk, outcomes, complete=statement.handler is not None)
    walk.branch = outside
    return alive


def scope(walk: Walk, run: Run, statement: core.Scope) -> bool:
    """An inlined workflow: a return ends only it, and is felt outside by its result alone."""
    callee = walk.program.workflows[statement.workflow]
    arguments = {}
    bound = []
    for (local, expression), parameter in zip(statement.parameters, callee.parameters, strict=True):
        tree = walk.domain.passed(statement.workflow, parameter, walk.here(expression))
        arguments[parameter.name] = tree
        bound.append((local, tree))
    actors = walk.actors
    for local, tree in bound:
        walk.assign(local, tree)
    if statement.principal is not None:
        walk.actors = (statement.principal, *actors)
    walk.returns.append(walk.returns[-1])
    walk.returned.append(EMPTY)
    run(walk, statement.body)
    result = raised(walk.returned.pop(), walk.pc)
    walk.returns.pop()
    walk.actors = actors
    walk.record(statement, "scope", statement.workflow, arguments, result, target=statement.target)
    walk.assign(statement.target, result)
    return True
