"""Diagnostics as text, in the manner of rustc: what, where, the line itself, what is known, the way out."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.checker.report.escape import paragraphs, visible
from wfcheck.checker.report.excerpt import Mark, excerpt
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.dsl.diagnostic import Diagnostic, Severity

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def write_diagnostics(diagnostics: Iterable[Diagnostic], sources: Sources, style: Style) -> str:
    """Every diagnostic, a blank line between two."""
    shown = [d for d in diagnostics if style.verbosity >= 0 or d.severity is Severity.ERROR]
    return "\n".join(write_diagnostic(d, sources, style) for d in shown)


def write_diagnostic(diagnostic: Diagnostic, sources: Sources, style: Style) -> str:
    """One diagnostic, ending in a line end."""
    head = style.paint(
        _COLORS[diagnostic.severity], f"{diagnostic.severity.value}[{visible(diagnostic.code)}]"
    )
    lines = [
        head + style.paint("bold", f": {visible(diagnostic.message)}"),
        *_body(diagnostic, sources, style),
    ]
    lines += _tail("note", diagnostic.notes, style)
    lines += _tail("help", () if diagnostic.help is None else (diagnostic.help,), style)
    return "\n".join(lines) + "\n"


def _body(diagnostic: Diagnostic, sources: Sources, style: Style) -> list[str]:
    if diagnostic.span is None:
        arrow = style.paint("blue", "-->")
        return [f" {arrow} {visible(diagnostic.file)}"] if diagnostic.file else []
    marks = [Mark(diagnostic.span, "", primary=True)]
    marks += [Mark(label.span, label.text, primary=False) for label in diagnostic.labels]
    return excerpt(marks, sources, style)


def _tail(word: str, texts: tuple[str, ...], style: Style) -> list[str]:
    lines: list[str] = []
    for text in texts:
        first, *rest = paragraphs(text)
        lines.append(f"  {style.paint('blue', '=')} {style.paint('bold', word)}: {first}")
        lines += [f"    {' ' * len(word)}  {line}".rstrip() for line in rest]
    return lines
