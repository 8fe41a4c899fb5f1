"""The lightest explanation of the next event: it happens where the run stands, or something was passed over, or it is too much.

Dijkstra's search over ways to stand, by the weight of their differences (a bounded alignment in the sense of Adriansyah, van Dongen and
van der Aalst, *Conformance Checking Using Cost-Based Fitness Analysis*, EDOC 2011). It is greedy: what was decided of earlier events
stays, so that the answer about a prefix never changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import count

import attrs

from wfcheck.checker.conformance.compare import clipped
from wfcheck.checker.conformance.match import matches
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.conformance.notes import EXTRA, SOFT, Doubt, Key, Note
from wfcheck.checker.conformance.settle import TooManyWaysError, Ways, settle
from wfcheck.checker.conformance.skip import skips
from wfcheck.checker.conformance.stack import Config
from wfcheck.checker.conformance.step import Step
from wfcheck.checker.replay.view import View

EXPANSIONS = 1_000
"""Ways looked at for one event that is not what the workflow has next."""


@attrs.frozen
class Explained:
    """The ways in which the run may stand after the event, and the differences of the lightest explanation. `places`: where it stood
    when the event happened, in each such explanation; none, where the workflow does not have the event."""

    configs: tuple[Config, ...]
    notes: tuple[Note, ...]
    places: tuple[Config, ...] = ()


@attrs.frozen(eq=False)
class _Way:
    config: Config
    notes: tuple[Note, ...] = ()
    place: Config | None = None


def explain(model: Model, configs: Sequence[Config], view: View) -> Explained:
    """The event in the light of where the run may stand. Raises TooManyWaysError."""
    direct = [
        _taken(_Way(c), step, view) for c in configs for step in matches(model, c, view) if not step.notes
    ]
    if direct:
        return _all(model, direct, view)
    return _search(model, configs, view)


def _search(model: Model, configs: Sequence[Config], view: View) -> Explained:
    """Ways are looked at lightest first, until none left could be lighter than what was found."""
    order, seen = count(), Ways()
    queue: list[tuple[int, int, _Way]] = [(0, next(order), _Way(config)) for config in configs]
    extra = _extra(model, view)
    best, found = 0 if extra is None else extra.cost, list[_Way]()
    for _ in range(EXPANSIONS):
        if not queue or queue[0][0] > best:
            break
        cost, _, way = heappop(queue)
        if not seen.add(way.config):
            continue
        for step in matches(model, way.config, view):
            if cost + step.cost < best:
                best, found = cost + step.cost, []
            if cost + step.cost == best:
                found.append(_taken(way, step, view))
        for step in skips(model, way.config):
            if cost + step.cost <= best:
                for config in settle(model, [_passed(way, step, view)], view.index):
                    heappush(queue, (cost + step.cost, next(order), _Way(config, way.notes + step.notes)))
    if not found:
        return Explained(tuple(configs), () if extra is None else (extra,))
    return _all(model, found, view)


def _passed(way: _Way, step: Step, view: View) -> Config:
    doubt = None if step.doubt is None else Doubt(view.index, step.doubt)
    return way.config.at(step.stack, step.env, doubt)


def _taken(way: _Way, step: Step, view: View) -> _Way:
    return _Way(_passed(way, step, view), way.notes + step.notes, way.config)


def _all(model: Model, ways: Iterable[_Way], view: View) -> Explained:
    """All explanations of the same weight; what differs is told of the first."""
    made = list(ways)
    places = tuple(way.place for way in made if way.place is not None)
    return Explained(tuple(settle(model, (w.config for w in made), view.index + 1)), made[0].notes, places)


def _extra(model: Model, view: View) -> Note | None:
    """An event that the workflow does not have here."""
    kind, name = view.kind, clipped(view.name or view.event.store or view.event.step or "")
    if kind in model.ignored:
        return None
    soft = kind in ("llm", "step", "reset")
    if kind == "call" and view.tool is None:
        return Note(f"`{name}` is not declared", EXTRA, _about(kind, name))
    if kind == "remember":
        store = clipped(view.event.store or "")
        why = f"`{store}` is written by no step of the workflow"
        return Note(why, EXTRA, assumption=f"{store}.writers") if store else Note(why, EXTRA)
    shown = f"`{name}`" if name else f"`{kind}`"
    return Note(f"{shown} is out of order", SOFT + 1 if soft else EXTRA, _about(kind, name), soft=soft)


def _about(kind: str, name: str) -> tuple[Key, ...]:
    """The event, and of a call what comes of it."""
    kinds = ("call", "result", "fail") if kind == "call" else (kind,)
    return tuple((each, told) for each in kinds for told in dict.fromkeys((name, "")))


__all__ = ["EXPANSIONS", "Explained", "TooManyWaysError", "explain"]
