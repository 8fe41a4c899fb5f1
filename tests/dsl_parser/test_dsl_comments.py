"""Suppressions: where they apply, what is wrong with them, and what they silence."""

from __future__ import annotations

from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.parsing.comments import apply_suppressions, suppressions
from wfcheck.dsl.source import Source

TEXT = """tool a()  # wfcheck: ignore[WF301] trailing
# wfcheck: ignore[WF302, WF303] own line
# another comment
tool b()
# wfcheck: ignore[WF304]
tool c()
# wfcheck: ignore WF305 forgot the brackets
tool d()
# wfcheck: ignore[F1] bad code
define e = "# wfcheck: ignore[WF306] a text"
"""


def finding(code: str, line: int) -> Diagnostic:
    source = Source("x.wf", TEXT)
    start = sum(len(text) + 1 for text in TEXT.split("\n")[: line - 1])
    return Diagnostic(code, "wrong", source.span(start, start + 1))


def test_suppressions_apply_to_their_line_or_the_next_that_is_no_comment() -> None:
    found, wrong = suppressions(Source("x.wf", TEXT))
    assert [(s.codes, s.lines, s.reason) for s in found] == [
        (("WF301",), (1,), "trailing"),
        (("WF302", "WF303"), (2, 4), "own line"),
        (("WF304",), (5, 6), None),
    ]
    assert [(d.code, d.span.line) for d in wrong if d.span] == [("WF010", 5), ("WF012", 7), ("WF012", 9)]


def test_what_is_silenced_is_kept_apart_and_the_rest_reported() -> None:
    found, _ = suppressions(Source("x.wf", TEXT))
    silenced = [finding("WF301", 1), finding("WF302", 4)]
    kept = [
        finding("WF301", 4),
        finding("WF302", 1),
        finding("WF304", 6),
        finding("WF010", 4),
        Diagnostic("WF301", "no place", None),
    ]
    applied = apply_suppressions([*kept, *silenced], found)
    assert applied.kept == tuple(kept)
    assert applied.silenced == tuple(silenced)
    assert [(d.code, d.message) for d in applied.extra] == [
        ("WF011", "this suppression of WF303 silences nothing")
    ]


def test_other_files_are_not_silenced() -> None:
    found, _ = suppressions(Source("y.wf", TEXT))
    assert apply_suppressions([finding("WF301", 1)], found).kept == (finding("WF301", 1),)
