"""Over input with errors nothing is decided: what is wrong was left out, and what is left is not what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck

TOOL = "tool pay(amount: int) { effect irreversible  emits nothing  returns {} }\n"
WORKFLOW = "workflow w() { pay(amount: 3) }\n"


@pytest.mark.parametrize(
    "rule",
    ["forbid pay(amuont: > 5)", 'limit count(pay) <= "2" per run', "forbid pay when amuont > 5"],
)
def test_a_rule_with_a_mistake_is_not_violated(tmp_path: Path, rule: str) -> None:
    (tmp_path / "spec.wf").write_text(f"{TOOL}{WORKFLOW}policy p {{ small: {rule} }}\n")
    report = wfcheck.check(tmp_path)
    assert {r.verdict for r in report.results} <= {wfcheck.Verdict.UNKNOWN}
    assert all(r.witness is None and not r.path for r in report.results)
    assert report.exit_code == 2


def test_a_broken_rule_beside_the_file_with_errors_is_violated(tmp_path: Path) -> None:
    (tmp_path / "good.wf").write_text(f"{TOOL}{WORKFLOW}policy p {{ never: forbid pay }}\n")
    (tmp_path / "bad.wf").write_text("policy q { small: forbid nothing_of_the_kind }\n")
    verdicts = {r.rule: r.verdict for r in wfcheck.check(tmp_path).results}
    assert verdicts["p.never"] is wfcheck.Verdict.VIOLATED
