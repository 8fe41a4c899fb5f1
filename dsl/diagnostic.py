"""Diagnostics are data: what is wrong, where, and what would mend it. Writers of text live elsewhere."""

from __future__ import annotations

from enum import Enum

import attrs

from wfcheck.dsl.source import Span


class Severity(Enum):
    """Errors make input bad; warnings and notes do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@attrs.frozen
class Label:
    """A secondary place and what it has to do with the problem."""

    span: Span
    text: str


@attrs.frozen
class Diagnostic:
    """One finding about the input. `message`: one lower-case sentence without a full stop, user text in
    back-quotes; the fix goes into `help`, facts into `notes`. `code` is registered in `codes`."""

    code: str
    message: str
    span: Span | None
    severity: Severity = Severity.ERROR
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    file: str | None = None  # set when there is no span (a missing file, a folder)


class WfError(Exception):
    """Bad input. Carries every diagnostic found; the command line exits with 2."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in diagnostics))
        self.diagnostics = diagnostics
