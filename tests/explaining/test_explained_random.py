"""Rules of random programs: explaining never fails, and no run is printed that the naive evaluator does not confirm."""

from __future__ import annotations

import json

import pytest
from generators.programs import generate

from wfcheck.checker.explaining.explained import explain
from wfcheck.checker.explaining.json import write_json
from wfcheck.checker.explaining.text import write_text
from wfcheck.checker.reference.rules import breaks

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_rules_are_explained(seed: int) -> None:
    program, _ = generate(seed, size=6)
    for rule in program.rules:
        explained = explain(rule, program)
        runs = explained.runs
        if runs.allowed is not None:
            assert breaks(program, rule, runs.allowed.events, marked=True, trees=runs.allowed.trees).holds
        if runs.forbidden is not None:
            verdict = breaks(program, rule, runs.forbidden.events, marked=True, trees=runs.forbidden.trees)
            assert runs.forbidden.index in verdict.broken
        assert all(line.isprintable() for line in write_text(explained).splitlines())
        assert json.loads(write_json(explained, "0"))["rule"] == rule.name


def test_most_random_rules_have_both_runs() -> None:
    both = total = 0
    for seed in SEEDS:
        program, _ = generate(seed, size=3)
        for rule in program.rules:
            runs = explain(rule, program).runs
            total += 1
            both += runs.allowed is not None and runs.forbidden is not None
    assert both / total > 0.6
