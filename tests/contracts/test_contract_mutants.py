"""Wrong provers of contracts are noticed by the pairs of specs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contracts.test_contract_rules import HEAD, PAIRS, Pair

from wfcheck.checker.pipeline import check
from wfcheck.checker.rules.contracts import requires
from wfcheck.checker.symbolic import lemmas, loops
from wfcheck.checker.symbolic.records import Duty
from wfcheck.checker.symbolic.state import Walk
from wfcheck.solver import build as b


def _verdict(path: Path, pair: Pair, body: str) -> str:
    path.write_text(f"{HEAD}{pair.header} {{ {body} }}", encoding="utf-8")
    found = check([path], rules=[f"builtin.{pair.rule}"], workflow="w", timeout=2.0).results
    return found[0].verdict.value if found else "none"


def _noticed(path: Path, rules: tuple[str, ...]) -> bool:
    """Whether a spec that breaks its contract is proved, or one that keeps it is not."""
    for pair in PAIRS:
        if pair.rule in rules and (
            _verdict(path, pair, pair.bad) in ("PROVED", "none")
            or _verdict(path, pair, pair.good) != "PROVED"
        ):
            return True
    return False


def _without(kept: Callable[[Duty], bool]) -> Any:
    plain = lemmas.broken

    def broken(duty: Duty, notes: Any) -> Any:
        return plain(duty, notes) if kept(duty) else b.FALSE

    return broken


def _trusting(walk: Walk, statement: Any, guard: Any) -> None:
    for contract in getattr(statement, "invariants", ()):
        walk.assume("lemma", guard, walk.truth(contract.condition).certain)


MUTANTS: dict[str, tuple[tuple[str, ...], object, str, object]] = {
    "the entry of a loop is not asked about": (
        ("requires", "invariant"), lemmas, "broken", _without(lambda d: not d.entry)),
    "what the body keeps is not asked about": (
        ("requires", "invariant"), lemmas, "broken", _without(lambda d: d.kind != "invariant" or d.entry)),
    "invariants are facts unproved": (("requires",), loops, "_known", _trusting),
    "invariants are no facts": (("requires", "invariant"), loops, "_known", lambda *_: None),
    "gaps are forgotten": (("defined",), Walk, "needs", lambda _walk, _e, guard, defined: b.and_(guard, defined)),
    "duties are forgotten": (("ensures", "requires"), Walk, "owe", lambda *_a, **_k: None),
    "any value is of any type": (("requires",), requires, "typed", lambda *_: b.TRUE),
    "what is no list passes for one": (("requires",), requires, "_shapeless", lambda *_: False),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_prover_is_noticed(mutant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules, owner, name, wrong = MUTANTS[mutant]
    monkeypatch.setattr(owner, name, wrong)
    assert _noticed(tmp_path / "spec.wf", rules)
