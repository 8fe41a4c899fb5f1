"""Candidates for limits: fewer rounds, fewer attempts, a count in front of the call, one call instead of two."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from wfcheck.checker.explaining.expressions import value_text
from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.guards import sites
from wfcheck.checker.repair.job import Job, operand, passed, said
from wfcheck.checker.repair.places import Place, before, instead, out, slice_of, spread
from wfcheck.dsl import core, syntax
from wfcheck.dsl.types import DECIMAL

SMALL = 5
"""Bounds up to here are lowered step by step where a rule does not say to which."""


def bounded(job: Job, body: core.Limit) -> Iterator[Candidate]:
    """All ways for one limit."""
    yield from lower(job, int(body.bound))
    for call, place, _ in sites(job, body.event):
        yield from once(place)
        if body.kind in ("count", "sum") and not any(s.kind == "key" for s in body.scopes):
            yield from _counted(job, body, call, place)
    yield from _dropped(job, body)


def lower(job: Job, bound: int) -> Iterator[Candidate]:
    """At most so many rounds, attempts and steps."""
    for _, place in job.steps:
        match place.statement:
            case syntax.ForStatement(maximum=None, source=source) if bound > 0:
                edit = Edit(source.span.file, source.span.end, source.span.end, f" max {bound}")
                yield Candidate(f"go through at most {bound} items", (edit,))
            case (
                syntax.ForStatement(maximum=syntax.IntLit() as number)
                | syntax.RepeatStatement(maximum=syntax.IntLit() as number)
                | syntax.RetryStatement(attempts=syntax.IntLit() as number)
                | syntax.AgentStatement(steps=syntax.IntLit() as number)
            ) if number.value > bound > 0:
                span = number.span
                edit = Edit(span.file, span.start, span.end, str(bound))
                yield Candidate(f"lower `{number.value}` to `{bound}`", (edit,))


def fewer(job: Job) -> Iterator[Candidate]:
    """A small bound made smaller."""
    for _, place in job.steps:
        match place.statement:
            case (
                syntax.RepeatStatement(maximum=syntax.IntLit() as number)
                | syntax.RetryStatement(attempts=syntax.IntLit() as number)
                | syntax.AgentStatement(steps=syntax.IntLit() as number)
            ) if number.value <= SMALL:
                for less in range(number.value - 1, 0, -1):
                    span = number.span
                    edit = Edit(span.file, span.start, span.end, str(less))
                    yield Candidate(f"lower `{number.value}` to `{less}`", (edit,), bold=True)


def once(place: Place) -> Iterator[Candidate]:
    """The call outside of a `retry`: it is not attempted again."""
    for outer in place.above[:1]:
        retry = outer.statement
        if isinstance(retry, syntax.RetryStatement) and retry.handler is None:
            texts = [slice_of(outer.source, s.span) for s in retry.body.statements]
            yield Candidate("do not attempt it again", (instead(outer, *texts),))
            rest = [t for t, s in zip(texts, retry.body.statements, strict=True) if s is not place.statement]
            if rest:
                words = slice_of(outer.source, retry.span).split("{", 1)[0].rstrip()
                kept = spread(words, outer.indent, rest)
                title = f"do not attempt `{_name(place)}` again"
                yield Candidate(title, (instead(outer, place.text, kept),))


def _name(place: Place) -> str:
    return place.text.split("(", 1)[0].rpartition("=")[2].strip()


def _counted(job: Job, body: core.Limit, call: core.Call, place: Place) -> Iterator[Candidate]:
    """A variable that counts, or adds up, and a test of it before the call."""
    outermost = place.above[-1] if place.above else place
    names = passed(call, place)
    value = "1" if body.value is None else said(body.value, names)
    if value is None:
        return
    tool = call.tool.partition("@")[0]
    kind = "calls" if body.kind == "count" else "total"
    variable = _fresh(f"{tool}_{kind}", set(job.types(place)))
    start = "0.0" if body.value is not None and body.value.type == DECIMAL else "0"
    ahead = value_text(Fraction(body.bound))
    fits = f"{variable} < {ahead}" if body.kind == "count" else f"{variable} + {operand(value)} <= {ahead}"
    inside = [f"{variable} = {variable} + {operand(value)}", place.text]
    test = spread(f"if {fits}", place.indent, inside)
    edits = (instead(place, test), before(_first(job, outermost), f"{variable} = {start}"))
    yield Candidate(f"count `{tool}` and call it only while `{fits}`", edits)


def _fresh(name: str, taken: set[str]) -> str:
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name}_{number}"
    return made


def _first(job: Job, outermost: Place) -> Place:
    """The first statement of the workflow."""
    span = outermost.block.statements[0].span
    return job.known[(span.file, span.start, span.end)]


def _dropped(job: Job, body: core.Limit) -> Iterator[Candidate]:
    """One of two calls with the same arguments is left out."""
    found = [(call, place) for call, place, _ in sites(job, body.event)]
    for call, place in reversed(found):
        if sum(other.text == place.text for _, other in found) > 1 and call.target is None:
            yield Candidate(f"leave one `{_name(place)}` out", (out(place),), bold=True)
