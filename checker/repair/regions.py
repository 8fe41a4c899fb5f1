"""Candidates for agent regions: fewer tools, hidden results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.flows import without
from wfcheck.checker.repair.guards import together
from wfcheck.checker.repair.job import Job, said, tested
from wfcheck.checker.repair.places import Place, instead, slice_of
from wfcheck.dsl import core, syntax

FEW = 3
"""Tools that are taken away together, at most."""


def narrowed(job: Job) -> Iterator[Candidate]:
    """Some tools fewer, in each region; none is left without any."""
    for agent, place, written in job.agents:
        listed = list(range(len(written.may)))
        for many in range(1, min(FEW, len(listed) - 1) + 1):
            for chosen in combinations(listed, many):
                yield _fewer(agent, place, written, chosen)


def _fewer(
    agent: core.Agent, place: Place, written: syntax.AgentStatement, chosen: tuple[int, ...]
) -> Candidate:
    keep = [m for i, m in enumerate(written.may) if i not in chosen]
    names = [slice_of(place.source, written.may[i].name.span) for i in chosen]
    if len(chosen) == 1:
        edit = without(written.may, chosen[0])
    else:
        first, last = written.may[0].span, written.may[-1].span
        edit = Edit(
            first.file, first.start, last.end, ", ".join(slice_of(place.source, m.span) for m in keep)
        )
    lost = frozenset(m.tool or m.act for i, m in enumerate(agent.may) if i in chosen)
    shown = ", ".join(f"`{name}`" for name in names)
    return Candidate(f"`{written.name.text}` may no longer call {shown}", (edit,), lost)


def hidden(job: Job) -> Iterator[Candidate]:
    """The result of a tool is passed on by its handle, unread."""
    for agent, place, written in job.agents:
        for item, may in zip(written.may, agent.may, strict=False):
            if may.tool is None or may.tool in agent.hides:
                continue
            name = slice_of(place.source, item.name.span)
            yield Candidate(
                f"hide what `{name}` returns from `{written.name.text}`", (_hide(place, written, name),)
            )


def _hide(place: Place, written: syntax.AgentStatement, name: str) -> Edit:
    if written.hides:
        end = written.hides[-1].span.end
        return Edit(place.source.path, end, end, f", {name}")
    brace = place.source.text.index("}", written.may[-1].span.end)
    return Edit(place.source.path, brace + 1, brace + 1, f" hides {{ {name} }}")


def conditional(job: Job, grants: list[core.Allow]) -> Iterator[Candidate]:
    """A tool only when a line of grants allows it."""
    for agent, _, written in job.agents:
        for item, may in zip(written.may, agent.may, strict=False):
            if may.tool is None or may.condition is not None:
                continue
            for text in _grants(job, may.tool, grants):
                edit = Edit(item.span.file, item.span.end, item.span.end, f" when {text}")
                title = f"let the agent call `{may.tool.partition('@')[0]}` only when `{text}`"
                yield Candidate(title, (edit,))


def _grants(job: Job, tool: str, bodies: list[core.Allow]) -> Iterator[str]:
    """When lines of grants allow a tool, each in words over its arguments."""
    names = {p.name: p.name for p in job.program.tools[tool].parameters}
    for grant in (g for body in bodies for g in body.grants):
        for choice in grant.event.choices:
            if choice.kind != "call" or tool not in choice.subjects:
                continue
            parts = tested(choice, names)
            condition = None if grant.condition is None else said(grant.condition, names)
            if parts is not None and (grant.condition is None) == (condition is None):
                parts += [] if condition is None else [condition]
                yield from [together(parts, "and")] if parts else []


def split(job: Job) -> Iterator[Candidate]:
    """Some of what an agent reads, in a region of its own that acts on nothing: what the one reads steers the other no more."""
    for agent, place, written in job.agents:
        reads = [i for i, m in enumerate(agent.may) if m.tool is not None and _reads(job, m.tool)]
        talks = [i for i, m in enumerate(agent.may) if m.act == "say"]
        for many in range(1, min(FEW, len(reads)) + 1):
            for chosen in combinations(reads, many):
                if len(chosen) + len(talks) < len(written.may):
                    yield _apart(place, written, chosen, talks)


def _reads(job: Job, tool: str) -> bool:
    return job.program.tools[tool].effect is core.Effect.READ


def _apart(
    place: Place, written: syntax.AgentStatement, chosen: tuple[int, ...], talks: list[int]
) -> Candidate:
    def words(indices: Iterable[int]) -> str:
        return ", ".join(slice_of(place.source, written.may[i].span) for i in indices)

    name = written.name.text
    context = ", ".join(slice_of(place.source, c.span) for c in written.context)
    delegate = "" if written.principal is None else f" as {written.principal.text}"
    steps = slice_of(place.source, written.steps.span)
    mine = words(sorted((*chosen, *talks)))
    first = f"agent {name}_looks({context}){delegate} may {{ {mine} }} max {steps} steps"
    rest = words(i for i in range(len(written.may)) if i not in chosen)
    start, end = written.may[0].span.start, written.may[-1].span.end
    whole = place.statement.span
    text = place.text[: start - whole.start] + rest + place.text[end - whole.start :]
    read = ", ".join(f"`{slice_of(place.source, written.may[i].name.span)}`" for i in chosen)
    title = f"let an agent of its own call {read}, apart from `{name}`"
    return Candidate(title, (instead(place, first, text),), bold=True, weight=10 * len(chosen))
