"""Races between the branches of a `parallel`, beside twins in which no run comes to both places."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check

HEAD = """principal bot is agent
store one: list<text> holds {}
store two: list<text> holds {}
tool save(x: text) { effect write  writes one  emits nothing  returns {} }
tool peek() -> text { effect read  reads one  emits nothing  returns {} }
tool other() -> text { effect read  reads two  emits nothing  returns {} }
workflow inner() -> text { y = peek() return y }
workflow w(x: text from {user}, q: bool from {user}) as bot {
  parallel {
    branch { %s }
    branch { %s }
  }
}
"""
PEEK = "y = peek()  say y"


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        ("save(x)", PEEK, "VIOLATED"),
        ("save(x)", "y = other()  say y", "PROVED"),
        ("save(x)", "save(x)", "VIOLATED"),
        (PEEK, "z = peek()  say z", "PROVED"),
        ("remember x into one", "y = recall one  for z in y { say z }", "VIOLATED"),
        ("remember x into one", "y = recall two  for z in y { say z }", "PROVED"),
        ("save(x)", "y = inner()  say y", "VIOLATED"),
        ("if q { save(x) }", f"if not q {{ {PEEK} }}", "PROVED"),
        ("if q { save(x) }", f"if q {{ {PEEK} }}", "VIOLATED"),
        ("for c in [1, 2] { if q { save(x) } }", f"for d in [1, 2] {{ if not q {{ {PEEK} }} }}", "PROVED"),
        ('agent r("a") may { save } max 2 steps', 'agent s("b") may { peek } max 2 steps', "VIOLATED"),
        ('agent r("a") may { save } max 2 steps', 'agent s("b") may { other } max 2 steps', "PROVED"),
    ],
)
def test_a_race_is_told(tmp_path: Path, left: str, right: str, verdict: str) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(HEAD % (left, right))
    (found,) = check([path], rules=["builtin.isolated"], workflow="w").results
    assert found.verdict.value == verdict
    assert (found.help is None) == (verdict == "PROVED")


def test_two_places_of_one_line_are_two(tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    text = HEAD.replace("\n", " ") % ("save(x)", "if length(x) > 100000 { save(x) }")
    path.write_text(text)
    (found,) = check([path], rules=["builtin.isolated"], workflow="w").results
    assert found.verdict.value in ("POSSIBLE", "VIOLATED")
    if found.witness is not None:
        assert len([e for e in found.witness.events if e.kind == "call"]) > 1
