"""Which candidates a rule has, by what it says."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.repair import bounds, flows, guards, order, regions
from wfcheck.checker.repair.edits import Candidate
from wfcheck.checker.repair.job import Job
from wfcheck.dsl import core


def candidates(job: Job) -> Iterator[Candidate]:
    """Edits of the workflow that may mend the rule, each once; the order is that of their kinds, not of their worth."""
    seen = set()
    for candidate in _all(job):
        key = frozenset(candidate.edits)
        if key not in seen:
            seen.add(key)
            yield candidate


def _all(job: Job) -> Iterator[Candidate]:
    if job.rule is None:
        yield from _built_in(job)
    else:
        yield from _written(job, job.rule.body)
    yield from regions.split(job)
    yield from regions.hidden(job)
    yield from flows.unseen(job)
    needed = _judged(job)
    yield from (c for c in regions.narrowed(job) if c.lost.isdisjoint(needed))


def _judged(job: Job) -> frozenset[str]:
    """The tools that have to stay, so that the rule has something to judge: those that rules of order and number speak of."""
    match None if job.rule is None else job.rule.body:
        case core.Before(evidence=first, judged=second) | core.After(evidence=first, judged=second):
            events = [first, second]
        case core.Forbid(event=event, after=after, until=until):
            events = [e for e in (event, after, until) if e is not None]
        case core.Limit(event=event):
            events = [event]
        case _:
            events = []
    return frozenset(s for e in events for c in e.choices for s in c.subjects)


def _written(job: Job, body: core.RuleBody) -> Iterator[Candidate]:
    match body:
        case core.Before():
            yield from order.preceded(job, body)
            yield from order.approver(job, _people(body.evidence))
        case core.After():
            yield from order.followed(job, body)
            yield from (c for _, p, _ in guards.sites(job, body.judged) for c in bounds.once(p))
        case core.Forbid():
            yield from guards.forbidden(job, body)
            if body.after is not None:
                yield from order.apart(job, body)
            yield from (c for _, p, _ in guards.sites(job, body.event) for c in bounds.once(p))
            yield from bounds.fewer(job)
        case core.Allow():
            yield from guards.granted(job, body)
            yield from regions.conditional(job, [body])
        case core.Limit():
            yield from bounds.bounded(job, body)
        case core.Flow(except_via=releases):
            yield from flows.released(job, releases)
            yield from flows.earlier(job)
        case core.FromOnly(target=core.ArgumentEnd() as target):
            yield from flows.released(job, _through(body.sources))
            yield from flows.other_source(job, target)
        case core.Decision(event=event, sources=sources):
            yield from flows.released(job, _through(sources))
            for _, place, _ in guards.sites(job, event):
                yield from order.approved(job, place, None)
            yield from flows.earlier(job)
        case core.Distinct():
            yield from order.approver(job, frozenset())
        case _:
            return


def _people(event: core.EventPattern) -> frozenset[str]:
    return frozenset(c.by for c in event.choices if c.kind == "approve" and c.by is not None)


def _through(sources: tuple[core.AllowedSource, ...]) -> frozenset[str]:
    return frozenset(release for source in sources for release in source.via)


def _built_in(job: Job) -> Iterator[Candidate]:
    match job.result.rule.removeprefix("builtin."):
        case "requires":
            yield from guards.required(job)
        case "grants":
            bodies = [r.body for r in job.program.rules if isinstance(r.body, core.Allow)]
            for body in bodies:
                yield from guards.granted(job, body)
            yield from regions.conditional(job, bodies)
        case _:
            yield from flows.released(job, job.program.releases)
            yield from flows.earlier(job)
