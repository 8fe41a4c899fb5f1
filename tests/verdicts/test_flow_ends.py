"""Every form of an end of a flow is decided, or refused where it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Verdict

HEAD = """
secrecy pii
channel outside
principal boss is human
tool fetch() -> text { effect read  emits nothing  returns {pii} }
tool clean() -> text { effect read  emits nothing  returns {} }
tool send(body: text) { effect irreversible  emits outside  returns {} }
store notes: list<text> holds {}
"""

BAD = """
workflow w(who: text from {user}) {
  x = fetch()
  old = recall notes
  y = ask user "what"
  retry 1 { fetch() } on error { send("failed") }
  approve send(body: x) by boss
  remember x into notes
  send(x)
  send(y)
}
"""

GOOD = """
workflow w(who: text from {user}) {
  x = clean()
  fetch()
  send("fixed")
}
"""

SOURCES = ("step(x)", "ask", "fail(fetch)", "fetch", "input(user)", "read({pii})", "approve")
SINKS = ("fail(send)", "approve", "remember", "send", "step(old)", "deny(send)", "say")
CLEARED = (Verdict.PROVED, Verdict.VACUOUS)


def verdict(tmp_path: Path, workflow: str, source: str, sink: str) -> Verdict:
    path = tmp_path / "w.wf"
    path.write_text(f"{HEAD}{workflow}\npolicy p {{ r: forbid flow {source} -> {sink} }}\n")
    report = check([path], rules=["p.r"])
    assert not [d for d in report.diagnostics if d.severity.value == "error"]
    (result,) = report.results
    return result.verdict


@pytest.mark.parametrize("source", SOURCES)
def test_what_comes_from_it_is_not_cleared_where_it_is_sent(tmp_path: Path, source: str) -> None:
    assert verdict(tmp_path, BAD, source, "external") in (Verdict.VIOLATED, Verdict.POSSIBLE)


@pytest.mark.parametrize("source", SOURCES)
def test_what_comes_from_it_is_cleared_where_nothing_of_it_is_sent(tmp_path: Path, source: str) -> None:
    assert verdict(tmp_path, GOOD, source, "external") in CLEARED


@pytest.mark.parametrize("sink", [s for s in SINKS if s not in ("say", "step(old)")])
def test_what_flows_into_it_is_not_cleared(tmp_path: Path, sink: str) -> None:
    assert verdict(tmp_path, BAD, "pii", sink) in (Verdict.VIOLATED, Verdict.POSSIBLE)


@pytest.mark.parametrize("sink", [s for s in SINKS if s != "step(old)"])
def test_what_does_not_flow_into_it_is_cleared(tmp_path: Path, sink: str) -> None:
    assert verdict(tmp_path, GOOD, "pii", sink) in CLEARED


@pytest.mark.parametrize(
    ("source", "sink"),
    [("say", "external"), ("end", "external"), ("emit(outside)", "external"), ("pii", "end"),
     ("pii", "input(user)"), ("rates", "external"), ("outside", "external"), ("pii", "pii")],
)  # fmt: skip
def test_what_can_be_no_end_is_refused_where_it_stands(tmp_path: Path, source: str, sink: str) -> None:
    path = tmp_path / "w.wf"
    table = 'table rates: { k: text, v: text } = [ { k: "a", v: "b" } ]\n'
    path.write_text(f"{HEAD}{table}{GOOD}\npolicy p {{ r: forbid flow {source} -> {sink} }}\n")
    report = check([path], rules=["p.r"])
    assert [d.code for d in report.diagnostics if d.severity.value == "error"] == ["WF531"]
