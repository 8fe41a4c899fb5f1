"""An explained rule as JSON: every key always present, the order deterministic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from wfcheck.checker.explaining.carried import words_of
from wfcheck.checker.explaining.explained import Explained
from wfcheck.checker.explaining.runs import Run, Runs
from wfcheck.checker.report.json import dump
from wfcheck.checker.report.plain import event_json, plain, span_json
from wfcheck.checker.traces.event import Event

SCHEMA = "wfcheck.explain/1"


def write_json(explained: Explained, version: str) -> str:
    """One JSON object and a line end; ASCII."""
    return dump(_named(explained_json(explained, version), explained))


def explained_json(explained: Explained, version: str) -> dict[str, Any]:
    """The object that `write_json` prints, before symbols are made plain."""
    made = explained.automaton
    fields: dict[str, Any] = plain(
        {
            "schema": SCHEMA,
            "version": version,
            "rule": explained.rule,
            "file": explained.span.file,
            "span": span_json(explained.span),
            "doc": explained.doc,
            "severity": explained.severity,
            "heuristic": explained.heuristic,
            "workflows": explained.workflows,
            "not_applicable": explained.not_applicable,
            "prose": explained.prose,
            "formula": {
                "text": explained.formula.text,
                "legend": [{"term": term, "meaning": text} for term, text in explained.formula.legend],
            },
            "monitor": {
                "form": made.form,
                "states": [{"name": s.name, "meaning": s.meaning, "start": s.start} for s in made.states],
                "transitions": [{"from": t.source, "to": t.target, "on": t.on} for t in made.transitions],
                "copies": made.copies,
                "notes": made.notes,
            },
            "expansions": [
                {"what": e.what, "kind": e.kind, "members": e.members, "tools": e.tools, "groups": e.groups}
                for e in explained.expansions
            ],
        }
    )
    runs = explained.runs
    searched = {"tried": runs.tried, "longest": runs.longest, "reason": runs.reason, "doubt": runs.doubt}
    allowed, forbidden = _run(runs, runs.allowed), _run(runs, runs.forbidden)
    return {**fields, "searched": searched, "allowed": allowed, "forbidden": forbidden}


def _run(runs: Runs, run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    events = [event_json(_readable(event, runs.marks)) for event in run.events]
    return {"events": events, "index": run.index, "shortest": run.shortest}


def _readable(event: Event, marks: Mapping[str, str]) -> Event:
    labels = event.argument_labels
    if labels is None:
        return event
    shown = {name: words_of(tags, marks) for name, tags in labels.items()}
    return msgspec.structs.replace(event, argument_labels=shown)


def _named(value: Any, explained: Explained) -> Any:
    match value:
        case str():
            return explained.plain(value)
        case list():
            return [_named(item, explained) for item in value]
        case dict():
            return {explained.plain(key): _named(item, explained) for key, item in value.items()}
        case _:
            return value
