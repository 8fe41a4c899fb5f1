"""The generator makes what it promises, and the interpreter runs all of it."""

from __future__ import annotations

from collections import Counter

import pytest
from generators.programs import SHAPES, RandomOracle, generate
from generators.shapes import five_iterations, two_sessions

from wfcheck.checker.reference.interpreter import run, run_sessions
from wfcheck.checker.reference.judge import judge
from wfcheck.checker.reference.syntactic import statements
from wfcheck.dsl import core

COUNT = 120


def test_generation_is_deterministic() -> None:
    assert generate(7) == generate(7)
    assert generate(7) != generate(8)


def test_every_statement_kind_occurs_and_ids_are_unique() -> None:
    kinds: Counter[type] = Counter()
    for seed in range(COUNT):
        _, workflow = generate(seed)
        body = list(statements(workflow.body))
        kinds.update(type(s) for s in body)
        ids = [s.id for s in body]
        assert len(set(ids)) == len(ids)
    assert set(kinds) == set(core.Statement.__args__)  # type: ignore[attr-defined]


def test_every_program_runs_inside_the_model() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(COUNT):
        program, workflow = generate(seed)
        done = run(program, workflow, RandomOracle(seed, program), fuel=2000)
        outcomes[done.outcome] += 1
        assert [e.seq for e in done.events] == list(range(len(done.events)))
        assert done.reason is None or "no value" not in done.reason  # no variable is read unassigned
    assert outcomes["completed"] > COUNT / 3
    assert outcomes["stopped"] > 0
    assert outcomes["abnormal"] > 0


def test_rules_of_generated_programs_hold_and_break() -> None:
    found: Counter[tuple[str, bool]] = Counter()
    for seed in range(COUNT // 3):
        program, workflow = generate(seed)
        for rule in program.rules:
            _, verdict = judge(program, rule, [(workflow, RandomOracle(seed, program))] * 2)
            assert not verdict.unknown
            found[type(rule.body).__name__, bool(verdict.broken)] += 1
    for name in ("Flow", "Before", "Forbid", "Allow"):
        assert found[name, True] > 0
        assert found[name, False] > 0


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_templates_stand_in_the_program(shape: object) -> None:
    sizes = [len(generate(seed, size=0, shape=shape)[1].body) for seed in range(3)]  # type: ignore[arg-type]
    assert min(sizes) > 0


def leaks(program: core.Program, workflow: core.Workflow, runs: int) -> bool:
    """Whether something with a tag of `get_text` reaches `out`, in so many sessions."""
    tags = program.tools["get_text"].returns[0].tags
    oracle = RandomOracle(3, program, failures=0)
    done = run_sessions(program, [(workflow, oracle)] * runs)
    return bool(tags & done.memory.channels.get("out", frozenset()))


def test_the_session_template_leaks_in_the_second_session_and_the_loop_template_late() -> None:
    made = [generate(seed, size=0, shape=two_sessions) for seed in range(20)]
    tagged = [(p, w) for p, w in made if p.tools["get_text"].returns]
    assert tagged
    assert all(leaks(program, workflow, 2) for program, workflow in tagged)
    assert not all(leaks(program, workflow, 1) for program, workflow in tagged)
    loops = [generate(seed, size=0, shape=five_iterations) for seed in range(20)]
    assert all(
        leaks(program, workflow, 1) for program, workflow in loops if program.tools["get_text"].returns
    )
