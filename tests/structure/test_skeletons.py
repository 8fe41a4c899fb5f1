"""Skeletons of workflows: each fault beside a workflow without it."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Report
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
principal a is agent
principal b is agent
principal boss is human
channel net
type Choice = enum { yes, no, later }
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
tool stock() -> int { effect read  emits nothing  returns {}  ensures much: result > 100 }
tool ready() -> bool { effect read  emits nothing  returns {} }
"""


@attrs.frozen
class Fault:
    """Workflows with a fault and without it, and what marks the place: the line of the finding holds `place`."""

    code: str
    name: str
    bad: str
    good: str
    place: str


def _w(body: str, head: str = "workflow w(n: int from {user}, c: Choice from {user}) as a") -> str:
    return f"{head} {{\n{body}\n}}\n"


FAULTS = [
    Fault("WF611", "a contradiction of two tests", _w("if n > 3 {\nif n < 2 {\npay(1)\n}\n}"),
          _w("if n > 3 {\nif n < 9 {\npay(1)\n}\n}"), "pay(1)"),
    Fault("WF611", "against what a tool ensures", _w("x = stock()\nif x < 5 {\npay(1)\n} else {\npay(2)\n}"),
          _w("x = stock()\nif x < 500 {\npay(1)\n} else {\npay(2)\n}"), "pay(1)"),
    Fault("WF611", "a case of an enum that was taken", _w("if c != yes {\npay(1)\n} else if c == later {\npay(2)\n}"),
          _w("if c == no {\npay(1)\n} else if c == later {\npay(2)\n} else {\npay(3)\n}"), "pay(2)"),
    Fault("WF611", "behind a loop that never ends", _w("repeat while true {\npay(1)\n}\npay(2)"),
          _w("repeat max 3 while n < 3 {\npay(1)\nn = n + 1\n}\npay(2)"), "pay(2)"),
    Fault("WF611", "an arm of a refused call", _w("approve pay(amount: 3) by boss else {\nstop\n}\nif n > n {\npay(3)\n}"),
          _w("approve pay(amount: 3) by boss else {\nstop\n}\nif n > 3 {\npay(3)\n}"), "pay(3)"),
    Fault("WF612", "neither below nor above", _w("if n < 3 {\npay(1)\n} else if n > 3 {\npay(2)\n}"),
          _w("if n < 3 {\npay(1)\n} else if n >= 3 {\npay(2)\n}"), "else if"),
    Fault("WF612", "a member of an enum", _w("if c == yes {\npay(1)\n} else if c == no {\npay(2)\n}"),
          _w("if c == yes {\npay(1)\n} else if c in {no, later} {\npay(2)\n}"), "else if"),
    Fault("WF612", "clauses of a tool",
          "tool t(x: int) {\neffect write\nemits net when x < 10\nemits net when x > 10\nreturns {} }\n" + _w("t(n)"),
          "tool t(x: int) {\neffect write\nemits net when x < 10\nemits net when x >= 10\nreturns {} }\n" + _w("t(n)"),
          "emits net when x > 10"),
    Fault("WF612", "grants",
          _w("pay(n)") + "policy p {\nallow a: pay when amount < 5\nallow a: pay when amount > 5\n}",
          _w("pay(n)") + "policy p {\nallow a: pay when amount < 5\nallow a: pay when amount >= 5\n}",
          "allow a: pay when amount > 5"),
    Fault("WF613", "a border in two cases", _w("if n <= 3 {\npay(1)\n} else if n >= 3 {\npay(2)\n}"),
          _w("if n <= 3 {\npay(1)\n} else if n <= 9 {\npay(2)\n}"), "else if"),
    Fault("WF614", "an answer that may never come", _w("more = true\nrepeat while more {\nmore = ready()\n}"),
          _w("more = true\nrepeat max 9 while more {\nmore = ready()\n}"), "repeat"),
    Fault("WF614", "a number that goes nowhere", _w("i = 0\nrepeat while i < n {\npay(i)\nif n > 5 {\ni = i + 1\n}\n}"),
          _w("i = 0\nrepeat while i < n {\npay(i)\nif n > 5 {\ni = i + 1\n} else {\ni = i + 2\n}\n}"), "repeat"),
    Fault("WF614", "a number that goes past its bound", _w("repeat while n != 0 {\nn = n - 1\n}"),
          _w("if n >= 0 {\nrepeat while n != 0 invariant n >= 0 {\nn = n - 1\n}\n}"), "repeat"),
    Fault("WF615", "a message that nobody sends", _w("x = receive from b -> int\npay(x)"),
          _w("x = receive from b -> int\npay(x)") + "workflow v() as b { send 3 to a }\n", "receive"),
    Fault("WF615", "a message to somebody else",
          _w("x = receive from b -> int\npay(x)") + "workflow v() as b { send 3 to boss }\n",
          _w("x = receive from boss -> int\npay(x)") + "workflow v() as b { send 3 to boss }\n", "receive"),
    Fault("WF616", "an answer that waits for itself", _w("x = receive from a -> int\nsend x to a"),
          _w("send 3 to a\nx = receive from a -> int\npay(x)"), "receive"),
    Fault("WF616", "branches that wait for each other",
          _w("parallel {\nbranch {\nx = receive from a -> int\nsend 1 to a }\nbranch { y = receive from a -> int\nsend 2 to a } }"),
          _w("parallel {\nbranch {\nx = receive from a -> int\nsend 1 to a }\nbranch { send 2 to a } }"), "receive"),
    Fault("WF617", "a loop that keeps its condition", _w("if n > 3 {\nrepeat max 5 while n > 3 {\npay(n)\n}\n}"),
          _w("if n > 3 {\nrepeat max 5 while n > 3 {\npay(n)\nn = n - 1\n}\n}"), "repeat"),
    Fault("WF618", "a tool without an effect", "tool t(x: int) {\nemits nothing  returns {} }\n" + _w("t(n)"),
          "tool t(x: int) {\neffect write  emits nothing  returns {} }\n" + _w("t(n)"), "tool t"),
    Fault("WF618", "a tool without a channel", "tool t(x: int) {\neffect write  returns {} }\n" + _w("pay(1)\nt(n)"),
          "tool t(x: int) {\neffect write  returns {} }\n" + _w("pay(1)"), "tool t"),
]  # fmt: skip
CODES = frozenset(f"WF61{n}" for n in range(1, 9))


