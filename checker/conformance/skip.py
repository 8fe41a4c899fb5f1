"""Going on without the event that the workflow has next: what was done is not recorded, or was not done."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN
from wfcheck.checker.conformance.match import forked
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.conformance.notes import CHANGED, MISSING, SOFT, Note
from wfcheck.checker.conformance.settle import bound, enter, leave
from wfcheck.checker.conformance.stack import (
    Answer,
    Begin,
    Config,
    Ended,
    Env,
    Exit,
    Fork,
    Region,
    Stack,
    Steps,
    Waiting,
)
from wfcheck.checker.conformance.step import Step
from wfcheck.dsl import core
from wfcheck.dsl.values.meanings import EvaluationError


def skips(model: Model, config: Config) -> Iterator[Step]:
    """Every way to pass over what the run waits for."""
    match config.stack:
        case Ended(outcome=outcome, beyond=beyond):
            if beyond is not None:
                why = "goes on after what ends it" if outcome == "stopped" else "goes on after a failure"
                yield Step(beyond, config.env, (Note(f"the run {why}", CHANGED),))
        case None:
            return
        case stack:
            yield from _skip(model, stack, config.env)


def _skip(model: Model, stack: Stack, env: Env) -> Iterator[Step]:
    match stack:
        case Begin(parameters=parameters, index=index, rest=rest):
            name = parameters[index].name
            note = Note(
                f"the input `{name}` is not recorded", SOFT, (("input", "user"), ("input", "")), soft=True
            )
            moved = Begin(parameters, index + 1, rest)
            yield _passed(model, "input", moved, {**env, name: UNKNOWN}, note)
        case Steps(block=block, index=index, rest=rest) if index < len(block):
            yield from _statement(model, block[index], Steps(block, index + 1, rest), env)
        case Waiting(s=s, rest=rest):
            note = Note(f"`{s.tool}` did not return", MISSING)
            yield _passed(model, "result", rest, bound(env, s.target, UNKNOWN), note)
        case Answer(s=s, rest=rest):
            note = Note(f"`{s.principal}` did not answer", MISSING)
            yield _passed(model, "input", rest, bound(env, s.target, UNKNOWN), note)
        case Region():
            yield from _region(model, stack, env)
        case Fork(branches=branches):
            for place, branch in enumerate(branches):
                for step in () if branch is None else _skip(model, branch, env):
                    yield attrs.evolve(step, stack=forked(stack, place, step.stack))
        case _:
            return


def _passed(model: Model, kind: str, stack: Stack | None, env: Env, note: Note) -> Step:
    """Where the format cannot show it, nothing is wrong with it."""
    if kind in model.hidden:
        return Step(stack, env, (), f"the trace format does not show `{kind}` events")
    return Step(stack, env, (note,), note.why)


def _region(model: Model, at: Region, env: Env) -> Iterator[Step]:
    s = at.s
    soft = Note(f"an answer of `{s.step}` is not recorded", SOFT, (("llm", s.step),), soft=True)
    match at.phase:
        case "start":
            note = Note(f"the start of `{s.step}` is not recorded", SOFT, (("step", s.step),), soft=True)
            yield _passed(model, "step", attrs.evolve(at, phase="think"), env, note)
        case "think":
            yield _passed(model, "llm", attrs.evolve(at, phase="act"), env, soft)
        case "act":
            note = Note(f"the result of `{s.step}` is not recorded", SOFT, soft=True)
            yield _passed(model, "llm", at.rest, bound(env, s.target, UNKNOWN), note)
        case "open":
            note = Note(f"`{at.calls[0][1]}` did not return", SOFT, (("result", at.calls[0][1]),), soft=True)
            yield _passed(model, "result", attrs.evolve(at, phase="think", calls=()), env, note)
        case "asked":
            note = Note("`user` did not answer", SOFT, (("input", "user"),), soft=True)
            yield _passed(model, "input", attrs.evolve(at, phase="think", steps=at.steps + 1), env, note)


def _statement(model: Model, s: core.Statement, rest: Stack, env: Env) -> Iterator[Step]:  # noqa: C901 - one flat arm per kind
    match s:
        case core.Call(tool=tool, target=target):
            note = Note(f"`{tool}` is missing", MISSING)
            yield _passed(model, "call", rest, bound(env, target, UNKNOWN), note)
        case core.Llm(step=step, target=target):
            note = Note(f"the answer of `{step}` is not recorded", SOFT, (("llm", step),), soft=True)
            yield _passed(model, "llm", rest, bound(env, target, UNKNOWN), note)
        case core.Approve():
            yield from _approve(model, s, rest, env)
        case core.ReleaseCall(release=release, target=target):
            note = Note(f"`{release}` is missing", MISSING)
            yield _passed(model, "release", rest, bound(env, target, UNKNOWN), note)
        case core.Scope(step=step):
            note = Note(f"the start of `{step}` is not recorded", SOFT, (("step", step),), soft=True)
            try:
                moved = enter(model, s, rest, env)
            except EvaluationError:
                return
            yield _passed(model, "step", moved.stack, moved.env, note)
        case core.Say():
            note = Note("what is said is missing", MISSING, (("say", ""),))
            yield _passed(model, "say", rest, env, note)
        case core.Ask(principal=principal):
            yield _passed(
                model, "ask", Answer(s, rest), env, Note(f"the question to `{principal}` is missing", MISSING)
            )
        case core.Send(principal=principal):
            yield _passed(
                model, "message", rest, env, Note(f"the message to `{principal}` is missing", MISSING)
            )
        case core.Receive(target=target):
            note = Note("the message is missing", MISSING)
            yield _passed(model, "input", rest, bound(env, target, UNKNOWN), note)
        case core.Remember(store=store):
            yield _passed(model, "remember", rest, env, Note(f"nothing was remembered in `{store}`", MISSING))
        case core.Recall(store=store, target=target):
            note = Note(f"`{store}` was not recalled", MISSING)
            yield _passed(model, "recall", rest, bound(env, target, UNKNOWN), note)
        case _:
            return


def _approve(model: Model, s: core.Approve, rest: Stack, env: Env) -> Iterator[Step]:
    """Where approvals do not show, it may also have been refused."""
    yield _passed(model, "approve", rest, env, Note("approval missing", MISSING))
    if "approve" not in model.hidden and "deny" not in model.hidden:
        return
    if s.otherwise is not None:
        yield _passed(model, "approve", Steps(s.otherwise, 0, rest), env, Note("approval missing", MISSING))
    else:
        moved = leave(model, rest, Exit("stop", None, None), env)
        yield _passed(model, "approve", moved.stack, moved.env, Note("approval missing", MISSING))
