"""What is proved of all runs is broken by none of many random ones: any rule, any number of runs of a session, in any interleaving."""

from __future__ import annotations

from pathlib import Path

import pytest
from generators.looping import program as written
from product.brute import breaking

from wfcheck.checker.obligation import Analysis, Case, Limits
from wfcheck.checker.product import engine
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

SECONDS = 2.0
RUNS = range(40)


def _loaded(text: str, folder: Path) -> core.Program:
    path = folder / "case.wf"
    path.write_text(text)
    program, found = elaborate.load([path], library=load)
    assert not [d for d in found if d.severity is Severity.ERROR], found
    return program


def _unsound(seeds: range, folder: Path) -> list[str]:
    found = []
    for seed in seeds:
        program = _loaded(written(seed), folder)
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
