"""An agent region: a loop in which the oracle picks any allowed act."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.checker.reference import acts, calls, sides
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.reference.machine import (
    AbnormalError,
    At,
    Machine,
    NotARunError,
    arguments_in,
)
from wfcheck.checker.reference.minimal import conforms
from wfcheck.checker.reference.oracle import (
    Act,
    AskUser,
    CallTool,
    Failed,
    Finish,
    Handle,
    RecallFrom,
    RememberIn,
    SayText,
    SendTo,
    tell,
)
from wfcheck.checker.reference.trampoline import PAUSE, Computation, wait
from wfcheck.checker.reference.values import Label, Labelled, build, joined, plain, raised, total
from wfcheck.dsl import core
from wfcheck.dsl.core import Value


@attrs.define
class Region:
    """One run of a region. `label`: of all that the agent has seen, `seen`: all of it. `hidden`: results by the step that called."""

    s: core.Agent
    at: At
    instance: int
    label: Label
    seen: tuple[Value, ...]
    step: int = 0
    hidden: dict[int, Labelled] = attrs.field(factory=dict)


def region(m: Machine, at: At, s: core.Agent) -> Computation[None]:
    """agent: least l = pc + ctx + results of visible tools; every call decision and every argument has label l (with {model},
    as for any model output); a hidden result keeps its own label; passing its handle adds l. Phase-sensitive: what was done
    before something was read does not have its label. Running out of steps is progress."""
    context = [m.value(expr) for expr in s.context]
    shown = joined(*context) | m.pc(at)
    label = shown | {sides.MODEL} | m.marks.step(s.step)
    begun = m.emit("step", at, s.span, label, step=s.step, argument_labels={"context": shown})
    inner = attrs.evolve(at, actor=s.principal or at.actor, agent=s.step, parent=begun.id)
    calls.sight(m, inner.actor, shown, s.span)
    state = Region(s, inner, m.instance(s.id), label, tuple(map(plain, context)))
    while True:
        m.spend()
        yield PAUSE
        tell(m.oracle, state.seen)
        act = m.oracle.agent(s.id, state.instance, state.step, s, m.admits(s.ensures, {}))
        _answer_event(m, state, act)
        if isinstance(act, Finish):
            break
        if state.step >= s.maximum:
            raise AbnormalError(f"the agent took more than {s.maximum} steps")
        yield from wait(_act(m, state, act))
        state.step += 1
    _finish(m, at, state, act)


def _answer_event(m: Machine, state: Region, act: Act) -> None:
    """Each step of an agent is one answer of its model; the last one is its result, unless it passes on what it has not seen."""
    said = act.value if isinstance(act, Finish) and not isinstance(act.value, Handle) else None
    m.emit(
        "llm",
        state.at,
        state.s.span,
        state.label,
        step=state.s.step,
        result=encode(said),
        argument_labels={"context": state.label},
    )


def _finish(m: Machine, at: At, state: Region, act: Finish) -> None:
    """The value is made by the model, or is a hidden result that it passes on. Whether a place was written was its choice."""
    s = state.s
    value = _resolve(m, state, act.value)
    if not conforms(plain(value), s.type):
        raise NotARunError("the agent's result is not of its type")
    m.demand("assumption", s.ensures, {("result", "result"): value})
    m.untaken(m.control(at, state.label), (s,))
    m.assign(at, s.target, value)


def _resolve(m: Machine, state: Region, value: Value | Handle) -> Labelled:
    """A value that the agent made has label l; passing a handle adds l to the label of what it stands for."""
    if not isinstance(value, Handle):
        return build(value, state.label | m.pc(state.at))
    if value.call not in state.hidden:
        raise NotARunError(f"there is no hidden result of step {value.call}")
    return raised(state.hidden[value.call], state.label | m.pc(state.at))


def _permit(m: Machine, state: Region, act: str, tool: str | None, values: Mapping[str, Labelled]) -> None:
    """A call needs a `may` whose `when` is true."""
    grants = [g for g in state.s.may if g.act == act and g.tool == tool]
    if not any(m.holds(grant.condition, arguments_in(dict(values))) is True for grant in grants):
        raise NotARunError(f"`{state.s.step}` may not {tool or act} this")


def _act(m: Machine, state: Region, act: Act) -> Computation[None]:
    match act:
        case CallTool():
            yield from wait(_call(m, state, act))
        case SayText(value=value):
            _tell(m, state, value, "say", sides.USER)
        case AskUser():
            yield from wait(_ask(m, state, act))
        case SendTo(value=value, principal=principal):
            sent = _tell(m, state, value, "message", principal, act="send")
            m.memory.inbox(principal).pending.append((state.at.actor, plain(sent)))
        case RememberIn(value=value, store=store):
            _remember(m, state, value, store)
        case RecallFrom(store=store):
            _recall(m, state, store)
        case Finish():
            raise AssertionError("a region ends with it")


def _call(m: Machine, state: Region, act: CallTool) -> Computation[None]:
    """Decision and arguments have label l; a visible result, also a visible failure, joins l."""
    if act.tool not in m.program.tools:
        raise NotARunError(f"there is no tool `{act.tool}`")
    tool, at, decision = m.program.tools[act.tool], state.at, state.label | m.pc(state.at)
    arguments = {name: _resolve(m, state, value) for name, value in act.arguments.items()}
    _typed(tool, arguments)
    _permit(m, state, "tool", act.tool, calls.absent(tool, arguments))
    name = calls.begin(m, at, tool, arguments, state.s.span, decision, step=state.s.step)
    yield PAUSE
    values = calls.full_arguments(tool, arguments)
    admissible = m.admits(tool.ensures, arguments_in(calls.absent(tool, arguments)))
    tell(m.oracle, calls.inputs(m, tool, values))
    site, instance, step = state.s.id, state.instance, state.step
    outcome = calls.answered(
        m, tool, values, lambda: m.oracle.agent_tool(site, instance, step, tool, values, admissible)
    )
    for store in sorted(tool.writes):
        calls.rewrite(m, site, instance, store, values)
    result = calls.end(m, at, tool, arguments, state.s.span, outcome, name, decision, state.s.step)
    if act.tool not in state.s.hides:
        _see(m, state, result)
    elif not isinstance(outcome, Failed):
        state.hidden[step] = result


def _see(m: Machine, state: Region, value: Labelled) -> None:
    """What is not hidden joins the context."""
    calls.sight(m, state.at.actor, total(value), state.s.span)
    state.label |= total(value)
    state.seen = (*state.seen, plain(value))


def _typed(tool: core.Tool, arguments: Mapping[str, Labelled]) -> None:
    known = {p.name: p for p in tool.parameters}
    for name in arguments.keys() - known.keys():
        raise NotARunError(f"`{tool.symbol}` has no argument `{name}`")
    for parameter in tool.parameters:
        value = plain(arguments[parameter.name]) if parameter.name in arguments else None
        if not conforms(value, parameter.type):
            raise NotARunError(f"`{tool.symbol}.{parameter.name}` is not of its type")


def _tell(
    m: Machine, state: Region, value: Value | Handle, kind: str, principal: str, act: str | None = None
) -> Labelled:
    """say: as send to user; all of it has label l."""
    said = _resolve(m, state, value)
    _permit(m, state, act or kind, None, {"text": said})
    acts.tell(m, state.at, said, kind, principal, state.s.span, decision=state.label | m.pc(state.at))
    return said


def _ask(m: Machine, state: Region, act: AskUser) -> Computation[None]:
    """The answer has {user} + l, and joins l."""
    _tell(m, state, act.value, "ask", sides.USER)
    yield PAUSE
    said = m.oracle.agent_answer(state.s.id, state.instance, state.step, act.type)
    answer = m.answer(said, act.type, state.label | {sides.USER} | m.pc(state.at))
    acts.heard(m, state.at, answer, sides.USER, state.s.step, state.s.span)
    _see(m, state, answer)


def _remember(m: Machine, state: Region, value: Value | Handle, store: str) -> None:
    kept = _resolve(m, state, value)
    _permit(m, state, "remember", None, {"text": kept})
    m.ensure(store).grow(total(kept))
    m.ensure(store).write(plain(kept), None, False)
    m.emit("remember", state.at, state.s.span, total(kept), store=store, result=encode(plain(kept)))


def _recall(m: Machine, state: Region, store: str) -> None:
    _permit(m, state, "recall", None, {})
    label = m.ensure(store).read_label(None, False) | state.label | m.pc(state.at) | m.marks.store(store)
    found = build(m.ensure(store).read(None, False), label)
    m.emit("recall", state.at, state.s.span, label, store=store, result=encode(plain(found)))
    state.label |= label
