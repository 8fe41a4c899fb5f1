"""Text tests that say something else than they seem to: warnings, never verdicts."""

from __future__ import annotations

import re
from collections.abc import Callable

from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.source import Span

_WORD_CLASS = re.compile(r"\[\^(?=[^\]]*[A-Za-z]{3})(?:[^\]\\]|\\.)*\]")
_BARE_DOT = re.compile(r"(?<=\w)\.(?=\w)|(?<=[\])}*+?])\.(?=[A-Za-z]{2})")
_RANGE = re.compile(r"\w-\w|\\\w")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_ORIGIN = re.compile(r"(?:https?:)?//" + _HOST.pattern)


def check_regular(context: Context, pattern: str, place: Callable[[int], Span]) -> None:
    """Warns of a negated class that reads like a word, and of a `.` that reads like a full stop."""
    word = _WORD_CLASS.search(pattern)
    if word is not None and not _RANGE.search(word.group()):
        context.report(
            "WF335",
            f"`{word.group()}` stands for one character, not for a word that is left out",
            place(word.start()),
            severity=Severity.WARNING,
            help="write `not x matches /.../` with the word itself",
        )
        return
    dot = _BARE_DOT.search(_without_classes(pattern))
    if dot is not None:
        context.report(
            "WF335",
            "this `.` matches any character",
            place(dot.start()),
            severity=Severity.WARNING,
            help="write `\\.` for a full stop, or `[^/]` and the like for one character of a kind",
        )


def _without_classes(pattern: str) -> str:
    return re.sub(r"\[(?:[^\]\\]|\\.)*\]", lambda found: "]" * len(found.group()), pattern)


def check_text_test(context: Context, operator: str, right: core.Expr) -> None:
    """Warns of a test that seems to be about a host, but leaves its border open: `acme.com` also ends `evilacme.com` and
    begins `acme.com.evil.net`."""
    if not isinstance(right, core.Literal) or not isinstance(right.value, str):
        return
    text = right.value
    if operator == "like":
        operator, text = _as_simple(text)
    if operator == "endswith" and _HOST.fullmatch(text):
        other, help_ = f"evil{text}", f'compare `domain(x)` or `host(x)`, or write `endswith ".{text}"` too'
    elif operator == "startswith" and _ORIGIN.fullmatch(text):
        other, help_ = f"{text}.evil.example", "compare `host(x)`, or end the text with `/`"
    else:
        return
    context.report(
        "WF336",
        f"`{other}` passes this test as well",
        right.span,
        severity=Severity.WARNING,
        help=help_,
    )


def _as_simple(glob: str) -> tuple[str, str]:
    """A glob with one `*` at one end as the operator that it amounts to."""
    inner = glob.strip("*")
    if "*" in inner or "?" in inner:
        return "like", glob
    if glob.startswith("*") and not glob.endswith("*"):
        return "endswith", inner
    return ("startswith", inner) if glob.endswith("*") and not glob.startswith("*") else ("like", glob)
