"""Each policy pack: a small spec of which every rule is proved, one by which every rule is violated, the `test` blocks of both,
and what a pack says of itself while nothing is bound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wfcheck
from wfcheck import stdlib
from wfcheck.checker.testing import run_tests

PACKS = Path(__file__).parent / "packs"
CLOCK = {"budgets.hour"}  # a sliding window over sessions: judged on runs, in the `test` blocks


def modules() -> list[str]:
    return [name.removeprefix("std.") for name in stdlib.names()]


def policies() -> list[str]:
    return [name for name in modules() if f"\npolicy {name} " in source(name)]


def source(name: str) -> str:
    text = stdlib.load(("std", name))
    assert text is not None
    return text


def rules(name: str) -> set[str]:
    program = wfcheck.load(PACKS / f"{name}_proved.wf").program
    return {rule.name for rule in program.rules if rule.name.startswith(f"{name}.")}


def verdicts(name: str, kind: str) -> dict[str, set[str]]:
    report = wfcheck.check(PACKS / f"{name}_{kind}.wf")
    assert not [d for d in report.diagnostics if d.severity.value == "error"]
    found: dict[str, set[str]] = {}
    for result in report.results:
        if result.rule.startswith(f"{name}."):
            found.setdefault(result.rule, set()).add(result.verdict.value)
    return found


def test_there_are_packs() -> None:
    assert len(policies()) >= 13
    assert {path.name.rsplit("_", 1)[0] for path in PACKS.glob("*_*ed.wf")} == set(policies())


@pytest.mark.parametrize("name", policies())
def test_every_rule_is_proved_of_the_safe_spec(name: str) -> None:
    found = verdicts(name, "proved")
    assert set(found) == rules(name)
    for rule in set(found) - CLOCK:
        assert found[rule] - {"VACUOUS"} == {"PROVED"}, rule


@pytest.mark.parametrize("name", policies())
def test_every_rule_is_violated_by_the_unsafe_spec(name: str) -> None:
    found = verdicts(name, "violated")
    assert set(found) == rules(name)
    for rule in set(found) - CLOCK:
        assert "VIOLATED" in found[rule], rule


@pytest.mark.parametrize("path", sorted(PACKS.glob("*.wf")), ids=lambda path: path.stem)
def test_the_tests_in_the_specs_pass(path: Path) -> None:
    results = run_tests(wfcheck.load(path).program).results
    assert {result.outcome for result in results} <= {"passed"}


@pytest.mark.parametrize("name", policies())
def test_some_test_is_written_in_the_language(name: str) -> None:
    assert any("\ntest " in (PACKS / f"{name}_{kind}.wf").read_text() for kind in ("proved", "violated"))


@pytest.mark.parametrize("name", policies())
def test_a_pack_alone_names_the_groups_to_fill(name: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(f'import std.{name}\nworkflow w() {{ say "hello" }}\n')
    report = wfcheck.check(path)
    assert {r.rule for r in report.results} >= rules(name)
    for result in report.results:
        assert result.verdict.value in {"NOT-APPLICABLE", "VACUOUS", "PROVED"}
        if result.verdict.value == "NOT-APPLICABLE":
            assert result.reason is not None
            assert "open group" in result.reason


def workflows_removed(name: str) -> str:
    """The bindings of a pack's safe spec with a workflow that uses none of them."""
    text = (PACKS / f"{name}_proved.wf").read_text(encoding="utf-8")
    kept = re.sub(r"^(workflow|test|release|assume)\b.*?^}\n", "", text, flags=re.DOTALL | re.MULTILINE)
    return kept + '\nworkflow idle() { say "nothing to do" }\n'


@pytest.mark.parametrize("name", policies())
def test_a_pack_that_cannot_fire_on_the_tools_says_so(name: str, tmp_path: Path) -> None:
    """All groups are bound, and the workflow uses nothing of it: no rule is proved without a word."""
    path = tmp_path / "spec.wf"
    for helper in PACKS.glob("roles.wf"):
        (tmp_path / helper.name).write_text(helper.read_text(encoding="utf-8"), encoding="utf-8")
    path.write_text(workflows_removed(name), encoding="utf-8")
    report = wfcheck.check(path)
    found = [r for r in report.results if r.rule.startswith(f"{name}.") and r.workflow in ("idle", None)]
    assert {r.rule for r in found} == rules(name)
    for result in found:
        silent = result.verdict.value not in ("NOT-APPLICABLE", "VACUOUS") and result.reason is None
        assert not silent, (result.rule, result.verdict, result.notes)
