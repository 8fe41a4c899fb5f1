"""Diagnostics on a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wfcheck.checker.report.fingerprint import diagnostic_file
from wfcheck.checker.report.html.shown import excerpt, filled, name, place, shown
from wfcheck.checker.report.sources import Sources
from wfcheck.dsl.diagnostic import Diagnostic

MOST = 1_000


def diagnostics_json(diagnostics: Iterable[Diagnostic], sources: Sources) -> list[dict[str, Any]]:
    """The first thousand, in their order."""
    return [_diagnostic(d, sources) for d, _ in zip(diagnostics, range(MOST), strict=False)]


def _diagnostic(diagnostic: Diagnostic, sources: Sources) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": shown(diagnostic.message),
        "at": place(diagnostic.span) if diagnostic.span else name(diagnostic_file(diagnostic)),
        "labels": [f"{place(label.span)} {shown(label.text)}" for label in diagnostic.labels],
        "notes": [shown(note) for note in diagnostic.notes],
        "help": diagnostic.help and shown(diagnostic.help),
        "source": excerpt(diagnostic.span, sources) if diagnostic.span else None,
    }
    return filled(fields)
