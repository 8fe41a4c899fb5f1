"""What is proved of all runs is broken by none of many random ones: any rule, any number of runs of a session, in any interleaving."""

from __future__ import annotations

from pathlib import Path

import pytest
from generators.looping import program as written
from product.brute import breaking

from wfcheck.checker.obligation import Analysis, Case, Limits
from wfcheck.checker.product import compose as product_compose
from wfcheck.checker.product import engine
from wfcheck.checker.product import loops as product_loops
from wfcheck.checker.product import retries as product_retries
from wfcheck.checker.product.drafts import Draft
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

SECONDS = 2.0
RUNS = range(60)


def _loaded(text: str, folder: Path) -> core.Program:
    path = folder / "case.wf"
    path.write_text(text)
    program, found = elaborate.load([path], library=load)
    assert not [d for d in found if d.severity is Severity.ERROR], found
    return program


def _unsound(seeds: range, folder: Path, *, parallel: bool = False) -> list[str]:
    found = []
    for seed in seeds:
        program = _loaded(written(seed, parallel=parallel), folder)
        (rule,) = program.rules
        for name in rule.workflows:
            case = Case(Analysis(program, (), Limits()), program.workflows[name], rule)
            proved = isinstance(engine.decide(case, rule, SECONDS), engine.Proved)
            if proved and breaking(program, rule, name, RUNS) is not None:
                found.append(f"seed {seed}: {name}")
    return found


@pytest.mark.parametrize("first", range(0, 24, 8))
def test_what_is_proved_is_never_broken(first: int, tmp_path: Path) -> None:
    assert _unsound(range(first, first + 8), tmp_path) == []


def test_what_is_proved_of_parallel_branches_is_never_broken(tmp_path: Path) -> None:
    assert _unsound(range(12), tmp_path, parallel=True) == []


def _nothing(*_: object) -> None:
    """No move at all."""


def _undone(_drafts: object, member: Draft, *_: object) -> None:
    member.walk.failures.pop()


MUTANTS = {
    "no round goes back": ("p", product_loops, "_round", _nothing, 7),
    "no attempt fails": ("p", product_retries, "_failed", _undone, 17),
    "branches keep their order": (
        "parallel",
        product_compose,
        "overlapping",
        lambda _event, _mixed: None,
        27,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_product_is_noticed(mutant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape, owner, name, replacement, seed = MUTANTS[mutant]
    monkeypatch.setattr(owner, name, replacement)
    assert _unsound(range(seed, seed + 1), tmp_path, parallel=shape == "parallel")
