"""Results as rows of a table: one for each trace and rule, with the fields of the machine format side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wfcheck.checker.annotations import annotations_json
from wfcheck.checker.replay.collecting import Outcome
from wfcheck.checker.replay.result import Mark, ReplayResult
from wfcheck.checker.replay.results import Results

TEXT, NUMBER, TRUTH, NUMBERS = "text", "number", "truth", "numbers"
COLUMNS: tuple[tuple[str, str], ...] = (
    ("trace", TEXT), ("rule", TEXT), ("verdict", TEXT), ("severity", TEXT), ("reason", TEXT), ("provenance", TEXT),
    ("heuristic", TRUTH), ("inherited", TRUTH),
    ("blame_event", NUMBER), ("blame_file", TEXT), ("blame_line", NUMBER), ("blame_pointer", TEXT), ("blame_why", TEXT),
    ("blame_assumption", TEXT), ("blame_value", TEXT), ("blame_invented", TRUTH),
    ("cause_event", NUMBER), ("cause_file", TEXT), ("cause_line", NUMBER), ("cause_pointer", TEXT),
    ("no_return_event", NUMBER),
    ("manifestation_event", NUMBER), ("manifestation_file", TEXT), ("manifestation_line", NUMBER),
    ("manifestation_pointer", TEXT),
    ("breaks", NUMBERS), ("annotations", TEXT),
)  # fmt: skip
"""The names and kinds of the columns; all but the first four may be empty."""


def rows_of(outcome: Outcome) -> list[dict[str, Any]]:
    """The rows of some traces."""
    results = Results()
    results.merge(outcome.results)
    return [*map(row, results)]


def row(result: ReplayResult) -> dict[str, Any]:
    """The row of one result. Text is that of the trace, and untrusted."""
    blame, turned = result.blame, result.point_of_no_return
    return {
        **{name: getattr(result, name) for name, _ in COLUMNS[:8]},
        **_place("blame", None if blame is None else blame.mark),
        "blame_why": None if blame is None else blame.why,
        "blame_assumption": None if blame is None else blame.assumption,
        "blame_value": None if blame is None else blame.value,
        "blame_invented": None if blame is None else blame.invented,
        **_place("cause", None if blame is None else blame.cause),
        "no_return_event": None if turned is None else turned.event,
        **_place("manifestation", result.manifestation),
        "breaks": [mark.event for mark in result.breaks],
        "annotations": _annotations(result),
    }


def _annotations(result: ReplayResult) -> str | None:
    import json

    told = annotations_json(result.annotations)
    return json.dumps(told, sort_keys=True) if told else None


def _place(name: str, mark: Mark | None) -> dict[str, Any]:
    source = None if mark is None else mark.source
    return {
        f"{name}_event": None if mark is None else mark.event,
        f"{name}_file": None if source is None else source.file,
        f"{name}_line": None if source is None else source.line,
        f"{name}_pointer": None if source is None else source.pointer or None,
    }


def columns(rows: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """The same, column by column."""
    listed = list(rows)
    return {name: [_clean(row[name]) for row in listed] for name, _ in COLUMNS}


def _clean(value: Any) -> Any:
    """Text that no encoding has is written with marks of replacement."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
