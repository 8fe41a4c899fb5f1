"""Consent is asked of what was said, also where the record has no clock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import wfcheck

SPEC = """
tool pay(amount: int) { effect irreversible }
policy p {
  agreed: forbid pay when consents(last(input), last(say)) == "none"
}
"""


@pytest.mark.parametrize(("answer", "verdict"), [("Yes, do.", "holds"), ("Please downgrade me.", "violated")])
def test_what_was_said_decides(tmp_path: Path, answer: str, verdict: str) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "pay", "arguments": '{"amount": 3}'}}
    said = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Pay 3?"},
        {"role": "user", "content": answer},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    spec, trace = tmp_path / "p.wf", tmp_path / "t.json"
    spec.write_text(SPEC)
    trace.write_text(json.dumps({"messages": said}))
    (result,) = [r for r in wfcheck.replay(spec, trace).results if r.rule == "p.agreed"]
    assert result.verdict == verdict
    assert result.heuristic
