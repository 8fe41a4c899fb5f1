"""An agent: one label for its whole context, a least fixpoint over the results it can see."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.labels import statements
from wfcheck.checker.labels.phases import Phase, Seen, plan
from wfcheck.checker.labels.state import Head, Walk
from wfcheck.checker.labels.table import USER
from wfcheck.checker.labels.tree import EMPTY, Tree, leaf, union
from wfcheck.dsl import core
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import subexpressions

CONTEXT = "context"


def agent(walk: Walk, statement: core.Agent) -> None:
    """least l = pc + ctx + results of visible tools; hidden results keep their labels, and a handle passed on adds l. A handle goes
    wherever the type of what it stands for fits. What is done before something is read does not have its label: see `phases`."""
    context = {str(i): walk.here(e) for i, e in enumerate(statement.context)}
    head = walk.head(statement.id)
    actors = walk.actors
    walk.actors = (statement.principal or walk.actor, *actors)
    start = walk.domain.made(statement.step, union(context.values()) | _asked(walk, statement) | walk.pc)
    head.grow(CONTEXT, leaf(start))
    for tool in statement.hides:
        head.grow(handle(tool), EMPTY)
    for seen in _explore(walk, statement, start).values():
        head.grow(CONTEXT, leaf(seen.context))
        for tool, mask in seen.handles.items():
            head.grow(handle(tool), leaf(mask))
    _leave_traces(walk, statement, head)
    walk.actors = actors
    result = leaf(_mask(head, CONTEXT) | _handles(walk, statement, _seen(statement, head), statement.type))
    walk.record(statement, "agent", statement.step, context, result, target=statement.target)
    walk.assign(statement.target, result)


def _explore(walk: Walk, statement: core.Agent, start: int) -> dict[Phase, Seen]:
    """What may have been seen in each phase that can be reached: a least fixpoint."""
    known = {Phase(): Seen(start, dict.fromkeys(sorted(statement.hides), 0))}
    planned = plan(statement, bounded=walk.domain.bounded)
    waiting = [Phase()]
    while waiting:
        phase = waiting.pop(0)
        for choice, may in enumerate(statement.may, 1):
            if not planned.admits(phase, choice) or walk.guard.denied(walk.actor, may, phase.armed):
                continue
            for armed, seen in _choose(walk, statement, known[phase], choice, may):
                reached = planned.after(phase, choice, armed)
                before = known.get(reached)
                if before is None or not seen.within(before):
                    known[reached] = seen if before is None else before.joined(seen)
                    waiting += [reached] if reached not in waiting else []
    return known


def _leave_traces(walk: Walk, statement: core.Agent, head: Head) -> None:
    """Whether a place was written was the agent's choice, too, until its end."""
    seen = _seen(statement, head)
    whole = seen.context | _handles(walk, statement, seen)
    for may in statement.may:
        if may.act != "tool" or may.tool is None:
            _talk(walk, may, whole)
            continue
        for store in walk.program.tools[may.tool].writes:
            walk.memory.write(store, leaf(whole))


def _seen(statement: core.Agent, head: Head) -> Seen:
    return Seen(_mask(head, CONTEXT), {t: _mask(head, handle(t)) for t in sorted(statement.hides)})


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


def handle(tool: str) -> str:
    """The name, in the head of an agent, of the label of what it has handles for."""
    return f"handle {tool}"


def _handles(walk: Walk, statement: core.Agent, seen: Seen, type_: Type | None = None) -> int:
    """What hidden results carry that can stand where a value of the type is wanted; None: where anything can."""
    mask = 0
    for symbol in statement.hides:
        if type_ is None or walk.domain.fits(walk.program.tools[symbol].result, type_):
            mask |= seen.handles[symbol]
    return mask


Next = Iterator[tuple[frozenset[int], Seen]]
"""What has been seen after an act, and which rules of the guard it armed."""


def _choose(walk: Walk, statement: core.Agent, seen: Seen, index: int, may: core.May) -> Next:
    """One thing the agent may do."""
    if may.act == "tool" and may.tool is not None:
        yield from _use(walk, statement, seen, index, may, walk.program.tools[may.tool])
        return
    passed = seen.context | _handles(walk, statement, seen)
    learned = _talk(walk, may, passed) | _told(walk, statement, may, {"text": leaf(passed)}, seen)
    subject = USER if may.act in ("say", "ask") else may.tool
    kind = "message" if may.act == "send" else may.act
    walk.record(
        statement,
        "say" if kind == "tool" else kind,
        subject,
        {"text": leaf(passed)},
        leaf(learned),
        index=index,
        decision=seen.context,
        agent=statement.step,
    )
    yield walk.guard.arms(walk.actor, may, failed=False), Seen(seen.context | learned, seen.handles)


def _use(walk: Walk, statement: core.Agent, seen: Seen, index: int, may: core.May, tool: core.Tool) -> Next:
    decision = seen.context
    arguments = {p.name: leaf(decision | _handles(walk, statement, seen, p.type)) for p in tool.parameters}
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
    told = _refusal(walk, may, arguments) | _told(walk, statement, may, arguments, seen)
    context, handles = decision | told, seen.handles
    if tool.symbol in statement.hides:
        handles = {**handles, tool.symbol: handles[tool.symbol] | result.every}
    armed = walk.guard.arms(walk.actor, may, failed=False)
    visible = 0 if tool.symbol in statement.hides else result.every
    yield armed, Seen(context | visible, handles)
    if armed != walk.guard.arms(walk.actor, may, failed=True):
        yield (
            walk.guard.arms(walk.actor, may, failed=True),
            Seen(context | _failing(walk, visible), seen.handles),
        )


def _failing(walk: Walk, visible: int) -> int:
    """Whether a call fails may tell of all that its result could tell of, unless it is assumed not to."""
    return 0 if walk.guard.denies else visible


def _told(walk: Walk, statement: core.Agent, may: core.May, arguments: dict[str, Tree], seen: Seen) -> int:
    """What the answer of a guard tells the agent."""
    if not walk.domain.implicit:
        return 0
    handles = _handles(walk, statement, seen)
    return walk.guard.tells(statement.id, may, arguments, handles, walk.domain.everything)


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
