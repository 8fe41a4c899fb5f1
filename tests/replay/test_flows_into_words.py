"""Sinks that are events other than calls: what is said, asked, sent, shown or remembered."""

from __future__ import annotations

import pytest

import wfcheck
from wfcheck.checker.testing import run_tests

SPEC = """
secrecy credential
influence web
principal boss is human
store log: list<text> holds {{}}
tool read_key() -> text {{ effect read emits nothing returns {{credential}} }}
tool post(body: text) {{ effect irreversible emits nothing returns {{}} }}
policy p {{
  said: forbid flow credential -> say
  shown: forbid flow credential -> approve
  sent: forbid flow credential -> message
  model: forbid flow credential -> llm
}}
test "t" {{
  call read_key() -> "sk-4711-0815-abcdefgh"
  {line}
  expect violated p.{rule} at 1
  expect ok
}}
"""


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("said", 'say "the key is sk-4711-0815-abcdefgh"'),
        ("shown", 'approve post(body: "sk-4711-0815-abcdefgh") by boss'),
        ("sent", 'message from boss to user (text: "sk-4711-0815-abcdefgh")'),
    ],
)
def test_what_is_told_is_judged(tmp_path, rule, line):
    assert _outcomes(tmp_path, rule, line)[0] == "passed"


@pytest.mark.parametrize("rule", ["said", "shown", "sent"])
def test_other_words_hold(tmp_path, rule):
    assert _outcomes(tmp_path, rule, 'say "done"')[0] == "failed"


def test_what_a_model_was_shown_is_not_recorded(tmp_path):
    path = tmp_path / "spec.wf"
    path.write_text(
        SPEC.format(rule="model", line='say "done"').replace("violated p.model at 1", "insufficient p.model")
    )
    assert run_tests(wfcheck.load(path).program).results[0].outcome == "passed"


def test_a_leak_by_saying_is_shown_as_a_run(tmp_path):
    path = tmp_path / "spec.wf"
    path.write_text(
        "secrecy credential\ntool read_key() -> text { effect read emits nothing returns {credential} }\n"
        "workflow w() { key = read_key()  say key }\npolicy p { said: forbid flow credential -> say }\n"
    )
    result = next(r for r in wfcheck.check(path).results if r.rule == "p.said")
    assert result.verdict.value == "VIOLATED"


def _outcomes(folder, rule, line):
    path = folder / "spec.wf"
    path.write_text(SPEC.format(rule=rule, line=line))
    return [result.outcome for result in run_tests(wfcheck.load(path).program).results]
