"""`consecutive` over failures and `same` in the judged event: never proved where a run breaks the rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Verdict

TOOLS = """
tool pay(order: text) -> any { effect irreversible  emits nothing  returns {} }
tool refund(order: text) -> any { effect irreversible  emits nothing  returns {} }
tool orders() -> list<text> { effect read  emits nothing  returns {} }
"""
SAME, ROW = "forbid pay(order: same) after refund", "limit consecutive(fail(pay)) <= 1 per run"
CASES: dict[str, tuple[str, str, set[Verdict]]] = {
    "the same order": (SAME, "refund(x) pay(x)", {Verdict.VIOLATED}),
    "perhaps the same order": (SAME, 'refund("a") pay(x)', {Verdict.VIOLATED, Verdict.POSSIBLE}),
    "one of two": (SAME, 'refund("a") refund("b") pay("a")', {Verdict.VIOLATED}),
    "another order": (SAME, 'refund("a") pay("b")', {Verdict.PROVED}),
    "another order by a condition": (SAME, 'refund("a") if x != "a" { pay(x) }', {Verdict.PROVED}),
    "another order but once": (
        SAME,
        'refund("a") for y in orders() { if y != "b" { pay(y) } }',
        {Verdict.VIOLATED, Verdict.POSSIBLE},
    ),
    "one of what was walked": (
        SAME,
        'for y in orders() { refund(y) } pay("a")',
        {Verdict.VIOLATED, Verdict.POSSIBLE},
    ),
    "the other way round": (SAME, "pay(x) refund(x)", {Verdict.PROVED}),
    "in a loop": (
        SAME,
        "for y in orders() { pay(x) refund(x) }",
        {Verdict.VIOLATED, Verdict.POSSIBLE},
    ),
    "the same call": ("forbid pay(args) after pay", "pay(x) pay(x)", {Verdict.VIOLATED}),
    "failures in a row": (ROW, 'retry 6 { pay(x) } on error { say "no" }', {Verdict.VIOLATED}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str, tmp_path: Path) -> None:
    rule, body, expected = CASES[name]
    file = tmp_path / "case.wf"
    file.write_text(f"{TOOLS} policy p {{ r: {rule} }} workflow w(x: text) {{ {body} }}", encoding="utf-8")
    found = [result.verdict for result in check([file]).results if result.rule == "p.r"]
    assert len(found) == 1
    assert found[0] in expected
