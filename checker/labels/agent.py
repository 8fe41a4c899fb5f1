"""An agent: one label for its whole context, a least fixpoint over the results it can see."""

from __future__ import annotations

from wfcheck.checker.labels import statements
from wfcheck.checker.labels.state import Head, Walk
from wfcheck.checker.labels.table import USER
from wfcheck.checker.labels.tree import EMPTY, Tree, leaf, union
from wfcheck.dsl import core
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import subexpressions

CONTEXT = "context"


def agent(walk: Walk, statement: core.Agent) -> None:
    """least l = pc + ctx + results of visible tools; hidden results keep their labels, and a handle passed on adds l. A handle goes
    wherever the type of what it stands for fits."""
    context = {str(i): walk.here(e) for i, e in enumerate(statement.context)}
    head = walk.head(statement.id)
    actors = walk.actors
    walk.actors = (statement.principal or walk.actor, *actors)
    start = walk.domain.made(statement.step, union(context.values()) | _asked(walk, statement) | walk.pc)
    head.grow(CONTEXT, leaf(start))
    for tool in statement.hides:
        head.grow(_handle(tool), EMPTY)
    while any(_choose(walk, statement, head, i, may) for i, may in enumerate(statement.may, 1)):
        pass
    walk.actors = actors
    result = leaf(_mask(head, CONTEXT) | _handles(walk, statement, head, statement.type))
    walk.record(statement, "agent", statement.step, context, result, target=statement.target)
    walk.assign(statement.target, result)


def _asked(walk: Walk, statement: core.Agent) -> int:
    """What the conditions of its `may` ask of the workflow's variables: a refusal tells the agent of it."""
    if not walk.domain.implicit:
        return 0
    conditions = [may.condition for may in statement.may if may.condition is not None]
    names = {
        part.name: EMPTY
        for condition in conditions
        for part in subexpressions(condition)
        if isinstance(part, core.Variable) and part.kind == "argument"
    }
    return union(walk.value(condition, names) for condition in conditions)


def _mask(head: Head, name: str) -> int:
    return head.variables[name].every


def _handle(tool: str) -> str:
    return f"handle {tool}"


def _handles(walk: Walk, statement: core.Agent, head: Head, type_: Type | None = None) -> int:
    """What hidden results carry that can stand where a value of the type is wanted; None: where anything can."""
    tools = [walk.program.tools[t] for t in statement.hides]
    fitting = (t for t in tools if type_ is None or walk.domain.fits(t.result, type_))
    return union(head.variables[_handle(t.symbol)] for t in fitting)


def _choose(walk: Walk, statement: core.Agent, head: Head, index: int, may: core.May) -> bool:
    """One thing the agent may do, at any moment; whether its context or its handles grew."""
    if may.act == "tool" and may.tool is not None:
        return _use(walk, statement, head, index, may, walk.program.tools[may.tool])
    decision = _mask(head, CONTEXT)
    passed = decision | _handles(walk, statement, head)
    learned = _talk(walk, may, passed)
    subject = USER if may.act in ("say", "ask") else may.tool
    kind = "message" if may.act == "send" else may.act
    walk.record(
        statement,
        "say" if kind == "tool" else kind,
        subject,
        {"text": leaf(passed)},
        leaf(learned),
        index=index,
        decision=decision,
        agent=statement.step,
    )
    return head.grow(CONTEXT, leaf(learned))


def _use(walk: Walk, statement: core.Agent, head: Head, index: int, may: core.May, tool: core.Tool) -> bool:
    decision = _mask(head, CONTEXT)
    arguments = {p.name: leaf(decision | _handles(walk, statement, head, p.type)) for p in tool.parameters}
    result = statements.call(walk, tool, arguments, decision)
    walk.record(
        statement,
        "call",
        tool.symbol,
        arguments,
        result,
        index=index,
        decision=decision,
        agent=statement.step,
    )
    name = _handle(tool.symbol) if tool.symbol in statement.hides else CONTEXT
    learned = head.grow(CONTEXT, leaf(_refusal(walk, may, arguments)))
    return head.grow(name, leaf(result.every)) or learned


def _refusal(walk: Walk, may: core.May, arguments: dict[str, Tree]) -> int:
    """Whether a call was admitted tells the agent about what its `when` asks, also where a handle stood for a hidden result."""
    if may.condition is None or not walk.domain.implicit:
        return 0
    asked = {
        part.name
        for part in subexpressions(may.condition)
        if isinstance(part, core.Variable) and part.kind == "argument"
    }
    return union(tree for name, tree in arguments.items() if name in asked)


def _talk(walk: Walk, may: core.May, passed: int) -> int:
    """What an act other than a tool call adds to the agent's context; messages and notes may go anywhere."""
    stores = walk.program.stores.values()
    match may.act:
        case "say":
            walk.memory.send(USER, passed)
        case "ask":
            walk.memory.send(USER, passed)
            return walk.domain.answered(USER, 0).every
        case "send":
            for principal in _receivers(walk, may):
                walk.memory.send(principal, passed)
        case "remember":
            for store in stores:
                if may.tool in (None, store.symbol):
                    walk.memory.write(store.symbol, leaf(passed))
        case "recall":
            return union(walk.memory.stores[s.symbol] for s in stores if may.tool in (None, s.symbol))
    return 0


def _receivers(walk: Walk, may: core.May) -> tuple[str, ...]:
    return (may.tool,) if may.tool is not None else (*walk.program.principals, USER)
