"""The search for repairs of one rule: single edits first, then pairs, the smallest first, until time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import attrs

from wfcheck.checker.pipeline import DefectError
from wfcheck.checker.repair.candidates import candidates
from wfcheck.checker.repair.edits import Candidate, diff, size
from wfcheck.checker.repair.job import Job
from wfcheck.checker.repair.trying import Again, Spec, proved, sound, unchanged
from wfcheck.checker.result import Result
from wfcheck.dsl import core

MOST = 3
"""Repairs that are offered for one rule."""
PAIRED = 24
"""Candidates that are also tried two at a time."""
ALL_AT_ONCE = 2
"""Candidates of one kind that are tried together: an approval before each of several calls."""


@attrs.frozen
class Repair:
    """A verified repair. `size`: words and signs that change. `lost`: what can no longer be called. `diff`: of the files, as
    `patch -p0` takes it."""

    title: str
    size: int
    lost: tuple[str, ...]
    diff: str
    spec: Spec = attrs.field(eq=False, repr=False)


@attrs.frozen
class Found:
    """What a search found. `tried`: candidates that were checked; `complete`: whether all were."""

    repairs: tuple[Repair, ...]
    tried: int
    complete: bool


def search(
    spec: Spec, result: Result, deadline: float, progress: Callable[[str], None] | None = None
) -> Found:
    """Repairs of what a result is about, the best first. `deadline`: as `time.monotonic` tells it."""
    program = spec.made.program
    rule = next((r for r in program.rules if r.name == result.rule), None)
    names = program.workflows if result.workflow is None else [result.workflow]
    if result.workflow is None and not (rule is not None and _about_agents(rule)):
        return Found((), 0, True)
    drafts = [d for n in names for d in candidates(Job(spec.made, program.workflows[n], rule, result))]
    target = (result.rule, result.workflow)
    return attempt(spec, drafts, proved(*target), deadline, progress, target)


def _about_agents(rule: core.Rule) -> bool:
    """Whether a question about the policy itself is one that a change of a workflow answers."""
    return isinstance(rule.body, core.Meta) and rule.body.kind == "no_agent_has"


def attempt(
    spec: Spec,
    drafts: Sequence[Candidate],
    reached: Again,
    deadline: float,
    progress: Callable[[str], None] | None = None,
    target: tuple[str, str | None] | None = None,
) -> Found:
    """The candidates that are repairs; combinations only where no single one is."""
    found: list[Repair] = []
    tried = 0
    for group in _groups(spec, drafts):
        for candidate in group:
            if time.monotonic() > deadline:
                return Found(tuple(found), tried, False)
            if any(set(repair.lost) < candidate.lost for repair in found):
                continue
            if progress is not None:
                progress(f"trying: {candidate.title}")
            tried += 1
            repair = _offered(spec, candidate, reached, target)
            found += [] if repair is None else [repair]
            if len(found) == MOST:
                return Found(tuple(found), tried, True)
        if found:
            break
    return Found(tuple(found), tried, True)


def _groups(spec: Spec, drafts: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Single candidates, all of one kind at once, pairs; each group the best first."""
    texts = spec.sources
    ranked = sorted(drafts, key=lambda c: _rank(texts, c))
    yield ranked
    yield sorted(_alike(drafts), key=lambda c: _rank(texts, c))
    pairs = [_joined(pair) for pair in combinations(ranked[:PAIRED], 2)]
    yield sorted(pairs, key=lambda c: _rank(texts, c))


def _rank(
    texts: dict[str, str], candidate: Candidate
) -> tuple[int, bool, int, str, tuple[tuple[str, int], ...]]:
    """What gives nothing up first, then what changes no values, then the smallest."""
    places = tuple((e.file, e.start) for e in candidate.edits)
    large = size(texts, candidate.edits) + candidate.weight
    return len(candidate.lost), candidate.bold, large, candidate.title, places


def _alike(drafts: Sequence[Candidate]) -> Iterator[Candidate]:
    """All candidates of one kind together: one for each place."""
    kinds: dict[str, list[Candidate]] = {}
    for draft in drafts:
        kinds.setdefault(_kind(draft.title), []).append(draft)
    for listed in kinds.values():
        places = {c.edits[0].start: c for c in reversed(listed)}
        chosen = [c for c in listed if places[c.edits[0].start] is c]
        if len(chosen) >= ALL_AT_ONCE:
            yield _joined(chosen)


def _kind(title: str) -> str:
    return "".join(part for i, part in enumerate(title.split("`")) if i % 2 == 0)


def _joined(parts: Sequence[Candidate]) -> Candidate:
    title = "; ".join(dict.fromkeys(c.title for c in parts))
    edits = tuple(e for c in parts for e in c.edits)
    lost = frozenset().union(*(c.lost for c in parts))
    brings = frozenset().union(*(c.brings for c in parts))
    weight = sum(c.weight for c in parts)
    return Candidate(title, edits, lost, any(c.bold for c in parts), brings, weight)


def _offered(
    spec: Spec, candidate: Candidate, reached: Again, target: tuple[str, str | None] | None
) -> Repair | None:
    """The repair, if it is one; what fails for a reason of our own is none."""
    try:
        return _verified(spec, candidate, reached, target)
    except (DefectError, LookupError, ValueError, AssertionError):
        return None


def _verified(
    spec: Spec, candidate: Candidate, reached: Again, target: tuple[str, str | None] | None
) -> Repair | None:
    new = spec.changed(candidate)
    if new is None or not new.whole or not unchanged(spec.made, new.made):
        return None
    if not reached(new) or not sound(spec, new, candidate, target):
        return None
    texts = spec.sources
    changed = {f: t for f, t in new.texts.items() if texts.get(f) != t}
    lost = tuple(sorted(candidate.lost))
    return Repair(candidate.title, size(texts, candidate.edits), lost, diff(texts, changed), new)
