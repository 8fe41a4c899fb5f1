"""Text tests that say something else than they seem to: warnings, never verdicts."""

from __future__ import annotations

import re
from collections.abc import Callable

from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.elaboration.expression_samples import matches, otherwise, plain_text
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ADDRESS, URL, base

_WORD_CLASS = re.compile(r"\[\^(?=[^\]]*[A-Za-z]{3})(?:[^\]\\]|\\.)*\]")
_BARE_DOT = re.compile(r"(?<=\w)\.(?=\w)|(?<=[\])}*+?])\.(?=[A-Za-z]{2})")
_RANGE = re.compile(r"\w-\w|\\\w")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_ORIGIN = re.compile(r"(?:https?:)?//" + _HOST.pattern)
_MAILBOX = re.compile(r"[\w.+-]*@" + _HOST.pattern)
_PLACES = (ADDRESS, URL)


def check_regular(context: Context, pattern: str, place: Callable[[int], Span]) -> None:
    """Warns of a negated class that reads like a word, and of a `.` that reads like a full stop; each with a text that shows it."""
    word = _WORD_CLASS.search(pattern)
    if word is not None and not _RANGE.search(word.group()):
        context.report(
            "WF335",
            f"`{word.group()}` stands for one character, not for a word that is left out",
            place(word.start()),
            severity=Severity.WARNING,
            notes=_shown(_against_word(pattern, word)),
            help="write `not x matches /.../` with the word itself",
        )
        return
    for dot in _BARE_DOT.finditer(_without_classes(pattern)):
        other = otherwise(pattern, dot.start(), dot.end(), "x", "\\.")
        if other is not None:
            context.report(
                "WF335",
                "this `.` matches any character",
                place(dot.start()),
                severity=Severity.WARNING,
                notes=_shown(f"`{other}` passes this test as well"),
                help="write `\\.` for a full stop, or `[^/]` and the like for one character of a kind",
            )
            return


def _shown(note: str | None) -> list[str]:
    return [] if note is None else [note]


def _without_classes(pattern: str) -> str:
    return re.sub(r"\[(?:[^\]\\]|\\.)*\]", lambda found: "]" * len(found.group()), pattern)


def _against_word(pattern: str, found: re.Match[str]) -> str | None:
    """A text with the word that passes, or one without it that does not."""
    word = re.sub(r"[\\^$]", "", found.group()[2:-1])
    for last in "z0-x":
        read = "".join(c if c.isalnum() else f"\\{c}" for c in word + last)
        other = otherwise(pattern, found.start(), found.end(), read, "\\x01")
        if other is not None:
            return f"`{other}` passes this test"
    turned = word[::-1]
    return None if turned == word or matches(pattern, turned) else f"`{turned}` does not pass this test"


def check_pattern(context: Context, pattern: str, span: Span) -> None:
    """The same as `check_text_test` of a regular expression that is a text with anything before or behind it."""
    found = plain_text(pattern)
    if found is not None and found[0] != found[2]:
        _warn_of_border(
            context,
            "endswith" if found[0] else "startswith",
            found[1],
            span,
            lambda other: matches(pattern, other),
        )
    elif found is not None and found[0]:
        _warn_of_border(context, "contains", found[1], span, lambda other: matches(pattern, other))


def check_text_test(context: Context, operator: str, left: core.Expr, right: core.Expr) -> None:
    """Warns of a test that seems to be about a host, but leaves its border open: `acme.com` also ends `evilacme.com` and
    begins `acme.com.evil.net`."""
    if not isinstance(right, core.Literal) or not isinstance(right.value, str):
        return
    text = right.value
    if operator == "like":
        operator, text = _as_simple(text)
    if operator == "contains" and _HOST.fullmatch(text) and base(left.type) in _PLACES:
        text = f"@{text}" if base(left.type) == ADDRESS else f"//{text}"
    _warn_of_border(context, operator, text, right.span, lambda other: _passes(operator, other, text))


def _warn_of_border(
    context: Context, operator: str, text: str, span: Span, passes: Callable[[str], bool]
) -> None:
    site = _ORIGIN.fullmatch(text) or _MAILBOX.fullmatch(text)
    if operator == "endswith" and _HOST.fullmatch(text):
        other, help_ = f"evil{text}", f'compare `domain(x)` or `host(x)`, or write `endswith ".{text}"` too'
    elif operator == "startswith" and site:
        other, help_ = f"{text}.evil.example", "compare `domain(x)` or `host(x)`, or end the text with `/`"
    elif operator == "contains" and site:
        other, help_ = f"{text}.evil.example", "compare `domain(x)` or `host(x)`"
    else:
        return
    if passes(other):
        message = f"`{other}` passes this test as well"
        context.report("WF336", message, span, severity=Severity.WARNING, help=help_)


def _passes(operator: str, other: str, text: str) -> bool:
    meaning = {"endswith": other.endswith, "startswith": other.startswith, "contains": other.__contains__}
    return meaning[operator](text)


def _as_simple(glob: str) -> tuple[str, str]:
    """A glob with `*` at its ends alone as the operator that it amounts to."""
    inner = glob.strip("*")
    if "*" in inner or "?" in inner or glob == inner:
        return "like", glob
    if glob.startswith("*") and not glob.endswith("*"):
        return "endswith", inner
    return ("startswith", inner) if not glob.startswith("*") else ("contains", inner)