def _report(path: Path, text: str) -> Report:
    path.write_text(text, encoding="utf-8")
    report = check([path])
    assert not [d for d in report.diagnostics if d.severity.value == "error"], report.diagnostics
    return report


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.code}_{f.name.replace(' ', '_')}")
def test_a_fault_is_told_where_it_is(tmp_path: Path, fault: Fault) -> None:
    text = HEAD + fault.bad
    found = [d for d in _report(tmp_path / "bad.wf", text).diagnostics if d.code == fault.code]
    assert found
    for each in found[:1]:
        assert each.span is not None
        assert fault.place in text.splitlines()[each.span.line - 1]
        assert each.severity.value == "warning"
        assert each.help
    good = _report(tmp_path / "good.wf", HEAD + fault.good)
    assert fault.code not in {d.code for d in good.diagnostics}


def test_a_gap_that_no_run_comes_to_is_none(tmp_path: Path) -> None:
    text = HEAD + _w("if n != 3 {\nif n < 3 {\npay(1)\n} else if n > 3 {\npay(2)\n}\n}")
    assert not CODES & {d.code for d in _report(tmp_path / "spec.wf", text).diagnostics}


def test_the_gap_is_shown(tmp_path: Path) -> None:
    text = HEAD + _w("if n < 3 {\npay(1)\n} else if n > 3 {\npay(2)\n}")
    (found,) = [d for d in _report(tmp_path / "spec.wf", text).diagnostics if d.code == "WF612"]
    assert "`3`" in found.message


def test_verdicts_on_an_unsound_skeleton_say_so(tmp_path: Path) -> None:
    text = HEAD + _w("if n > 3 {\nif n < 2 {\npay(1)\n}\n}") + "policy p { r: forbid pay }\n"
    (found,) = [r for r in _report(tmp_path / "spec.wf", text).results if r.rule == "p.r"]
    assert found.verdict.value == "PROVED"
    assert any("WF611" in note for note in found.notes)


def test_verdicts_on_a_sound_skeleton_say_nothing(tmp_path: Path) -> None:
    text = HEAD + _w("if n > 3 {\npay(1)\n}") + "policy p { r: forbid pay(amount: > 2) }\n"
    (found,) = [r for r in _report(tmp_path / "spec.wf", text).results if r.rule == "p.r"]
    assert not any("WF61" in note for note in found.notes)


SHIPPED = sorted([*ROOT.glob("examples/**/*.wf"), *ROOT.glob("stdlib/**/*.wf")])
NOT_CLEAN = {"broken.wf", "starter.wf"}
"""One is meant to be refused, the other is as an importer left it."""
TWINS = sorted(ROOT.glob("tests/adversarial/*_repaired.wf"))


CLEAN = [path for path in (*SHIPPED, *TWINS) if path.name not in NOT_CLEAN]


@pytest.mark.parametrize("path", CLEAN, ids=lambda p: str(p.relative_to(ROOT)))
def test_clean_specs_raise_no_alarm(path: Path) -> None:
    _, found = elaborate.load([path], library=load)
    assert not [d for d in found if d.severity.value == "error"]
    report = check([path], rules=["nothing"])
    assert not CODES & {d.code for d in report.diagnostics}, report.diagnostics


@pytest.mark.parametrize(("people", "told"), [("", True), ("principal boss is human\n", False)])
def test_people_may_write_to_whoever_waits_for_anybody(tmp_path: Path, people: str, told: bool) -> None:
    text = f"principal a is agent\n{people}workflow w() as a {{ x = receive -> text  say x }}\n"
    assert ("WF615" in {d.code for d in _report(tmp_path / "spec.wf", text).diagnostics}) is told
