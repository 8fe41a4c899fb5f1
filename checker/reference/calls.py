"""Calls of tools, by a workflow or an agent. The docstrings quote the label rules."""

from __future__ import annotations

from typing import Any

from wfcheck.checker.reference import sides
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.machine import (
    At,
    Machine,
    ToolFailureError,
    arguments_in,
    everything,
    labels_of,
)
from wfcheck.checker.reference.marks import Meets
from wfcheck.checker.reference.matching import Matcher
from wfcheck.checker.reference.minimal import conforms
from wfcheck.checker.reference.oracle import Failed, Inputs, Outcome, tell
from wfcheck.checker.reference.trampoline import PAUSE, Computation
from wfcheck.checker.reference.values import (
    NOTHING,
    Label,
    Labelled,
    build,
    joined,
    plain,
    raised,
    raised_at,
    total,
)
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.source import Span
from wfcheck.dsl.walk import subexpressions


def call(m: Machine, at: At, s: core.Call) -> Computation[None]:
    """x = tool t(a..): a_i := G(e_i) + pc; result := see `tool_result`. A failure is an error arm of the `retry` around it."""
    tool, instance, pc = m.program.tools[s.tool], m.instance(s.id), m.pc(at)
    arguments = {name: raised(m.value(expr), pc) for name, expr in s.arguments}
    name = begin(m, at, tool, arguments, s.span, pc, step=s.step)
    yield PAUSE
    values = full_arguments(tool, arguments)
    admissible = m.admits(tool.ensures, arguments_in(arguments))
    tell(m.oracle, inputs(m, tool, values))
    outcome = answered(m, tool, values, lambda: m.oracle.tool(s.id, instance, tool, values, admissible))
    for store in sorted(tool.writes):
        rewrite(m, s.id, instance, store, values)
    result = end(m, at, tool, arguments, s.span, outcome, name, pc, s.step)
    if at.retry is not None and not m.explicit:
        at.retry.label |= everything(arguments) | failure_label(m, tool, arguments, pc) | total(result)
    if isinstance(outcome, Failed):
        raise ToolFailureError(outcome.error)
    m.assign(at, s.target, result)


def full_arguments(tool: core.Tool, arguments: dict[str, Labelled]) -> dict[str, Value]:
    """The plain arguments, optional ones that were left out as absent."""
    values = {name: plain(value) for name, value in arguments.items()}
    return {p.name: values.get(p.name) for p in tool.parameters}


def inputs(m: Machine, tool: core.Tool, values: dict[str, Value]) -> Inputs:
    """What the result of a call may depend on."""
    used = tuple(value for name, value in values.items() if name not in tool.independent)
    return (*used, *(m.ensure(store).whole() for store in sorted(tool.reads)))


def begin(
    m: Machine,
    at: At,
    tool: core.Tool,
    arguments: dict[str, Labelled],
    span: Span,
    decision: Label,
    step: str | None = None,
) -> str:
    """The call event, its obligations, and what the arguments reach: a_i <= accepts(t.i); writes: label(store) grows by all
    a_i + pc; emits: see `_emit`. Returns the name that joins the call with its result."""
    label = everything(arguments) | decision
    _obligations(m, tool, arguments, span)
    for store in tool.writes:
        m.ensure(store).grow(label)
    for emission in tool.emits:
        _emit(m, tool, emission, arguments, decision, span)
    json = {name: encode(value) for name, value in full_arguments(tool, arguments).items()}
    name = f"{m.run}.{m.first + len(m.events)}"
    m.trees[m.first + len(m.events)] = absent(tool, arguments)
    m.emit(
        "call",
        at,
        span,
        everything(arguments),
        tool=tool.symbol,
        call=name,
        step=step,
        args_requested=json,
        args_executed=json,
        argument_labels=labels_of(absent(tool, arguments)),
        decision_label=NOTHING if m.explicit else decision,
    )
    return name


def _emit(
    m: Machine,
    tool: core.Tool,
    emission: core.Emission,
    arguments: dict[str, Labelled],
    decision: Label,
    span: Span,
) -> None:
    """emits: all emitted a_i + pc reach the channel. What a `when` asks about reaches it, too, also by nothing being emitted."""
    asked = joined(*(v for n, v in arguments.items() if n in condition_arguments(emission))) | decision
    if m.holds(emission.condition, arguments_in(absent(tool, arguments))) is False:
        m.memory.grow(("channel", emission.channel), asked)
        return
    emitted = [v for n, v in arguments.items() if emission.arguments is None or n in emission.arguments]
    reach(m, emission.channel, joined(*emitted) | asked, span)


def condition_arguments(emission: core.Emission) -> frozenset[str]:
    """The arguments that decide whether something is emitted."""
    if emission.condition is None:
        return frozenset()
    parts = subexpressions(emission.condition)
    return frozenset(e.name for e in parts if isinstance(e, core.Variable) and e.kind == "argument")


def absent(tool: core.Tool, arguments: dict[str, Labelled]) -> dict[str, Labelled]:
    """All arguments, with those that were left out as absent values."""
    return {p.name: arguments.get(p.name, build(None)) for p in tool.parameters}


