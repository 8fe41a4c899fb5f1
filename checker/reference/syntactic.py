"""What a block may do, read off its text: the variables it assigns, the places it writes, the ways it is left early."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

from wfcheck.dsl import core

Place: TypeAlias = tuple[Literal["store", "inbox", "channel"], str]
Exit: TypeAlias = Literal["stop", "return", "fail"]


@attrs.frozen
class Effects:
    """`exits`: `stop` ends the run, `return` the inlined workflow, `fail` a retried body."""

    variables: frozenset[str]
    places: frozenset[Place]
    exits: frozenset[Exit]


@attrs.frozen
class _Visit:
    statement: core.Statement
    returns: bool  # a return here leaves the block that is asked about
    fails: bool  # a failure here does


def effects(program: core.Program, *blocks: core.Block) -> Effects:
    """The union over all statements of the blocks, however deep."""
    variables: set[str] = set()
    places: set[Place] = set()
    exits: set[Exit] = set()
    for visit in _visits(blocks):
        variables |= _assigned(visit.statement)
        places |= _places(program, visit.statement)
        exits |= _exits(visit)
    return Effects(frozenset(variables), frozenset(places), frozenset(exits))


def _visits(blocks: tuple[core.Block, ...]) -> Iterator[_Visit]:
    stack = [(block, True, True) for block in blocks]
    while stack:
        block, returns, fails = stack.pop()
        for statement in block:
            yield _Visit(statement, returns, fails)
            match statement:
                case core.Scope(body=body):
                    stack.append((body, False, fails))
                case core.Retry(body=body, handler=handler):
                    stack.append((body, returns, fails and handler is None))
                    stack.append((handler or (), returns, fails))
                case _:
                    stack.extend((nested, returns, fails) for nested in blocks_of(statement))


def statements(block: core.Block) -> Iterator[core.Statement]:
    """All statements of a block, however deep."""
    return (visit.statement for visit in _visits((block,)))


def blocks_of(statement: core.Statement) -> tuple[core.Block, ...]:
    """The blocks that a statement owns."""
    match statement:
        case core.If(then=then, otherwise=otherwise):
            return (then, otherwise)
        case core.For(body=body) | core.While(body=body) | core.Scope(body=body):
            return (body,)
        case core.Parallel(branches=branches):
            return branches
        case core.Retry(body=body, handler=handler):
            return (body, handler or ())
        case core.Approve(otherwise=otherwise):
            return (otherwise or (),)
        case _:
            return ()


def _assigned(statement: core.Statement) -> frozenset[str]:
    match statement:
        case core.Let(target=name) | core.For(item=name):
            return frozenset({name})
        case core.Scope(target=target, parameters=parameters):
            return frozenset({name for name, _ in parameters} | ({target} if target else set()))
        case (
            core.Call(target=target)
            | core.Llm(target=target)
            | core.Agent(target=target)
            | core.ReleaseCall(target=target)
            | core.Ask(target=target)
            | core.Receive(target=target)
            | core.Recall(target=target)
        ):
            return frozenset() if target is None else frozenset({target})
        case _:
            return frozenset()


def tool_places(tool: core.Tool) -> frozenset[Place]:
    """The stores that a tool writes and the channels that it may emit to."""
    stores: list[Place] = [("store", store) for store in tool.writes]
    channels: list[Place] = [("channel", emission.channel) for emission in tool.emits]
    return frozenset(stores + channels)


def _places(program: core.Program, statement: core.Statement) -> frozenset[Place]:
    match statement:
        case core.Call(tool=tool):
            return tool_places(program.tools[tool])
        case core.Agent(may=may):
            return frozenset().union(*(_may_places(program, act) for act in may))
        case core.Say():
            return frozenset({("inbox", "user")})
        case core.Ask(principal=principal) | core.Send(principal=principal):
            return frozenset({("inbox", principal)})
        case core.Remember(store=store):
            return frozenset({("store", store)})
        case _:
            return frozenset()


def _may_places(program: core.Program, may: core.May) -> frozenset[Place]:
    """An agent that may send, sends to anyone; one that may remember, remembers anywhere."""
    match may.act:
        case "tool":
            assert may.tool is not None
            return tool_places(program.tools[may.tool])
        case "say" | "ask":
            return frozenset({("inbox", "user")})
        case "send":
            return frozenset({("inbox", principal) for principal in program.principals})
        case "remember":
            return frozenset({("store", store) for store in program.stores})
        case _:
            return frozenset()


def _exits(visit: _Visit) -> frozenset[Exit]:
    match visit.statement:
        case core.Stop():
            return frozenset({"stop"})
        case core.Approve(otherwise=None):
            return frozenset({"stop"})
        case core.Return() if visit.returns:
            return frozenset({"return"})
        case core.Call() if visit.fails:
            return frozenset({"fail"})
        case _:
            return frozenset()
