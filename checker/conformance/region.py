"""Events inside an agent region: any allowed act, up to the number of steps; then the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN, Known, Truth
from wfcheck.checker.conformance.compare import TYPED_OUTPUTS, Differences, clipped, compare, misfits
from wfcheck.checker.conformance.model import USER, Model
from wfcheck.checker.conformance.notes import BROKEN, CHANGED, SOFT, Note
from wfcheck.checker.conformance.settle import bound
from wfcheck.checker.conformance.stack import Env, Region
from wfcheck.checker.conformance.step import Step
from wfcheck.checker.conformance.values import fits
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core

STEP_BUDGETS = "step-budgets"
_ACTS = {"call": "tool", "deny": "tool", "say": "say", "ask": "ask", "message": "send",
         "remember": "remember", "recall": "recall"}  # fmt: skip
_OUTCOMES = frozenset({"result", "fail", "deny"})


def match_region(model: Model, at: Region, env: Env, view: View, by: str) -> Iterator[Step]:
    """Every way in which the event may belong to the agent."""
    s, kind = at.s, view.kind
    inner = s.principal or by
    if kind == "step" and at.phase == "start" and view.event.step in (None, s.step):
        yield compare(model, view).actor(by).step(attrs.evolve(at, phase="think"), env)
    elif kind == "llm" and at.phase == "think" and view.event.step in (None, s.step):
        yield compare(model, view).actor(inner).step(attrs.evolve(at, phase="act"), env)
        yield _finish(model, at, env, view, inner)
    elif kind == "input" and at.phase == "asked":
        yield compare(model, view).actor(USER).step(_next(at), env)
    elif kind in _OUTCOMES and (place := _open(at, view)) is not None:
        yield _outcome(model, at, env, view, place, inner)
    elif kind in _ACTS and at.phase in ("act", "open"):
        yield _act(model, at, env, view, inner)


def _finish(model: Model, at: Region, env: Env, view: View, inner: str) -> Step:
    """Its answer is its result; one that it cannot read is not recorded."""
    found, s = compare(model, view).actor(inner), at.s
    if view.event.result is None and view.event.text is None:
        return found.step(at.rest, bound(env, s.target, UNKNOWN))
    found.value(s.type, f"the result of `{s.step}`").ensures(s.ensures, env)
    return found.step(at.rest, bound(env, s.target, found.result))


def _next(at: Region) -> Region:
    return attrs.evolve(at, phase="think", steps=at.steps + 1)


def _open(at: Region, view: View) -> int | None:
    """The call that an outcome belongs to."""
    for place, (call, tool) in enumerate(at.calls):
        if tool == view.name and (call is None or view.event.call in (None, call)):
            return place
    return None


def _outcome(model: Model, at: Region, env: Env, view: View, place: int, inner: str) -> Step:
    left = at.calls[:place] + at.calls[place + 1 :]
    moved = attrs.evolve(at, calls=left, phase="open" if left else "think")
    found = compare(model, view)
    if view.kind != "deny":
        found.actor(inner)
    tool = model.program.tools[view.name]
    if view.kind == "result":
        found.value(tool.result, f"the result of `{view.name}`")
        found.doubt = None  # nobody computes with it
    elif view.kind == "deny":
        found.note(_denied(view))
    return found.step(moved, env)


def _denied(view: View) -> Note:
    about = (("deny", view.name), ("call", view.name), ("fail", view.name))
    return Note(f"`{view.name}` was denied by the host", SOFT, about, soft=True)


def _act(model: Model, at: Region, env: Env, view: View, inner: str) -> Step:
    found = compare(model, view).actor(inner)
    if at.steps >= at.s.maximum:
        why = f"`{at.s.step}` takes more than {at.s.maximum} steps"
        found.note(Note(why, BROKEN, assumption=STEP_BUDGETS))
    if at.calls:
        about = ((view.kind, view.name), *(("result", tool) for _, tool in at.calls))
        found.note(Note("the agent acts before its last call returned", SOFT, about, soft=True))
    _permitted(model, at.s, env, view, found)
    match view.kind:
        case "call":
            found.executed()
            open_ = attrs.evolve(
                at, phase="open", steps=at.steps + 1, calls=(*at.calls, (view.event.call, view.name))
            )
            return found.step(open_, env)
        case "ask":
            return found.to(USER).step(attrs.evolve(at, phase="asked"), env)
        case "deny":
            return found.note(_denied(view)).step(_next(at), env)
        case _:
            return found.step(_next(at), env)


def _permitted(model: Model, s: core.Agent, env: Env, view: View, found: Differences) -> None:
    """An act needs a `may` whose `when` is true, and arguments of the declared types."""
    act = _ACTS[view.kind]
    wanted = view.name if act == "tool" else None
    grants = [may for may in s.may if may.act == act and may.tool == wanted]
    if not grants:
        found.note(Note(f"`{s.step}` may not {_named(view)}", CHANGED))
        return
    if act != "tool":
        return
    truths = [_holds(model, may, env, view.arguments) for may in grants]
    if True not in truths:
        unsure = UNKNOWN in truths
        found.judge(
            UNKNOWN if unsure else False,
            f"`{s.step}` may not {_named(view)} with these arguments",
            "the record does not tell whether the agent may do this",
        )
    _of_their_types(model, view, found)


def _holds(model: Model, may: core.May, env: Env, arguments: Mapping[str, Known]) -> Truth:
    return True if may.condition is None else model.holds(may.condition, env, arguments)


def _named(view: View) -> str:
    return f"call `{clipped(view.name)}`" if view.kind in ("call", "deny") else view.kind


def _of_their_types(model: Model, view: View, found: Differences) -> None:
    if view.tool is None:
        return
    for parameter in view.tool.parameters:
        value = view.arguments.get(parameter.name, UNKNOWN)
        truth = False if misfits(model, view, parameter.name, value) else fits(model, value, parameter.type)
        if truth is False:
            why = f"`{parameter.name}` of `{view.name}` is not of its type"
            found.note(Note(why, BROKEN, assumption=TYPED_OUTPUTS))
        elif truth is UNKNOWN:
            found.doubt = found.doubt or f"`{parameter.name}` of `{view.name}` is not known to be of its type"
    found.no_others(view.arguments.keys() - {p.name for p in view.tool.parameters})