def _obligations(m: Machine, tool: core.Tool, arguments: dict[str, Labelled], span: Span) -> None:
    values = absent(tool, arguments)
    m.demand("builtin.requires", tool.requires, arguments_in(values))
    for parameter in tool.parameters:
        if not conforms(plain(values[parameter.name]), parameter.type):
            m.breach("builtin.requires", f"{tool.symbol}.{parameter.name}", span)
    for name, accepted in tool.accepts:
        if not without_residues(m, total(values[name])) <= accepted:
            m.breach("builtin.accepts", f"{tool.symbol}.{name}", span)


def without_residues(m: Machine, label: Label) -> Label:
    """Built-in rules accept every declared release; marks are no tags."""
    return frozenset(t for t in label if not t.startswith((sides.MARK, "via ")) and t in m.program.tags)


def reach(m: Machine, channel: str, label: Label, span: Span) -> None:
    """What reaches a channel; with `clears` it is a promise."""
    m.memory.grow(("channel", channel), label)
    declared = m.program.channels.get(channel)
    if declared is not None and declared.clears is not None:
        secret = sides.secrecy(m.program, without_residues(m, label))
        if not secret <= declared.clears:
            m.breach("builtin.clearance", channel, span)


def answered(m: Machine, tool: core.Tool, values: dict[str, Value], ask: Any) -> Outcome:
    """What the call comes to; the result of a `pure` tool depends on its arguments alone."""
    if not tool.pure:
        outcome: Outcome = ask()
        return outcome
    key = (tool.symbol, repr(sorted((name, repr(encode(value))) for name, value in values.items())))
    if key not in m.memory.pure:
        m.memory.pure[key] = ask()
    return m.memory.pure[key]


def rewrite(m: Machine, site: str, instance: int, store: str, values: dict[str, Value]) -> None:
    """What a writing tool leaves in a store is the oracle's choice."""
    kept = m.ensure(store)
    tell(m.oracle, tuple(values.values()))
    for key in tuple(kept.cells) or (None,):
        kept.cells[key] = m.oracle.written(site, instance, store, kept.cell(key))


def end(
    m: Machine,
    at: At,
    tool: core.Tool,
    arguments: dict[str, Labelled],
    span: Span,
    outcome: Outcome,
    name: str,
    decision: Label,
    step: str | None = None,
) -> Labelled:
    """The result or fail event, and the labelled result (of a failure: its error, with all that a result may carry)."""
    if isinstance(outcome, Failed):
        failure = build(outcome.error, failure_label(m, tool, arguments, decision))
        m.emit("fail", at, span, total(failure), step=step, tool=tool.symbol, call=name, error=outcome.error)
        return failure
    result = tool_result(m, tool, arguments, outcome.value, decision)
    m.demand(
        "assumption", tool.ensures, {**arguments_in(absent(tool, arguments)), ("result", "result"): result}
    )
    json = encode(plain(result))
    m.emit("result", at, span, total(result), step=step, tool=tool.symbol, call=name, result=json)
    return result


def tool_result(
    m: Machine, tool: core.Tool, arguments: dict[str, Labelled], value: Value, decision: Label
) -> Labelled:
    """result := returns(t) + all a_i (less `independent of`) + label(reads) + pc; a `when` that is not false counts."""
    used = [v for n, v in arguments.items() if n not in tool.independent]
    result = m.answer(value, tool.result, joined(*used) | _reads(m, tool) | decision)
    names = {**arguments_in(absent(tool, arguments)), ("result", "result"): result}
    for returned in tool.returns:
        if m.holds(returned.condition, names) is not False:
            result = raised_at(result, returned.path, returned.tags)
    return m.marks.result(tool, result, _meets(m, tool, arguments, value))


def failure_label(m: Machine, tool: core.Tool, arguments: dict[str, Labelled], decision: Label) -> Label:
    """Whether a call fails may tell of anything that its result could tell of."""
    used = [v for n, v in arguments.items() if n not in tool.independent]
    names = arguments_in(absent(tool, arguments))
    returned = NOTHING.union(*(r.tags for r in tool.returns if m.holds(r.condition, names) is not False))
    marked = m.marks.result(tool, build(None), _meets(m, tool, arguments, None))
    return joined(*used) | returned | _reads(m, tool) | decision | total(marked)


def _meets(m: Machine, tool: core.Tool, arguments: dict[str, Labelled], value: Value) -> Meets:
    """Whether the call with this result is one of a pattern (None: it has none, as far as is known)."""
    json = {name: encode(given) for name, given in full_arguments(tool, arguments).items()}
    made = (e for e in reversed(m.events) if e.kind == "call" and e.tool == tool.symbol)
    event = next(e for e in made if e.args_executed == json)
    result = Event(kind="result", seq=event.seq + 1, tool=event.tool, call=event.call, result=encode(value))
    matcher = Matcher(Log(m.program, [event] if value is None else [event, result]), False)
    return lambda pattern: matcher.holds(pattern, 0, evidence=False)


def _reads(m: Machine, tool: core.Tool) -> Label:
    stores = (m.ensure(store).read_label(None, False) | m.marks.store(store) for store in sorted(tool.reads))
    return NOTHING.union(*stores)


def sight(m: Machine, principal: str, label: Label, span: Span) -> None:
    """What a principal is shown; nothing was promised without `clears`."""
    declared = m.program.principals.get(principal)
    if declared is not None and declared.clears is not None:
        secret = sides.secrecy(m.program, without_residues(m, label))
        if not secret <= declared.clears:
            m.breach("builtin.sight", principal, span)
