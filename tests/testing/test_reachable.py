"""`expect reachable`, `unreachable` and `blocked` in test blocks."""

from __future__ import annotations

import pytest

import wfcheck
from wfcheck.checker.testing import run_tests

SPEC = """
principal clerk is agent {{}}
tool look(q: text) -> text {{ effect read emits nothing returns {{}} }}
tool keep(q: text) -> text {{ effect write emits nothing returns {{}} }}
tool pay(amount: int) -> text {{ effect irreversible emits nothing returns {{}} }}
workflow w(b: bool from {{user}}, n: int from {{user}}) as clerk {{
  if b {{ look(q: "a") }} else {{ keep(q: "b") }}
  if n < 10 {{ pay(amount: n) }}
}}
policy p {{ once: limit count(pay) <= 1 per run  closed: require keep after pay before end }}
test "t" {{
  {lines}
}}
"""


@pytest.fixture
def outcomes(tmp_path):
    def run(lines: str) -> list[str]:
        path = tmp_path / "spec.wf"
        path.write_text(SPEC.format(lines=lines))
        return [result.outcome for result in run_tests(wfcheck.load(path).program).results]

    return run


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        ("look", True),
        ("look, pay", True),
        ("pay, look", False),
        ("look, keep", False),
        ("pay(amount: 9)", True),
        ("pay(amount: 10)", False),
        ("{look, keep}, pay, end", True),
        ("look, pay, keep", False),
        ("pay, pay", False),
        ("keep, look, pay", False),
    ],
)
def test_what_a_workflow_can_show(outcomes, events, shown):
    found = outcomes(f"expect reachable w: {events} expect unreachable w: {events}")
    assert found == (["passed", "failed"] if shown else ["failed", "passed"])


def test_blocked_is_what_a_guard_does_not_allow(outcomes):
    assert outcomes("call pay(amount: 1) call pay(amount: 2) expect blocked p.once at 1") == ["passed"]
    assert outcomes("call pay(amount: 1) expect blocked p.once at 0") == ["failed"]
    found = outcomes("call pay(amount: 1) end expect violated p.closed at 1 expect blocked p.closed at 1")
    assert found == ["passed", "passed"]  # a run asks before it ends
    assert outcomes('call look(q: "a") expect blocked p.once') == ["failed"]
