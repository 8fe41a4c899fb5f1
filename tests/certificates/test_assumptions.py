"""A verdict lists the assumptions it used, and only those: the declarations themselves are replaced by the worst case."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from generators.programs import generate

from wfcheck.checker import cores
from wfcheck.checker.certificate.obligations import unasked
from wfcheck.checker.obligation import COMPLETE_MEDIATION, Case, Limits
from wfcheck.checker.pipeline import check
from wfcheck.checker.proof import Inspected
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.tasks import analysis_of, proof_of
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements


def worst(program: core.Program, dropped: frozenset[str]) -> core.Program:
    """The program whose declarations promise nothing of what is dropped, as far as declarations promise it."""
    every = frozenset(s for s, t in program.tags.items() if t.kind != "residue")
    tools = {s: _tool(program, tool, dropped, every) for s, tool in program.tools.items()}
    stores = {
        s: attrs.evolve(store, holds=every)
        if {"source-labels", "tool-effects", f"{s}.writers"} & dropped
        else store
        for s, store in program.stores.items()
    }
    releases = {
        s: attrs.evolve(r, removes=frozenset()) if s in dropped else r for s, r in program.releases.items()
    }
    workflows = {
        s: attrs.evolve(w, parameters=tuple(attrs.evolve(p, sources=None) for p in w.parameters))
        if "source-labels" in dropped
        else w
        for s, w in program.workflows.items()
    }
    return attrs.evolve(program, tools=tools, stores=stores, releases=releases, workflows=workflows)


def _tool(
    program: core.Program, tool: core.Tool, dropped: frozenset[str], every: frozenset[str]
) -> core.Tool:
    if {"source-labels", "tool-effects"} & dropped:
        tool = attrs.evolve(tool, returns=(core.ReturnTags((), every, None, span=tool.span),))
    if "tool-effects" in dropped:
        emits = tuple(core.Emission(c, None, None, span=tool.span) for c in program.channels)
        stores = frozenset(program.stores)
        tool = attrs.evolve(tool, reads=stores, writes=stores, emits=emits, independent=frozenset())
    return tool


def holds(program: core.Program, name: str) -> bool:
    """Whether labels prove the rule for the workflow `w` of the program, or find no source in it: a release that removes nothing has
    a residue that stands for nothing."""
    rule = next(r for r in program.rules if r.name == name)
    analysis = attrs.evolve(analysis_of(program, Limits()), solve=unasked)
    found = proof_of(rule, name)(Case(analysis, program.workflows["w"], rule))
    return found is not None and found.verdict in (Verdict.PROVED, Verdict.VACUOUS)


def weighed(program: core.Program, rule: core.Rule) -> tuple[frozenset[str], frozenset[str]] | None:
    """The assumptions that a proof by labels lists, and all that it may list; None if there is none."""
    analysis = attrs.evolve(analysis_of(program, Limits()), solve=unasked)
    case = Case(analysis, program.workflows["w"], rule)
    found = proof_of(rule, rule.name)(case)
    if found is None or found.verdict is not Verdict.PROVED or not isinstance(found.proof, Inspected):
        return None
    listed = frozenset(cores.weigh(case, found).assumptions) - {COMPLETE_MEDIATION}
    return listed, cores.candidates(case)


def by_tags(rule: core.Rule) -> bool:
    """A rule about tags, whose worst case declarations can say."""
    body = rule.body
    return isinstance(body, core.Flow) and all(isinstance(e, core.TagEnd) for e in body.sources)


SAID_ELSEWHERE = (core.Ask, core.Receive, core.Agent)


def test_what_is_not_listed_may_fail_and_what_is_may_not() -> None:
    looked_at = needed = 0
    for seed in range(120):
        program, _ = generate(seed)
        for rule in program.rules:
            if not by_tags(rule) or "w" not in rule.workflows or (found := weighed(program, rule)) is None:
                continue
            listed, known = found
            looked_at += 1
            assert listed <= known
            assert holds(worst(program, known - listed), rule.name), (seed, rule.name, listed)
            if any(
                isinstance(s, SAID_ELSEWHERE) for w in program.workflows.values() for s in statements(w.body)
            ):
                continue
            for name in listed & {
                "source-labels",
                *program.releases,
                *(f"{s}.writers" for s in program.stores),
            }:
                needed += 1
                assert not holds(worst(program, known - listed | {name}), rule.name), (seed, rule.name, name)
    assert looked_at > 60
    assert needed > 10


DECLARED = """
secrecy pii, key
influence web
channel out clears {}
store box: list<text> holds {}
store other: list<text> holds {}
principal boss is human { trusts {web} }
tool secret() -> text { effect read  emits nothing  returns {pii} }
tool plain() -> text { effect read  emits nothing  returns {} }
tool send(body: text) { effect irreversible  emits out  returns {} }
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
release mask(x: text) -> text removes {pii}
release forget(x: text) -> text removes {key}
policy p { r: RULE }
workflow w(t: text from {user}, n: int from {user}) { BODY }
workflow v(t: text from {user}) { remember t into box }
"""
FLOW = "forbid flow pii -> send except via mask"
CASES = {
    "constants rest on nothing": (FLOW, 's = secret() send("a")', []),
    "a masked value rests on the release": (
        FLOW,
        "s = secret() m = mask(s) send(m)",
        ["mask", "tool-effects"],
    ),
    "a parameter rests on its source": (FLOW, "s = secret() send(t)", ["source-labels"]),
    "a model that saw no secret": (
        FLOW,
        "s = secret() x = llm m(t) -> text send(x)",
        ["llm-context", "source-labels"],
    ),
    "a model whose answer goes nowhere": (FLOW, "s = secret() x = llm m(t) -> text send(t)", ["source-labels"]),
    "a store that is read": (
        FLOW,
        "s = secret() x = recall box for y in x { send(y) }",
        ["box.writers", "source-labels", "tool-effects"],
    ),
    "a store that is not": (FLOW, "s = secret() remember t into other send(t)", ["source-labels"]),
    "an approval beside it": (FLOW, "s = secret() send(t) approve pay(amount: n) by boss pay(n)", ["source-labels"]),
    "an approval before it": (
        FLOW,
        "s = secret() approve pay(amount: n) by boss pay(n) send(t)",
        ["approval-shows", "source-labels"],
    ),
    "a release of something else": (FLOW, "s = secret() m = forget(t) send(m)", ["source-labels"]),
    "the approval that a rule asks for": (
        "require approve(by: boss, shows: args) before pay",
        "approve pay(amount: n) by boss pay(n)",
        ["approval-shows"],
    ),
    "an order of calls": ("require plain before pay", "plain() pay(n)", []),
    "a guard": ("forbid pay when amount > 5", "if n <= 5 { pay(n) }", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_proof_lists(tmp_path: Path, name: str) -> None:
    rule, body, names = CASES[name]
    result = proved(tmp_path, rule, body)
    assert list(result.assumptions) == [COMPLETE_MEDIATION, *names]
    assert set(names) == set(result.cores[0])
    assert result.depth == (None if result.cores == ((),) else 1)


def proved(folder: Path, rule: str, body: str, more: str = "") -> Result:
    spec = folder / "w.wf"
    spec.write_text(DECLARED.replace("RULE", rule).replace("BODY", body) + more, encoding="utf-8")
    report = check([spec], rules=["p.r"], workflow="w")
    assert [d for d in report.diagnostics if d.severity.value == "error"] == []
    (result,) = report.results
    assert result.verdict is Verdict.PROVED, result.reason
    return result


PRICES = """
tool price(item: text) -> int { effect read  emits nothing  returns {}  ensures capped: result <= 100 }
tool budget(x: int) -> int { effect read  emits nothing  returns {}  ensures low: result <= 50 }
"""


def test_cores_that_stand_in_for_each_other_give_depth(tmp_path: Path) -> None:
    body = "a = price(t) b = budget(a) if a == b { pay(a) }"
    found = proved(tmp_path, "forbid pay when amount > 100", body, PRICES)
    assert set(found.cores) == {("budget.low",), ("price.capped",)}
    assert found.depth == 2
    assert found.assumptions[1:] == found.cores[0]


def test_two_masks_in_a_row_stand_in_for_each_other(tmp_path: Path) -> None:
    more = "release veil(x: text) -> text removes {pii}\n"
    rule = "forbid flow pii -> send except via mask, veil"
    found = proved(tmp_path, rule, "s = secret() m = mask(s) v = veil(m) send(v)", more)
    assert {frozenset(core_) & {"mask", "veil"} for core_ in found.cores} == {
        frozenset({"mask"}),
        frozenset({"veil"}),
    }


def test_what_is_too_large_to_weigh_lists_all_it_may_rest_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "PASSES", 0)
    found = proved(tmp_path, FLOW, "s = secret() x = llm m(t) -> text send(t)")
    assert set(found.assumptions) == {COMPLETE_MEDIATION, "llm-context", "source-labels", "tool-effects"}
