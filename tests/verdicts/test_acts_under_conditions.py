"""Agents that may act only under a condition: a run meets it, and still has a part that nobody but the agent says."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.search import fulfilling
from wfcheck.dsl import core
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.walk import statements

PRELUDE = """
secrecy pii
influence web
channel outside clears {}
type Git = text where it startswith "git "
tool read_web() -> text { effect read  emits nothing  returns {web} }
tool read_secret() -> text { effect read  emits nothing  returns {pii} }
tool shell(command: text) { effect irreversible  emits outside  returns {} }
tool typed(command: Git) { effect irreversible  emits outside  returns {} }
tool two(verb: text, path: text) { effect irreversible  emits outside  returns {} }
tool mail(to: address, body: text) { effect irreversible  emits outside  returns {} }
tool open(link: url) { effect irreversible  emits outside  returns {} }
tool pay(amount: int, day: date) { effect irreversible  emits outside  returns {} }
"""

ACTS = {
    "a beginning": ('shell when command startswith "git "', "shell.command"),
    "an end": ('shell when command endswith ".py"', "shell.command"),
    "both": ('shell when command startswith "git " and command endswith ".py"', "shell.command"),
    "a part": ('shell when command contains "--force"', "shell.command"),
    "a pattern": ('shell when command like "src/*.py"', "shell.command"),
    "one of two": ('shell when command startswith "git " or command startswith "ls "', "shell.command"),
    "not that": ('shell when not (command startswith "git ")', "shell.command"),
    "in lower case": ('shell when lower(command) startswith "git "', "shell.command"),
    "a refined type": ("typed", "typed.command"),
    "two arguments": ('two when verb == "push" and path startswith "src/"', "two.path"),
    "one of a list": ('two when verb in ["push", "pull"]', "two.path"),
    "a domain": ('mail when domain(to) == "acme.example"', "mail.to"),
    "one of two domains": ('mail when domain(to) in ["acme.example", "b.example"]', "mail.to"),
    "the end of a domain": ('mail when domain(to) endswith ".example"', "mail.to"),
    "a host": ('open when host(link) == "acme.example"', "open.link"),
    "the beginning of a link": ('open when link startswith "https://acme.example/"', "open.link"),
}


def _program(may: str, rule: str) -> str:
    agent = f"agent judge(task) may {{ read_web, read_secret, {may} }} max 3 steps"
    workflow = f"workflow w(task: text from {{user}}) {{ {agent} }}\n"
    return f"{PRELUDE}{workflow}policy p {{ r: {rule} }}\n"


def _result(path: Path, may: str, rule: str, name: str = "p.r") -> Result:
    file = path / "case.wf"
    file.write_text(_program(may, rule), encoding="utf-8")
    report = check([file], rules=[name])
    assert [d.message for d in report.diagnostics if d.severity.value == "error"] == []
    (result,) = report.results
    return result


@pytest.mark.parametrize("name", ACTS)
def test_an_invented_argument_meets_the_condition(name: str, tmp_path: Path) -> None:
    may, target = ACTS[name]
    result = _result(tmp_path, may, f"require {target} from only {{user}}")
    assert result.verdict is Verdict.VIOLATED, result.reason
    assert result.witness is not None
    event = result.witness.events[result.witness.index]
    assert fulfilling.NAME in str(event.arguments[target.split(".")[1]])


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize(
    "rule", ["forbid flow pii -> outside", "forbid flow pii -> outside when influence meets {web}"]
)
def test_a_secret_leaves_under_the_condition(name: str, rule: str, tmp_path: Path) -> None:
    assert _result(tmp_path, ACTS[name][0], rule).verdict is Verdict.VIOLATED


@pytest.mark.parametrize("name", ["both", "two arguments", "a domain", "a host"])
def test_a_call_is_steered_under_the_condition(name: str, tmp_path: Path) -> None:
    may, target = ACTS[name]
    rule = f"require decision of {target.split('.')[0]} from only {{user, model}}"
    assert _result(tmp_path, may, rule).verdict is Verdict.VIOLATED


@pytest.mark.parametrize("name", ["both", "two arguments", "a domain", "a host"])
def test_built_in_rules_are_broken_under_the_condition(name: str, tmp_path: Path) -> None:
    rule = "forbid flow pii -> outside"
    assert _result(tmp_path, ACTS[name][0], rule, "builtin.clearance").verdict is Verdict.VIOLATED


def test_a_forbidden_call_is_made_under_the_condition(tmp_path: Path) -> None:
    may = ACTS["both"][0]
    assert _result(tmp_path, may, "forbid shell when length(command) > 12").verdict is Verdict.VIOLATED


def test_a_condition_that_keeps_the_rule_is_proved_still(tmp_path: Path) -> None:
    may = 'shell when command == "git status"'
    assert _result(tmp_path, may, 'forbid shell when command != "git status"').verdict is Verdict.PROVED


@pytest.mark.parametrize("name", [n for n in ACTS if n not in ("a refined type", "not that")])
def test_all_proposed_arguments_meet_the_condition(name: str, tmp_path: Path) -> None:
    file = tmp_path / "case.wf"
    file.write_text(_program(ACTS[name][0], "forbid shell"), encoding="utf-8")
    program, _ = elaborate.load([file], library=lambda _: None)
    body = program.workflows["w"].body
    may = next(s for s in statements(body) if isinstance(s, core.Agent)).may[-1]
    assert may.tool is not None
    assert may.condition is not None
    proposed = fulfilling.arguments(program.tools[may.tool], may.condition)
    assert proposed
    assert all(fulfilling.meets(may.condition, given) for given in proposed)


def test_nothing_is_proposed_where_nothing_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "case.wf"
    file.write_text(_program("shell", "forbid shell"), encoding="utf-8")
    program, _ = elaborate.load([file], library=lambda _: None)
    assert fulfilling.arguments(program.tools["shell"], None) == []
    assert fulfilling.values(program.tools["pay"].parameters[0].type, None, "amount") == []
