"""`limit count(EVENT) <= n per run` where agents act: what the bounds of agents and loops add up to, and one less."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.rules import occurrences

PRELUDE = """
tool shell(command: text) -> text { effect irreversible  emits nothing  returns {} }
tool other(command: text) -> text { effect irreversible  emits nothing  returns {} }
"""
ONE = "agent a(t) may { shell } max 3 steps"

CASES: dict[str, tuple[str, int]] = {
    "one agent": (ONE, 3),
    "two tools, one of them counted": ("agent a(t) may { shell, other, say } max 3 steps", 3),
    "two agents": (f"{ONE}\n agent b(t) may {{ shell }} max 2 steps", 5),
    "an agent and a call": (f'{ONE}\n shell("x")', 4),
    "one arm or the other": (f'if c {{ {ONE} }} else {{ shell("x") }}', 3),
    "in a bounded loop": ("repeat max 2 while c { agent a(t) may { shell } max 2 steps }", 4),
    "over a literal list": ('for x in ["a", "b"] { agent a(x) may { shell } max 1 steps }', 2),
    "attempts": ("retry 2 { agent a(t) may { shell } max 1 steps\n other(t) }", 2),
    "branches": (
        f"parallel {{\n branch {{ {ONE} }}\n branch {{ agent b(t) may {{ shell }} max 1 steps }}\n }}",
        4,
    ),
    "an agent that does something else": ("agent a(t) may { other } max 3 steps\n shell(t)", 1),
}


def _result(path: Path, body: str, limit: str) -> Result:
    file = path / "case.wf"
    workflow = f"workflow w(t: text, c: bool, ts: list<text>) {{\n {body}\n}}\n"
    file.write_text(f"{PRELUDE}{workflow}policy p {{\n r: limit {limit} per run\n}}\n", encoding="utf-8")
    report = check([file], rules=["p.r"])
    assert [d.message for d in report.diagnostics if d.severity.value == "error"] == []
    (result,) = report.results
    return result


@pytest.mark.parametrize("name", CASES)
def test_the_most_is_proved(name: str, tmp_path: Path) -> None:
    body, most = CASES[name]
    assert _result(tmp_path, body, f"count(shell) <= {most}").verdict is Verdict.PROVED


@pytest.mark.parametrize("name", CASES)
def test_one_less_is_never_proved(name: str, tmp_path: Path) -> None:
    body, most = CASES[name]
    assert _result(tmp_path, body, f"count(shell) <= {most - 1}").verdict in (
        Verdict.POSSIBLE,
        Verdict.VIOLATED,
    )


def test_as_many_calls_as_the_agent_may_make_are_shown(tmp_path: Path) -> None:
    result = _result(tmp_path, ONE, "count(shell) <= 2")
    assert result.verdict is Verdict.VIOLATED
    assert result.witness is not None
    calls = [e for e in result.witness.events[: result.witness.index + 1] if e.kind == "call"]
    assert [e.tool for e in calls] == ["shell"] * 3


@pytest.mark.parametrize(
    "body",
    [
        f"for x in ts {{ {ONE} }}",
        f"repeat while c {{ {ONE} }}",
    ],
)
def test_nothing_bounds_a_loop_without_a_bound(body: str, tmp_path: Path) -> None:
    assert _result(tmp_path, body, "count(shell) <= 1000").verdict is not Verdict.PROVED


def test_answers_of_the_model_are_not_steps(tmp_path: Path) -> None:
    """An agent of three steps answers four times: the last time it ends."""
    assert _result(tmp_path, ONE, "count(llm) <= 3").verdict is not Verdict.PROVED


def test_a_bound_that_counts_too_little_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(occurrences, "_times", lambda _rounds, inner: inner)
    body, most = CASES["in a bounded loop"]
    assert _result(tmp_path, body, f"count(shell) <= {most - 1}").verdict is Verdict.PROVED
