"""What is decided by a secret is told as a decision, not as the release that the rule excepts."""

from __future__ import annotations

from pathlib import Path

from wfcheck.checker.pipeline import check
from wfcheck.checker.report.text_events import describe
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.traces.event import Event

PRELUDE = """
secrecy embargoed
influence mail
channel outside
principal boss is human { clears {embargoed}  trusts {user, model} }
principal helper is agent { clears {embargoed} }
tool read_draft() -> text { effect read  emits nothing  returns {embargoed} }
tool read_mail() -> text { effect read  emits nothing  returns {mail} }
tool publish(body: text) { effect irreversible  emits outside  returns {} }
release clear(x: text) -> text removes {embargoed} by boss
policy p { r: forbid flow embargoed -> external except via clear }
"""


def _result(path: Path, rule: str, body: str) -> Result:
    file = path / "case.wf"
    file.write_text(f"{PRELUDE}workflow w() as helper {{\n{body}\n}}\n", encoding="utf-8")
    report = check([file], rules=[rule])
    assert [d.message for d in report.diagnostics if d.severity.value == "error"] == []
    (result,) = report.results
    return result


def test_the_branch_is_on_the_path_and_the_excepted_release_is_not(tmp_path: Path) -> None:
    body = """  draft = read_draft()
  ok = llm judge(draft) -> enum { good, bad }
  if ok == good {
    final = clear(draft)
    publish(body: final)
  }"""
    result = _result(tmp_path, "p.r", body)
    assert result.verdict is Verdict.VIOLATED
    assert [step.edge for step in result.path] == ["source", "llm-mix", "control", "sink"]
    assert result.path[2].text == "what is decided by `ok == good`"
    assert not any("`clear`" in step.text for step in result.path)


def test_a_value_that_is_released_alone_is_fine(tmp_path: Path) -> None:
    body = "  draft = read_draft()\n  final = clear(draft)\n  publish(body: final)"
    assert _result(tmp_path, "p.r", body).verdict is Verdict.PROVED


def test_a_steered_release_says_whom_it_has_to_be_trusted_by(tmp_path: Path) -> None:
    body = """  mail = read_mail()
  draft = read_draft()
  if mail == "open" {
    final = clear(draft)
    publish(body: final)
  }"""
    result = _result(tmp_path, "builtin.robust", body)
    assert result.verdict is Verdict.VIOLATED
    assert result.help == "let `boss` trust `mail`, or keep it out of what decides"


def test_a_result_without_a_value_is_told() -> None:
    event = Event(seq=0, trace="s1", kind="result", tool="publish", call="c1")
    assert describe(event) == "result of publish -> nothing"
