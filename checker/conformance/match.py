"""One event at one place of a workflow: where the run stands if this is what happened there, and in what it differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import attrs

from wfcheck.checker.conditions.compiled import Known
from wfcheck.checker.conformance.compare import compare
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.conformance.notes import CHANGED, EXTRA, SOFT, Note
from wfcheck.checker.conformance.region import match_region
from wfcheck.checker.conformance.settle import bound, enter, leave, with_branch
from wfcheck.checker.conformance.stack import (
    Answer,
    Begin,
    Config,
    Ended,
    Env,
    Exit,
    Fork,
    Over,
    Region,
    Stack,
    Steps,
    Waiting,
    actor,
)
from wfcheck.checker.conformance.step import Step
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.values.meanings import EvaluationError

Steps_: TypeAlias = Iterator[Step]


def matches(model: Model, config: Config, view: View) -> Steps_:
    """Every way in which the event may happen where the run stands."""
    if view.kind == "end":
        return iter((_end(model, config, view),))
    if config.stack is None:
        return iter(())
    return _match(
        model, config.stack, config.env, view, actor(config.stack, config.workflow.principal or "user")
    )


def _match(model: Model, stack: Stack, env: Env, view: View, by: str) -> Steps_:
    match stack:
        case Begin():
            yield from _given(model, stack, env, view)
        case Steps(block=block, index=index, rest=rest) if index < len(block):
            yield from _statement(model, block[index], Steps(block, index + 1, rest), env, view, by)
        case Waiting():
            yield from _outcome(model, stack, env, view, by)
        case Answer(s=s, rest=rest) if view.kind == "input":
            found = compare(model, view).actor(s.principal).value(s.type, f"the answer of `{s.principal}`")
            yield found.step(rest, bound(env, s.target, found.result))
        case Region():
            yield from match_region(model, stack, env, view, by)
        case Fork(branches=branches):
            for place, branch in enumerate(branches):
                for step in () if branch is None else _match(model, branch, env, view, actor(branch, by)):
                    yield attrs.evolve(step, stack=forked(stack, place, step.stack))
        case _:
            return


def forked(stack: Fork, place: int, branch: Stack | None) -> Fork:
    """After an event of a branch the others may still leave."""
    return attrs.evolve(with_branch(stack, place, branch), held=frozenset())


def _given(model: Model, stack: Begin, env: Env, view: View) -> Steps_:
    parameter = stack.parameters[stack.index]
    if view.kind != "input" or view.event.step not in (None, parameter.name):
        return
    found = compare(model, view).actor("user").value(parameter.type, f"the input `{parameter.name}`")
    rest = Begin(stack.parameters, stack.index + 1, stack.rest)
    yield found.step(rest, {**env, parameter.name: found.result})


def _statement(  # noqa: C901 - one flat arm per kind
    model: Model, s: core.Statement, rest: Stack, env: Env, view: View, by: str
) -> Steps_:
    try:
        match s, view.kind:
            case core.Call(), "call" | "deny":
                yield from _call(model, s, rest, env, view, by)
            case core.Llm(), "llm" if view.event.step in (None, s.step):
                found = compare(model, view).actor(by).value(s.type, f"the answer of `{s.step}`")
                found.ensures(s.ensures, env)
                yield found.step(rest, bound(env, s.target, found.result))
            case core.Approve(), "approve" | "deny":
                yield from _approve(model, s, rest, env, view)
            case core.ReleaseCall(), "release" if view.event.step in (None, s.release):
                yield _release(model, s, rest, env, view, by)
            case core.Scope(), "step" if view.event.step in (None, s.step):
                moved = enter(model, s, rest, env)
                yield compare(model, view).step(moved.stack, moved.env)
            case core.Say(value=value), "say":
                yield (
                    compare(model, view)
                    .actor(by)
                    .told(model.value(value, env), "what is said")
                    .step(rest, env)
                )
            case core.Ask(value=value), "ask":
                found = compare(model, view).actor(by).to(s.principal)
                yield found.told(model.value(value, env), "the question").step(Answer(s, rest), env)
            case core.Send(values=values), "message":
                found = compare(model, view).actor(by).to(s.principal)
                yield found.told(_sent(model, values, env), "the message").step(rest, env)
            case core.Receive(principal=principal), "input" if view.event.step in (None, s.step):
                found = compare(model, view).value(s.type, "the message")
                found = found if principal is None else found.actor(principal)
                yield found.step(rest, bound(env, s.target, found.result))
            case core.Remember(), "remember" if view.event.store in (None, s.store):
                found = (
                    compare(model, view).actor(by).keyed(None if s.key is None else model.value(s.key, env))
                )
                yield found.told(model.value(s.value, env), "what is remembered").step(rest, env)
            case core.Recall(), "recall" if view.event.store in (None, s.store):
                found = (
                    compare(model, view).actor(by).keyed(None if s.key is None else model.value(s.key, env))
                )
                found = found.value(s.type, f"what `{s.store}` holds")
                yield found.step(rest, bound(env, s.target, found.result))
            case _:
                return
    except EvaluationError:
        return


def _sent(model: Model, values: tuple[core.Expr, ...], env: Env) -> Known:
    if len(values) == 1:
        return model.value(values[0], env)
    return tuple(model.value(value, env) for value in values)  # type: ignore[misc]


def _call(model: Model, s: core.Call, rest: Stack, env: Env, view: View, by: str) -> Steps_:
    if view.name != s.tool:
        return
    tool = model.program.tools[s.tool]
    found = compare(model, view).actor(by)
    found.arguments(computed(model, tool, s.arguments, env), dict(s.arguments))
    if view.kind == "call":
        yield found.step(Waiting(s, view.event.call, rest), found.learnt(env))
        return
    why = f"`{s.tool}` was denied by the host"
    denied = Note(why, SOFT, (("deny", s.tool), ("call", s.tool), ("fail", s.tool)), soft=True)
    moved = leave(model, rest, Exit("fail", None, rest), env)
    yield found.note(denied).step(moved.stack, moved.env)


def computed(
    model: Model, tool: core.Tool | None, arguments: Iterable[tuple[str, core.Expr]], env: Env
) -> Mapping[str, Known]:
    """The arguments that the workflow computes; optional ones that it leaves out are absent."""
    absent: dict[str, Known] = {} if tool is None else {p.name: None for p in tool.parameters}
    return {**absent, **{name: model.value(expression, env) for name, expression in arguments}}


def _outcome(model: Model, stack: Waiting, env: Env, view: View, by: str) -> Steps_:
    s = stack.s
    if view.kind not in ("result", "fail", "deny") or view.name != s.tool:
        return
    if stack.call is not None and view.event.call not in (None, stack.call):
        return
    if view.kind == "result":
        tool = model.program.tools[s.tool]
        found = compare(model, view).actor(by).value(tool.result, f"the result of `{s.tool}`")
        yield found.step(stack.rest, bound(env, s.target, found.result))
        return
    moved = leave(model, stack.rest, Exit("fail", None, stack.rest), env)
    found = compare(model, view)
    if view.kind == "fail":
        found.actor(by)
    else:
        found.note(
            Note("a call was denied after it began", SOFT, (("deny", s.tool), ("fail", s.tool)), soft=True)
        )
    yield found.step(moved.stack, moved.env)


def _approve(model: Model, s: core.Approve, rest: Stack, env: Env, view: View) -> Steps_:
    if s.tool is not None and view.name not in ("", s.tool):
        return
    if s.tool is None and view.name:
        return
    tool = None if s.tool is None else model.program.tools[s.tool]
    found = compare(model, view).actor(s.principal)
    if tool is not None:
        found.arguments(computed(model, tool, s.arguments, env), dict(s.arguments))
    found.shows(tuple(model.value(value, env) for value in s.shows))
    found.validity(s)
    if view.kind == "approve":
        yield found.step(rest, found.learnt(env))
    elif s.otherwise is not None:
        yield found.step(Steps(s.otherwise, 0, rest), found.learnt(env))
    else:
        moved = leave(model, rest, Exit("stop", None, rest), env)
        yield found.step(moved.stack, moved.env)


def _release(model: Model, s: core.ReleaseCall, rest: Stack, env: Env, view: View, by: str) -> Step:
    declared = model.program.releases[s.release]
    found = compare(model, view).actor(declared.by or by)
    found.arguments(computed(model, None, s.arguments, env), dict(s.arguments))
    found = found.value(declared.result, f"the result of `{s.release}`")
    return found.step(rest, bound(found.learnt(env), s.target, found.result))


def _end(model: Model, config: Config, view: View) -> Step:
    """The end of a run; a host may give up anywhere, and only where the workflow ends is it a normal end."""
    found = compare(model, view).actor(config.workflow.principal or "user")
    abnormal = view.event.error is not None
    match config.stack:
        case Ended(outcome=outcome, value=value):
            if abnormal != (outcome == "abnormal"):
                told = "fails" if abnormal else "ends normally after a failure"
                found.note(
                    Note(f"the run {told}", SOFT if abnormal else CHANGED, (("end", ""),), soft=abnormal)
                )
            elif outcome == "completed" and view.event.result is not None:
                found.told(value, "what is returned")
        case Over():
            found.note(Note("the run ends a second time", EXTRA, (("end", ""),)))
        case _ if abnormal:
            found.note(Note("the run breaks off", SOFT, (("end", ""),), soft=True))
        case _:
            found.note(Note("the run ends before the workflow does", CHANGED))
    return found.step(Over(), config.env)
