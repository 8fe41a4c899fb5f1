"""Candidates that keep a call from happening where it may not: a condition in front of it, or around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.job import Job, denied, passed, said, tested
from wfcheck.checker.repair.places import Place, before, instead, spread
from wfcheck.dsl import core, syntax


def sites(job: Job, event: core.EventPattern) -> Iterator[tuple[core.Call, Place, core.EventChoice]]:
    """The calls of the workflow that a pattern may be about, each with the choice that is."""
    for call, place in job.calls:
        for choice in event.choices:
            if choice.kind == "call" and (not choice.subjects or call.tool in choice.subjects):
                yield call, place, choice
                break


def forbidden(job: Job, body: core.Forbid) -> Iterator[Candidate]:
    """Of a `forbid`: the call only where neither its arguments nor the condition are the forbidden ones."""
    for call, place, choice in sites(job, body.event):
        names = passed(call, place)
        parts = tested(choice, names)
        if parts is None:
            continue
        condition = None if body.condition is None else said(body.condition, names)
        if body.condition is not None and condition is None:
            continue
        parts += [] if condition is None else [condition]
        if parts:
            yield from around(call, place, together(parts, "and"))
    for _, place, written in job.agents:
        yield from _may_unless(job, place, written, body)


def granted(job: Job, body: core.Allow) -> Iterator[Candidate]:
    """Of grants: the call only where a line grants it."""
    for call, place in job.calls:
        lines = [line for line in (_line(g, call, place) for g in body.grants) if line is not None]
        if lines and all(lines):
            yield from around(call, place, denied(together(lines, "or")))


def _line(grant: core.Grant, call: core.Call, place: Place) -> str | None:
    """When a line grants a call: None if it is about other calls; empty if that cannot be said."""
    names = passed(call, place)
    for choice in grant.event.choices:
        if choice.kind == "call" and (not choice.subjects or call.tool in choice.subjects):
            parts = tested(choice, names)
            condition = None if grant.condition is None else said(grant.condition, names)
            if parts is None or (grant.condition is not None and condition is None):
                return ""
            return together([*parts, *([] if condition is None else [condition])], "and")
    return None


def required(job: Job) -> Iterator[Candidate]:
    """Of `requires`: the call only where what it requires is so."""
    for call, place in job.calls:
        names = passed(call, place)
        wanted = [said(c.condition, names) for c in job.program.tools[call.tool].requires]
        parts = [text for text in wanted if text is not None]
        yield from (c for text in parts for c in around(call, place, denied(text)))
        if len(parts) > 1:
            yield from around(call, place, denied(together(parts, "and")))


def around(call: core.Call, place: Place, bad: str) -> Iterator[Candidate]:
    """The call only where a condition is not so: the run stops before it, or goes on without it."""
    tool = call.tool.partition("@")[0]
    stop = spread(f"if {bad}", place.indent, [f'stop "`{tool}` is not allowed here"'])
    yield Candidate(f"stop before `{tool}` if `{bad}`", (before(place, stop),))
    good = denied(bad)
    wrapped = spread(f"if {good}", place.indent, [place.text])
    yield Candidate(f"call `{tool}` only if `{good}`", (instead(place, wrapped),))


def together(parts: Iterable[str], word: str) -> str:
    """Conditions as one."""
    listed = list(dict.fromkeys(parts))
    if len(listed) == 1:
        return listed[0]
    return f" {word} ".join(f"({part})" if _loose(part) else part for part in listed)


def _loose(part: str) -> bool:
    return any(f" {word} " in part for word in ("and", "or", "implies", "if"))


def _may_unless(
    job: Job, place: Place, written: syntax.AgentStatement, body: core.Forbid
) -> Iterator[Candidate]:
    """The condition of a `may`: the opposite of what is forbidden."""
    for item in written.may:
        name = place.source.text[item.name.span.start : item.name.span.end]
        tool = next((t for t in job.program.tools.values() if t.symbol.partition("@")[0] == name), None)
        if tool is None or item.condition is not None:
            continue
        names = {p.name: p.name for p in tool.parameters}
        for choice in body.event.choices:
            if choice.kind != "call" or tool.symbol not in choice.subjects:
                continue
            parts = tested(choice, names)
            condition = None if body.condition is None else said(body.condition, names)
            if parts is None or (body.condition is not None and condition is None):
                continue
            parts += [] if condition is None else [condition]
            if parts:
                good = denied(together(parts, "and"))
                span = item.span
                edit = Edit(span.file, span.end, span.end, f" when {good}")
                yield Candidate(f"let the agent call `{name}` only when `{good}`", (edit,))
