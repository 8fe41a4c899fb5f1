"""A folder with a spec whose rule holds, one whose rule does not, and recorded runs of both kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAFE = """secrecy secret
channel internet

principal helper is agent { clears {secret} }
principal boss is human { clears {secret} }

tool read_notes() -> text { effect read  emits nothing  returns {secret} }
tool post(body: text) -> text { effect irreversible  emits internet  returns {} }

workflow publish(topic: text from {user}) as helper {
  read_notes()
  approve post(body: topic) by boss
  post(body: topic)
}

policy privacy {
  ## Notes stay inside.
  @severity(critical)
  no_leak: forbid flow secret -> internet
  quiet:   forbid post(body: "secret")
}

test "a post" {
  input user "hello"
  call post(body: "hello") -> "done"
  call post(body: "secret") -> "done"
  expect violated privacy.quiet at 2
}
"""
LEAK = SAFE.replace("  read_notes()\n", "  notes = read_notes()\n").replace(
    "post(body: topic)", "post(body: notes)"
)


def run_of(*bodies: str) -> str:
    messages: list[object] = [{"role": "user", "content": "go"}]
    for number, body in enumerate(bodies):
        call = {"id": str(number), "function": {"name": "post", "arguments": json.dumps({"body": body})}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": str(number), "content": "done"})
    return json.dumps({"messages": messages}) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "safe.wf").write_text(SAFE)
    (tmp_path / "leak.wf").write_text(LEAK)
    (tmp_path / "good.jsonl").write_text(run_of("hello") + run_of("bye", "now"))
    (tmp_path / "bad.jsonl").write_text(run_of("hello") + run_of("hello", "secret"))
    return tmp_path
