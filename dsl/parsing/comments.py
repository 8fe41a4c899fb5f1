"""Suppressions: `# wfcheck: ignore[WF301] reason`, on the line of a finding or the line above it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.parsing.lexing import tokenize
from wfcheck.dsl.parsing.tables import load_tables
from wfcheck.dsl.source import Source, Span
from wfcheck.dsl.syntax import Comment

_MARK = re.compile(r"#+\s*wfcheck\s*:\s*(?P<rest>.*)$", re.DOTALL)
_IGNORE = re.compile(r"ignore\s*\[(?P<codes>[^\]\n]*)\]\s*(?P<reason>.*)$", re.DOTALL)
_CODE = re.compile(r"WF[0-9]{3}\Z")


@attrs.frozen
class Suppression:
    """`codes` are silenced on `lines` of the file of `span`; without a reason it is a mistake of its own."""

    codes: tuple[str, ...]
    lines: tuple[int, ...]
    reason: str | None
    span: Span


@attrs.frozen
class Applied:
    """What is left after suppressions: `kept`, `silenced`, and what is wrong with the suppressions."""

    kept: tuple[Diagnostic, ...]
    silenced: tuple[Diagnostic, ...]
    extra: tuple[Diagnostic, ...]


def suppressions(source: Source) -> tuple[tuple[Suppression, ...], tuple[Diagnostic, ...]]:
    """The suppressions of a file, and the comments that try to be one and fail."""
    tables = load_tables()
    return of_comments(source, tokenize(source, tables.keywords, tables.signs).comments)


def of_comments(
    source: Source, comments: Iterable[Comment]
) -> tuple[tuple[Suppression, ...], tuple[Diagnostic, ...]]:
    """The same, where the comments are at hand (`Module.comments`)."""
    own_lines = {c.span.line for c in comments if c.own_line}
    found: list[Suppression] = []
    wrong: list[Diagnostic] = []
    for comment in comments:
        mark = _MARK.match(comment.text)
        if mark is None:
            continue
        result = _read(comment, mark["rest"], _lines(source, comment, own_lines))
        if isinstance(result, Suppression):
            found.append(result)
            wrong += _no_reason(result)
        else:
            wrong.append(result)
    return tuple(found), tuple(wrong)


def _lines(source: Source, comment: Comment, own_lines: set[int]) -> tuple[int, ...]:
    """A trailing comment speaks of its line; one on its own line of the next line that is no comment."""
    line = comment.span.line
    if not comment.own_line:
        return (line,)
    last = source.position(len(source.text))[0]
    following = line + 1
    while following in own_lines and following < last:
        following += 1
    return (line, following)


def _read(comment: Comment, rest: str, lines: tuple[int, ...]) -> Suppression | Diagnostic:
    ignore = _IGNORE.match(rest)
    codes = tuple(c.strip() for c in ignore["codes"].split(",")) if ignore else ()
    if ignore is None or not all(_CODE.match(c) for c in codes):
        help_ = "write `# wfcheck: ignore[WF301] reason`, with several codes as `[WF301, WF302]`"
        return Diagnostic(
            "WF012", "this comment is no suppression", comment.span, Severity.WARNING, help=help_
        )
    return Suppression(codes, lines, ignore["reason"].strip() or None, comment.span)


def _no_reason(suppression: Suppression) -> tuple[Diagnostic, ...]:
    if suppression.reason is not None:
        return ()
    help_ = "say after the bracket why the finding may be ignored"
    return (Diagnostic("WF010", "this suppression gives no reason", suppression.span, help=help_),)


def apply_suppressions(diagnostics: Iterable[Diagnostic], found: Sequence[Suppression]) -> Applied:
    """Divide findings into kept and silenced; a suppression that silences nothing, and one without a reason (which
    silences nothing either), is reported. Mistakes in suppressions are never silenced."""
    kept: list[Diagnostic] = []
    silenced: list[Diagnostic] = []
    used: set[tuple[int, str]] = set()
    for diagnostic in diagnostics:
        matching = [i for i, s in enumerate(found) if _silences(s, diagnostic)]
        used |= {(i, diagnostic.code) for i in matching}
        (silenced if matching else kept).append(diagnostic)
    extra = [d for i, s in enumerate(found) if s.reason is not None for d in _unused(s, i, used)]
    return Applied(tuple(kept), tuple(silenced), tuple(extra))


def _silences(suppression: Suppression, diagnostic: Diagnostic) -> bool:
    span = diagnostic.span
    return (
        span is not None
        and suppression.reason is not None
        and diagnostic.code in suppression.codes
        and span.file == suppression.span.file
        and span.line in suppression.lines
        and not diagnostic.code.startswith("WF01")
    )


def _unused(suppression: Suppression, index: int, used: set[tuple[int, str]]) -> list[Diagnostic]:
    return [
        Diagnostic(
            "WF011",
            f"this suppression of {code} silences nothing",
            suppression.span,
            Severity.WARNING,
            help="remove it",
        )
        for code in suppression.codes
        if (index, code) not in used
    ]
