"""Answers that name no call: each is of the one call of its tool that is open in its own run, or of none that is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import wfcheck

SPEC = """
tool pay(amount: int) -> any { effect irreversible  returns {}  emits nothing }
track spent: int = 0 { on pay(_): spent + amount }
policy p { cap: always spent <= 10 }
"""


def called(run: str, amount: int) -> dict[str, Any]:
    return {"kind": "call", "session": run, "run": run, "tool": "pay", "args_requested": {"amount": amount}}


def back(run: str) -> dict[str, Any]:
    return {"kind": "result", "session": run, "run": run, "tool": "pay", "result": "ok"}


def verdict(folder: Path, events: list[dict[str, Any]]) -> str:
    (folder / "p.wf").write_text(SPEC)
    head = {"format": "wftrace", "version": 1}
    lines = [head, *({"seq": number, **event} for number, event in enumerate(events))]
    (folder / "t.wftrace.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return wfcheck.replay(folder / "p.wf", folder / "t.wftrace.jsonl").results[0].verdict


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([called("a", 100), called("b", 1), back("a"), back("b")], "violated"),
        ([called("a", 1), called("b", 100), back("a")], "holds"),
        ([called("a", 6), back("a"), called("a", 6), back("a")], "violated"),
        ([called("a", 4), back("a"), called("a", 4), back("a")], "holds"),
        ([called("a", 100), called("a", 1), back("a"), back("a")], "insufficient"),
    ],
)
def test_an_answer_is_of_the_open_call_of_its_run(
    tmp_path: Path, events: list[dict[str, Any]], expected: str
) -> None:
    assert verdict(tmp_path, events) == expected


def test_a_guard_keeps_sessions_apart(tmp_path: Path) -> None:
    (tmp_path / "p.wf").write_text(SPEC)
    guard = wfcheck.Guard(tmp_path / "p.wf")
    for run, amount in (("a", 9), ("b", 1)):
        assert isinstance(guard.before(called(run, amount)), wfcheck.Allow)
    for run in "ab":
        assert guard.after(back(run)) == ()
    assert isinstance(guard.before(called("a", 9)), wfcheck.Deny)
    assert isinstance(guard.before(called("b", 9)), wfcheck.Allow)
