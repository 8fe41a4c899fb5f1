"""What nobody produces is absent; what was not produced on this path is starved."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Result

HEAD = """
principal boss is human
principal helper is agent
principal worker is agent
store memory: list<int> holds {}
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
"""
RULE = "policy p { r: require approve(by: boss, shows: args) before pay }\n"
WRITER = "workflow writer() { remember 3 into memory }\n"
SENDER = "workflow sender() as helper { send [3] to worker }\n"


def _result(path: Path, text: str, rule: str) -> Result:
    path.write_text(text, encoding="utf-8")
    report = check([path], rules=[rule], workflow="w")
    assert not [d for d in report.diagnostics if d.severity.value == "error"], report.diagnostics
    (found,) = report.results
    return found


@pytest.mark.parametrize(
    ("body", "more", "word"),
    [
        ("pay(3)", "", "absent: no step of any workflow"),
        ("pay(3)", "workflow v() { approve pay(amount: 3) by boss }\n", "absent: no step of this workflow"),
        ("if q { approve pay(amount: 3) by boss }  pay(3)", "", "starved: a step in line"),
    ],
)
def test_evidence_that_is_missing(tmp_path: Path, body: str, more: str, word: str) -> None:
    text = f"{HEAD}{RULE}{more}workflow w(q: bool from {{user}}) {{ {body} }}"
    found = _result(tmp_path / "spec.wf", text, "p.r")
    assert found.verdict.value == "VIOLATED"
    assert any(word in note for note in found.notes), found.notes


@pytest.mark.parametrize(
    ("body", "more", "word"),
    [
        ("x = recall memory  pay(x[0])", "", "absent: no workflow writes"),
        ("x = recall memory  pay(x[0])", WRITER, "starved where `writer`"),
        ("x = receive from helper -> list<int>  pay(x[0])", "", "absent: no workflow has `helper` send it"),
        ("x = receive from helper -> list<int>  pay(x[0])", SENDER, "starved where the message"),
    ],
)
def test_a_value_that_is_missing(tmp_path: Path, body: str, more: str, word: str) -> None:
    found = _result(
        tmp_path / "spec.wf", f"{HEAD}{more}workflow w() as worker {{ {body} }}", "builtin.defined"
    )
    assert found.verdict.value in ("VIOLATED", "POSSIBLE")
    assert any(word in note for note in found.notes), found.notes
