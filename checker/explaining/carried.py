"""The labels of an event in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wfcheck.checker.explaining.patterns import enumerated
from wfcheck.checker.traces.event import Event


def carried(event: Event, marks: Mapping[str, str]) -> str:
    """`recipient carries file; the decision carries web`; nothing where no labels are known or there are none."""
    return "; ".join(_parts(event, marks))


def words_of(labels: list[str], marks: Mapping[str, str]) -> list[str]:
    """Tags as they are, and marks in words."""
    return [marks.get(label, label) for label in labels]


def _parts(event: Event, marks: Mapping[str, str]) -> Iterator[str]:
    if event.labels and event.kind != "input":
        yield f"it carries {_all(event.labels, marks)}"
    for name, labels in (event.argument_labels or {}).items():
        if labels:
            yield f"{f'`{name}`' if name else 'the decision'} carries {_all(labels, marks)}"


def _all(labels: list[str], marks: Mapping[str, str]) -> str:
    return enumerated(words_of(labels, marks), "and")
