"""Groups of releases (in `except via`, `via`) and of stores: a policy of a library is bound by adding members."""

from __future__ import annotations

import pytest

import wfcheck

SPEC = """
influence web
principal owner is human {{ trusts {{web, model}} }}
store notes: list<text> holds {{}}
tool look() -> text {{ effect read emits nothing returns {{web}} }}
release adopt(x: text) -> text removes {{web}} by owner
release other(x: text) -> text removes {{web}} by owner
group adopted
group lasting
{members}
workflow w(q: text from {{user}}) {{
  page = look()
  mine = adopt(page)
  remember mine into notes
}}
policy p {{
  kept: forbid flow web -> lasting except via adopted
  made: forbid flow web -> {{notes}} except via adopted
  quiet: forbid remember(lasting)
}}
"""


@pytest.fixture
def verdicts(tmp_path):
    def run(members: str) -> dict[str, str]:
        path = tmp_path / "spec.wf"
        path.write_text(SPEC.format(members=members))
        report = wfcheck.check(path)
        assert not [d for d in report.diagnostics if d.severity.value == "error"]
        return {r.rule: r.verdict.value for r in report.results if r.rule.startswith("p.")}

    return run


def test_members_count(verdicts):
    found = verdicts("group adopted += {adopt} group lasting += {notes}")
    assert found == {"p.kept": "PROVED", "p.made": "PROVED", "p.quiet": "VIOLATED"}


def test_no_release_excepts_nothing_and_the_rule_still_applies(verdicts):
    assert verdicts("group lasting += {notes}") == {
        "p.kept": "VIOLATED",
        "p.made": "VIOLATED",
        "p.quiet": "VIOLATED",
    }


def test_another_release_excepts_nothing(verdicts):
    assert verdicts("group adopted += {other} group lasting += {notes}")["p.made"] == "VIOLATED"


def test_no_store_makes_the_rules_about_stores_not_applicable(verdicts):
    found = verdicts("group adopted += {adopt}")
    assert found == {"p.kept": "NOT-APPLICABLE", "p.made": "PROVED", "p.quiet": "NOT-APPLICABLE"}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("forbid flow g -> external", "WF513"),
        ("forbid flow web -> g", "WF513"),
        ("forbid g", "WF513"),
        ("forbid read(g)", "WF221"),
        ("forbid flow web -> external except via s", "WF513"),
    ],
)
def test_groups_of_releases_are_nothing_else(tmp_path, rule, code):
    path = tmp_path / "spec.wf"
    path.write_text(
        SPEC.format(members="group g = {adopt} group s = {notes}") + f"policy q {{ r: {rule} }}",
    )
    assert code in {d.code for d in wfcheck.check(path).diagnostics}
