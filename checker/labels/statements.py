"""The label rules, one small function per statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from wfcheck.checker.labels import agent as agents
from wfcheck.checker.labels import partitions, regions
from wfcheck.checker.labels.state import Walk
from wfcheck.checker.labels.table import USER
from wfcheck.checker.labels.tree import EMPTY, Tree, join, leaf, raised, union
from wfcheck.dsl import core

Plain: TypeAlias = (
    core.Let
    | core.Call
    | core.Llm
    | core.Agent
    | core.ReleaseCall
    | core.Say
    | core.Ask
    | core.Send
    | core.Receive
    | core.Remember
    | core.Recall
)


def run(walk: Walk, block: core.Block) -> bool:
    """Walk a block; whether its end can be reached. What stands after a stop is walked all the same."""
    alive = True
    for statement in block:
        alive = step(walk, statement) and alive
    return alive


def step(walk: Walk, statement: core.Statement) -> bool:
    """Walk one statement; whether its end can be reached."""
    match statement:
        case core.If():
            return _if(walk, statement)
        case core.For():
            return _for(walk, statement)
        case core.While():
            return _while(walk, statement)
        case core.Parallel():
            return regions.parallel(walk, run, statement)
        case core.Retry():
            return regions.retry(walk, run, statement)
        case core.Scope():
            return regions.scope(walk, run, statement)
        case core.Approve():
            return _approve(walk, statement)
        case core.Stop() | core.Return():
            return _leave(walk, statement)
        case _:
            _plain(walk, statement)
            return True


def _plain(walk: Walk, statement: Plain) -> None:
    match statement:
        case core.Let():
            _let(walk, statement)
        case core.Call():
            _call(walk, statement)
        case core.Llm():
            _llm(walk, statement)
        case core.Agent():
            agents.agent(walk, statement)
        case core.ReleaseCall():
            _release(walk, statement)
        case core.Say():
            _say(walk, statement)
        case core.Ask():
            _ask(walk, statement)
        case core.Send():
            _send(walk, statement)
        case core.Receive():
            _receive(walk, statement)
        case core.Remember():
            _remember(walk, statement)
        case core.Recall():
            _recall(walk, statement)
        case _:
            assert_never(statement)


def _let(walk: Walk, statement: core.Let) -> None:
    tree = walk.here(statement.value)
    walk.record(statement, "let", None, {"": tree}, tree, target=statement.target)
    walk.assign(statement.target, tree)


def _if(walk: Walk, statement: core.If) -> bool:
    condition = walk.value(statement.condition)
    walk.record(statement, "branch", None, {"": condition})
    return regions.branch(walk, run, (statement.then, statement.otherwise), condition.every)


def _for(walk: Walk, statement: core.For) -> bool:
    def enter() -> int:
        items = walk.value(statement.source)
        walk.record(statement, "branch", None, {"": items}, target=statement.item)
        length = items.own if walk.domain.implicit else 0
        walk.assign(statement.item, raised(items.element(), walk.pc | length))
        return items.own

    regions.loop(walk, run, statement.id, statement.body, enter)
    return True


def _while(walk: Walk, statement: core.While) -> bool:
    def enter() -> int:
        condition = walk.value(statement.condition)
        walk.record(statement, "branch", None, {"": condition})
        return condition.every

    regions.loop(walk, run, statement.id, statement.body, enter)
    return True


def _named(walk: Walk, values: Iterable[tuple[str, core.Expr]]) -> dict[str, Tree]:
    return {name: walk.here(value) for name, value in values}


def _numbered(walk: Walk, values: Iterable[core.Expr], prefix: str = "") -> dict[str, Tree]:
    return {f"{prefix}{index}": walk.here(value) for index, value in enumerate(values)}


def _call(walk: Walk, statement: core.Call) -> None:
    tool = walk.program.tools[statement.tool]
    arguments = _named(walk, statement.arguments)
    result = call(walk, tool, arguments, walk.pc)
    walk.record(statement, "call", tool.symbol, arguments, result, target=statement.target)
    walk.assign(statement.target, result)


def call(walk: Walk, tool: core.Tool, arguments: dict[str, Tree], decision: int) -> Tree:
    """The result of a call; the stores that the tool writes grow by all arguments, by what it reads, and by the decision."""
    given = {name: walk.domain.argument(tool, name, tree) for name, tree in arguments.items()}
    reads = walk.read(tool.symbol)
    for store in tool.writes:
        walk.memory.write(store, leaf(union(given.values()) | reads | decision))
    return walk.domain.result(tool, given, reads, decision)


def _llm(walk: Walk, statement: core.Llm) -> None:
    context = _numbered(walk, statement.context)
    result = leaf(walk.domain.made(statement.step, union(context.values()) | walk.pc))
    walk.record(statement, "llm", statement.step, context, result, target=statement.target)
    walk.assign(statement.target, result)


def _release(walk: Walk, statement: core.ReleaseCall) -> None:
    arguments = _named(walk, statement.arguments)
    plain = {name: walk.value(value) for name, value in statement.arguments}
    result = walk.domain.released(statement.release, plain, walk.pc)
    walk.record(statement, "release", statement.release, arguments, result, target=statement.target)
    walk.assign(statement.target, result)


def _approve(walk: Walk, statement: core.Approve) -> bool:
    given = {**_named(walk, statement.arguments), **_numbered(walk, statement.shows, "shows")}
    shown = {name: walk.domain.presented(tree) for name, tree in given.items()}
    walk.record(statement, "approve", statement.principal, shown)
    seen = union(walk.value(e) for e in (*(v for _, v in statement.arguments), *statement.shows))
    left = walk.domain.approved(statement.principal, seen, walk.show(union(shown.values())))
    if statement.otherwise is None:
        walk.exits |= walk.pc | left
        return True
    return regions.branch(walk, run, ((), statement.otherwise), left)


def _leave(walk: Walk, statement: core.Stop | core.Return) -> bool:
    if isinstance(statement, core.Stop):
        walk.record(statement, "stop", None, {})
        walk.exits |= walk.pc
        return False
    value = EMPTY if statement.value is None else walk.value(statement.value)
    tree = raised(value, walk.pc)
    walk.record(statement, "return", None, {"": tree})
    walk.returned[-1] = join(walk.returned[-1], tree)
    walk.returns[-1] |= walk.pc
    return False


def _say(walk: Walk, statement: core.Say) -> None:
    shown = walk.here(statement.value)
    walk.record(statement, "say", USER, {"text": shown})
    walk.memory.send(USER, shown.every | walk.pc)


def _ask(walk: Walk, statement: core.Ask) -> None:
    shown = walk.here(statement.value)
    walk.memory.send(statement.principal, shown.every | walk.pc)
    result = walk.domain.answered(statement.principal, walk.pc)
    walk.record(statement, "ask", statement.principal, {"text": shown}, result, target=statement.target)
    walk.assign(statement.target, result)


def _send(walk: Walk, statement: core.Send) -> None:
    values = _numbered(walk, statement.values)
    walk.record(statement, "message", statement.principal, values)
    walk.memory.send(statement.principal, union(values.values()) | walk.pc)


def _receive(walk: Walk, statement: core.Receive) -> None:
    inbox = walk.memory.inboxes.get(walk.actor, 0)
    result = walk.domain.received(statement.step, statement.principal, inbox, walk.pc)
    walk.record(statement, "receive", statement.principal, {}, result, target=statement.target)
    walk.assign(statement.target, result)


def _remember(walk: Walk, statement: core.Remember) -> None:
    value = walk.here(statement.value)
    key = EMPTY if statement.key is None else walk.value(statement.key)
    walk.record(statement, "remember", statement.store, {"value": value, "key": key})
    store = walk.program.stores[statement.store]
    walk.memory.write(store.symbol, partitions.kept(store, statement.key, value.every | key.every, walk.pc))


def _recall(walk: Walk, statement: core.Recall) -> None:
    held = partitions.held(
        walk.memory.stores[statement.store], walk.program.stores[statement.store], statement.key
    )
    key = 0 if statement.key is None else walk.value(statement.key).every
    chosen = 0 if statement.condition is None else walk.value(statement.condition, {"it": held}).every
    result = raised(held, key | chosen | walk.pc)
    given = {"where": leaf(chosen | key)}
    walk.record(statement, "recall", statement.store, given, result, target=statement.target)
    walk.assign(statement.target, result)
