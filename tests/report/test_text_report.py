from __future__ import annotations

from hypothesis import given as examples
from hypothesis import strategies as st

from wfcheck.checker.report.escape import show_char, visible, width
from wfcheck.checker.report.sources import Sources, given, no_sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text import write_text
from wfcheck.checker.report.text_diagnostics import write_diagnostic
from wfcheck.checker.result import PathStep, Report, Result, Verdict, Witness
from wfcheck.checker.traces.event import Event, EventSource
from wfcheck.dsl.diagnostic import Diagnostic, Label
from wfcheck.dsl.source import Source

PLAIN = Style()


def printable(text: str) -> bool:
    return all(char == "\n" or show_char(char) == char for char in text)


def test_a_diagnostic_shows_its_line_and_marks_the_place() -> None:
    text = "first\n\tfoo(bär, b)\n"
    source = Source("x.wf", text)
    where = text.index(" b)") + 1
    found = Diagnostic(
        "WF203",
        "no name `b` is known here",
        source.span(where, where + 1),
        labels=(Label(source.span(7, 10), "called here"),),
        notes=("one", "two\nlines"),
        help="did you mean `bär`?",
    )
    assert write_diagnostic(found, given({"x.wf": text}), PLAIN) == (
        "error[WF203]: no name `b` is known here\n"
        " --> x.wf:2:11\n"
        "  |\n"
        "2 |     foo(bär, b)\n"
        "  |              ^\n"
        "  |     --- called here\n"
        "  = note: one\n"
        "  = note: two\n"
        "          lines\n"
        "  = help: did you mean `bär`?\n"
    )


def test_a_span_over_lines_marks_its_first_and_its_last() -> None:
    text = "if a {\n  b\n  c\n}\n"
    found = Diagnostic("WF401", "m", Source("x.wf", text).span(0, text.index("}") + 1))
    lines = write_diagnostic(found, given({"x.wf": text}), PLAIN).split("\n")
    assert lines[3:8] == ["1 | if a {", "  | ^^^^^^", "...", "4 | }", "  | ^"]


def test_wide_characters_keep_the_caret_under_its_place() -> None:
    text = '漢字(x, "é", y)'
    found = Diagnostic("WF201", "m", Source("x.wf", text).span(text.index("y"), text.index("y") + 1))
    lines = write_diagnostic(found, given({"x.wf": text}), PLAIN).split("\n")
    shown, marks = lines[3], lines[4]
    assert width(marks.split("^")[0]) == width(shown[: shown.index("y")])


def test_labels_in_other_files_and_missing_sources_still_have_a_place() -> None:
    here, there = Source("a.wf", "aaa"), Source("b.wf", "bbb")
    found = Diagnostic("WF202", "m", here.span(0, 1), labels=(Label(there.span(1, 2), "first here"),))
    shown = write_diagnostic(found, given({"a.wf": "aaa", "b.wf": "bbb"}), PLAIN)
    assert "::: b.wf:1:2" in shown
    assert "1 | bbb\n  |  - first here" in shown
    assert "first here (b.wf:1:2)" in write_diagnostic(found, no_sources, PLAIN)


def test_a_very_long_line_is_shown_in_part() -> None:
    text = "x" * 100_000 + "y" + "x" * 100_000
    found = Diagnostic("WF201", "m", Source("x.wf", text).span(100_000, 100_001))
    lines = write_diagnostic(found, given({"x.wf": text}), PLAIN).split("\n")
    assert max(map(len, lines)) < 200
    assert lines[3].index("y") == lines[4].index("^")


def test_the_report_names_every_rule_its_assumptions_its_path_and_its_run(
    report: Report, sources: Sources
) -> None:
    text = write_text(report, sources, PLAIN)
    for result in report.results:
        assert f"{result.verdict.value:<14} {result.rule}" in text
    assert "(rests on post.sent, complete-mediation)" in text
    assert "1. source  specs/mail.wf:2:11  the result of `read_notes` carries `secret`" in text
    assert "2. sink    specs/mail.wf:4:10  argument `body` of `post`" in text
    assert "> 1  call post(" in text
    assert text.rstrip().split("\n")[-1].startswith("10 results for 1 workflow: 2 proved")


def test_quiet_keeps_problems_and_the_summary(report: Report, sources: Sources) -> None:
    text = write_text(report, sources, Style(verbosity=-1))
    assert "privacy.violated" in text
    assert "privacy.unknown" in text
    assert "privacy.proved" not in text
    assert "WF401" not in text


def test_nothing_a_terminal_acts_on_gets_through(report: Report, sources: Sources) -> None:
    for verbosity in (-1, 0, 1):
        assert printable(write_text(report, sources, Style(verbosity=verbosity)))


def test_colour_is_the_only_source_of_escapes(report: Report, sources: Sources) -> None:
    import re

    painted = write_text(report, sources, Style(color=True))
    assert "\x1b[31;1m" in painted
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == write_text(report, sources, PLAIN)


def test_a_known_finding_is_shown_as_such(violated: Result, sources: Sources) -> None:
    import attrs

    report = Report((attrs.evolve(violated, known=True),), ())
    assert "known, not counted" in write_text(report, sources, PLAIN)
    assert report.exit_code == 0
    assert Report((violated,), ()).exit_code == 1


@examples(st.text())
def test_visible_text_is_one_inert_line(text: str) -> None:
    shown = visible(text)
    assert printable(shown)
    assert "\n" not in shown


@examples(
    st.text(max_size=60), st.integers(0, 70), st.integers(0, 70), st.integers(0, 70), st.integers(0, 70)
)
def test_any_span_of_any_text_can_be_shown(text: str, a: int, b: int, c: int, d: int) -> None:
    source = Source("x.wf", text)
    found = Diagnostic(
        "WF201", text, source.span(a, b), labels=(Label(source.span(c, d), text),), notes=(text,), help=text
    )
    assert printable(write_diagnostic(found, given({"x.wf": text}), PLAIN))


@examples(st.text(min_size=1), st.sampled_from(list(Verdict)))
def test_no_result_gets_anything_past_the_text(text: str, verdict: Verdict) -> None:
    span = Source(text, "abc").span(0, 1)
    event = Event(
        kind="call", seq=0, tool=text, actor=text, args_executed={text: text}, source=EventSource(text, 1)
    )
    result = Result(
        text,
        text,
        text,
        verdict,
        span,
        text,
        assumptions=(text,),
        cores=((text,),),
        certificate=text,
        witness=Witness((event,), 0),
        path=(PathStep(text, text, span),),
        reason=text,
        notes=(text,),
        help=text,
        doc=text,
    )
    for verbosity in (-1, 0, 1):
        assert printable(write_text(Report((result,), ()), no_sources, Style(verbosity=verbosity)))
