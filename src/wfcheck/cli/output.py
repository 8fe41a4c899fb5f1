"""Where words go: reports to standard output or a file, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from wfcheck.checker.report.sources import Sources, from_files
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text_diagnostics import write_diagnostics
from wfcheck.dsl.diagnostic import Diagnostic, Severity


def style(color: str | None, stream: TextIO | None, *, quiet: bool = False, verbose: bool = False) -> Style:
    """Colour always, never, or (auto) on a terminal that does not ask otherwise (`NO_COLOR`, `TERM=dumb`)."""
    match color:
        case "always":
            painted = True
        case "never":
            painted = False
        case _:
            plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
            painted = stream is not None and stream.isatty() and not plain
    return Style(painted, int(verbose) - int(quiet))


def emit(text: str, file: str | None = None) -> tuple[Diagnostic, ...]:
    """Write a report to a file or, as UTF-8, to standard output; a file that cannot be written is a diagnostic."""
    data = encoded(text)
    if file is None:
        _to_stdout(data)
        return ()
    try:
        Path(file).write_bytes(data)
    except OSError as error:
        return (unwritable(file, error),)
    return ()


def create(text: str, file: str) -> tuple[Diagnostic, ...]:
    """Write a new file; one that is there already stays as it is, and is a diagnostic."""
    try:
        with Path(file).open("xb") as new:
            new.write(encoded(text))
    except OSError as error:
        return (unwritable(file, error),)
    return ()


def encoded(text: str) -> bytes:
    """The bytes of a report, whatever texts it quotes."""
    return text.encode("utf-8", "backslashreplace")


def unwritable(file: str, error: OSError) -> Diagnostic:
    """A file that cannot be written, and why."""
    why = error.strerror or "it cannot be opened"
    return Diagnostic("WF807", f"`{file}` cannot be written", None, notes=(why.lower(),), file=file)


def _to_stdout(data: bytes) -> None:
    """A reader that has gone does not change the verdict, so the exit code stays what it is."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(
    diagnostics: Iterable[Diagnostic],
    color: str | None = None,
    sources: Sources | None = None,
    *,
    quiet: bool = False,
) -> int:
    """Diagnostics to standard error; 2 if one of them is an error, else 0."""
    listed = list(diagnostics)
    text = write_diagnostics(listed, sources or from_files(), style(color, sys.stderr, quiet=quiet))
    note(text)
    return 2 if any(d.severity is Severity.ERROR for d in listed) else 0


def note(text: str) -> None:
    """A text to standard error, whatever its encoding."""
    encoding = sys.stderr.encoding or "ascii"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()


def progress(*, quiet: bool) -> Callable[[str], None] | None:
    """What is being worked on, on one line of a terminal; None elsewhere."""
    if quiet or not sys.stderr.isatty():
        return None
    from wfcheck.checker.report.escape import visible

    def show(what: str) -> None:
        sys.stderr.write(f"\r\x1b[K{visible(what, limit=70)}\r")
        sys.stderr.flush()

    return show


def clear_progress(shown: object) -> None:
    """Wipe the line of `progress`, if it was there."""
    if shown is not None:
        sys.stderr.write("\x1b[K")
        sys.stderr.flush()
