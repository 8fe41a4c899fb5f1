"""Calls that are under way may return in any order, some of them, or all: no way may break what must always hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import wfcheck
from wfcheck import Allow, Deny
from wfcheck.checker.guard import futures

SPEC = """
tool pay(amount: int) -> any { effect irreversible  returns {}  emits nothing }
tool refund(amount: int) -> any { effect irreversible  returns {}  emits nothing }
track spent: int = 0 { on pay(_): spent + amount  on refund(_): spent - amount }
policy p { cap: always spent <= 1000 }
"""


class Till:
    """A host with one run."""

    def __init__(self, folder: Path) -> None:
        (folder / "p.wf").write_text(SPEC)
        self.guard, self.number = wfcheck.Guard(folder / "p.wf"), 0

    def call(self, tool: str, amount: int) -> tuple[str, str, object]:
        self.number += 1
        name = f"c{self.number}"
        event = {"kind": "call", "tool": tool, "call": name, "args_requested": {"amount": amount}}
        return tool, name, self.guard.before(event)

    def back(self, tool: str, name: str, _: object = None) -> tuple[object, ...]:
        return self.guard.after({"kind": "result", "tool": tool, "call": name, "result": "ok"})


def test_a_refund_under_way_does_not_make_room(tmp_path: Path) -> None:
    till = Till(tmp_path)
    till.back(*till.call("pay", 800))
    till.call("refund", 500)
    assert isinstance(till.call("pay", 150)[2], Allow)
    assert isinstance(till.call("pay", 150)[2], Deny)


@pytest.mark.parametrize("most", [4, 20])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_returns_keeps_what_was_allowed(tmp_path: Path, seed: int, most: int) -> None:
    rng, till, under_way = random.Random(seed), Till(tmp_path), []
    for _ in range(80):
        if len(under_way) < most and rng.random() < 0.6:
            made = till.call(rng.choice(("pay", "refund")), rng.choice((50, 100, 300)))
            under_way += [made] if isinstance(made[2], Allow) else []
        elif under_way:
            assert till.back(*under_way.pop(rng.randrange(len(under_way)))) == ()


def test_with_too_many_under_way_nothing_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(futures, "MANY", 10)
    till = Till(tmp_path)
    assert isinstance(till.call("pay", 500)[2], Allow)
    answers = [till.call("pay", 0)[2] for _ in range(20)]
    assert [isinstance(answer, Allow) for answer in answers] == [True] * 9 + [False] * 11
    last = till.call("pay", 501)[2]
    assert isinstance(last, Deny)
    assert last.because == "unknown"
