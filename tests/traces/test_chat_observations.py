"""Observations as normalised chats: of what the normaliser did not understand nothing is said to hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import wfcheck

SPEC = """
tool pay(amount: int) { effect irreversible }
tool look_up(order: int) { effect read }
policy p {
  never:  forbid pay
  looked: require look_up before pay
  asked:  require input(user) before pay
}
"""
SAID = {"success": True, "data": [{"role": "user", "content": "Pay 3."}]}
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "c", "name": "pay", "arguments": '{"amount": 3}', "type": "function"}],
}
PAID = {"success": True, "data": [CALL]}
LOST = {"success": False, "error": {"name": "ZodError", "message": "no list"}}


@pytest.mark.parametrize(
    ("observations", "never", "looked", "asked"),
    [
        ([{"input": SAID, "output": PAID}], "violated", "violated", "holds"),
        ([{"input": SAID, "output": LOST}], "insufficient", "insufficient", "insufficient"),
        ([{"input": LOST, "output": PAID}], "violated", "insufficient", "insufficient"),
        ([{"output": LOST}, {"input": SAID, "output": PAID}], "violated", "insufficient", "insufficient"),
    ],
)
def test_what_is_lost_is_no_evidence(
    tmp_path: Path, observations: list[dict[str, Any]], never: str, looked: str, asked: str
) -> None:
    (tmp_path / "p.wf").write_text(SPEC)
    (tmp_path / "run.json").write_text(json.dumps({str(i): o for i, o in enumerate(observations)}))
    results = wfcheck.replay(tmp_path / "p.wf", tmp_path / "run.json").results
    assert {r.rule: r.verdict for r in results} == {"p.never": never, "p.looked": looked, "p.asked": asked}
