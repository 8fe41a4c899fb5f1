"""Candidates for rules about where values go: a release on the way, less to see, another source, a step in another place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.job import Job, arguments, same_type
from wfcheck.checker.repair.naming import Called, quoted
from wfcheck.checker.repair.order import approved, move
from wfcheck.checker.repair.places import Place, after, before, slice_of
from wfcheck.dsl import core, syntax
from wfcheck.dsl.node import Node
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import target

APPROVAL = "approve"
"""Stands among the releases of a rule that lets through what was approved."""


def released(job: Job, releases: Iterable[str]) -> Iterator[Candidate]:
    """A release around a value that is passed on, where the rule lets it through."""
    if APPROVAL in releases:
        for _, place in job.calls:
            yield from approved(job, place, None)
    for symbol in sorted(releases):
        release = job.program.releases.get(symbol)
        if release is None:
            continue
        wanted = [p for p in release.parameters if not p.optional]
        if len(wanted) != 1:
            continue
        for step, place in job.steps:
            found = job.called(place, symbol)
            if found is not None:
                yield from _around_values(step, place, found, wanted[0].type)
                yield from _of_variables(job, release, place, found, wanted[0].type)
                yield from _as_it_comes(job, step, release, place, found)


def _around_values(step: core.Statement, place: Place, found: Called, type_: Type) -> Iterator[Candidate]:
    """A release around a value that a step passes on."""
    for span, has in _values(step, place):
        if same_type(has, type_):
            text = slice_of(place.source, span)
            edit = Edit(span.file, span.start, span.end, f"{found.text}({text})")
            yield Candidate(f"pass `{_short(text)}` through `{found.text}`", (edit, *found.edits))


def _of_variables(
    job: Job, release: core.Release, place: Place, found: Called, type_: Type
) -> Iterator[Candidate]:
    """A variable of which a step uses parts goes through the release before it."""
    if not same_type(release.result, type_) or not isinstance(
        place.statement, syntax.CallStatement | syntax.Assign
    ):
        return
    for name, has in job.types(place).items():
        if same_type(has, type_) and re.search(rf"(?<![\w.`]){re.escape(name)}\.", place.text):
            word = quoted(name)
            edit = before(place, f"{word} = {found.text}({word})")
            yield Candidate(f"pass `{name}` through `{found.text}`", (edit, *found.edits))


def _as_it_comes(
    job: Job, step: core.Statement, release: core.Release, place: Place, found: Called
) -> Iterator[Candidate]:
    """What a step assigns goes through the release at once."""
    name = target(step)
    has = None if name is None else job.types(place).get(name)
    wanted = [p.type for p in release.parameters if not p.optional]
    if name is not None and has is not None and same_type(has, wanted[0]) and same_type(has, release.result):
        word = quoted(name)
        edit = after(place, f"{word} = {found.text}({word})")
        title = f"pass `{name}` through `{found.text}` as soon as it is there"
        yield Candidate(title, (edit, *found.edits))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _values(step: core.Statement, place: Place) -> Iterator[tuple[Span, Type]]:
    """The values that a step passes on, with their types."""
    match step:
        case core.Call():
            found: Iterable[core.Expr] = [value for _, value in arguments(step, place)]
        case (
            core.Say(value=value) | core.Remember(value=value) | core.Ask(value=value) | core.Let(value=value)
        ):
            found = [value]
        case core.Send(values=values):
            found = values
        case core.Llm(context=context) | core.Agent(context=context):
            found = context
        case _:
            return
    inside = place.statement.span
    for value in found:
        if (
            value.span.file == inside.file
            and inside.start < value.span.start
            and value.span.end <= inside.end
        ):
            yield value.span, value.type


def unseen(job: Job) -> Iterator[Candidate]:
    """A model or an agent is not shown one of several values."""
    for _, place in job.steps:
        statement = place.statement
        if not isinstance(statement, syntax.LlmStatement | syntax.AgentStatement):
            continue
        for index in range(len(statement.context)):
            text = slice_of(place.source, statement.context[index].span)
            edit = without(statement.context, index)
            yield Candidate(f"do not show `{text}` to `{statement.name.text}`", (edit,), bold=True)


def without(items: tuple[Node, ...], index: int) -> Edit:
    """One of a list of items with commas is taken out."""
    spans: list[Span] = [getattr(item, "span") for item in items]  # noqa: B009 - nodes of several kinds
    one = spans[index]
    if len(spans) == 1:
        return Edit(one.file, one.start, one.end, "")
    if index + 1 < len(spans):
        return Edit(one.file, one.start, spans[index + 1].start, "")
    return Edit(one.file, spans[index - 1].end, one.end, "")


def earlier(job: Job) -> Iterator[Candidate]:
    """What leaves goes before what comes in, or what comes in goes after what leaves."""
    order = [(s, p) for s, p in job.steps if not isinstance(s, core.If | core.For | core.While | core.Scope)]
    marks = _on_path(job)
    sources = [p for s, p in order if p in marks]
    for place in sources:
        for other in sources:
            if place is not other and place.block is other.block and _index(place) > _index(other):
                yield move(place, other, first=True)
                yield move(other, place, first=False)


def _on_path(job: Job) -> list[Place]:
    """The statements on the way that the finding tells of."""
    found = []
    spans = [step.span for step in job.result.path]
    for _, place in job.steps:
        whole = place.statement.span
        if any(s.file == whole.file and whole.start <= s.start and s.end <= whole.end for s in spans):
            found.append(place)
    return found


def _index(place: Place) -> int:
    return next(i for i, s in enumerate(place.block.statements) if s is place.statement)


def other_source(job: Job, end: core.ArgumentEnd) -> Iterator[Candidate]:
    """Another value of the same type for the argument that a rule is about."""
    for step, place in job.calls:
        if step.tool != end.tool:
            continue
        for name, value in arguments(step, place):
            if name != end.argument:
                continue
            text = slice_of(place.source, value.span)
            for variable, type_ in job.types(place).items():
                if variable != text and same_type(type_, value.type):
                    edit = Edit(value.span.file, value.span.start, value.span.end, variable)
                    yield Candidate(
                        f"pass `{variable}` as `{name}` instead of `{_short(text)}`", (edit,), bold=True
                    )
