"""On generated programs: `from only` that is proved is broken by no random run, by the definition."""

from __future__ import annotations

from collections import Counter
from random import Random

import attrs
import pytest
from generators import build as b
from generators.programs import SHAPES, RandomOracle, generate

from wfcheck.checker.obligation import Analysis, Case, Limits
from wfcheck.checker.reference.judge import judge
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules import verbs
from wfcheck.dsl import core

SEEDS = range(63)
TARGETS = (("post", "body"), ("post", "to"), ("pay", "amount"), ("search", "query"), ("norm", "text"))


def sources(random: Random) -> tuple[core.AllowedSource, ...]:
    """A few allowed sources of every kind."""
    ends: list[core.FlowEnd] = [
        core.TagEnd(frozenset({"user"})),
        core.TagEnd(frozenset({random.choice(("pii", "key", "email", "web"))})),
        core.TagEnd(frozenset({"model"})),
        core.ResultEnd(random.choice(("get_text", "get_num", "search", "norm")), ()),
        core.ResultEnd("get_mail", (random.choice(("sender", "body")),)),
        core.ParameterEnd(None, "request", ()),
        core.StoreEnd("notes"),
    ]
    via = frozenset(random.sample(("judge", "shorten"), random.randint(0, 2)))
    return tuple(
        core.AllowedSource(end, via, None, None, span=b.SPAN)
        for end in random.sample(ends, random.randint(1, 4))
    )


def rules(seed: int) -> tuple[core.Program, core.Workflow, tuple[core.Rule, ...]]:
    random = Random(seed)
    program, workflow = generate(seed, shape=SHAPES[seed % len(SHAPES)])
    made = tuple(
        attrs.evolve(b.rule(core.FromOnly(core.ArgumentEnd(*target, ()), sources(random), span=b.SPAN)))
        for target in TARGETS
        for _ in range(3)
    )
    return program, workflow, made


@pytest.mark.parametrize("seed", SEEDS)
def test_no_random_run_breaks_what_is_proved(seed: int) -> None:
    program, workflow, made = rules(seed)
    analysis = Analysis(program, (), Limits(5.0))
    for rule in made:
        finding = verbs.check(Case(analysis, workflow, rule), rule)
        if finding.verdict not in (Verdict.PROVED, Verdict.VACUOUS):
            continue
        for number in range(4):
            entries = [(workflow, RandomOracle(seed * 100 + number + more, program)) for more in (0, 50)]
            _, verdict = judge(program, rule, entries)
            assert not verdict.broken, f"{rule.body} ({finding.verdict.value}) breaks at {verdict.broken}"


def test_both_happen() -> None:
    found: Counter[str] = Counter()
    for seed in list(SEEDS)[:20]:
        program, workflow, made = rules(seed)
        analysis = Analysis(program, (), Limits(5.0))
        for rule in made:
            found[verbs.check(Case(analysis, workflow, rule), rule).verdict.value] += 1
            entries = [(workflow, RandomOracle(seed, program))]
            found["broken"] += bool(judge(program, rule, entries)[1].broken)
    assert found["PROVED"] > 5
    assert found["POSSIBLE"] > 5
    assert found["broken"] > 5
