"""One file that uses every statement and every rule form; and what mutations of it do."""

from __future__ import annotations

import os
import random
import re
import time
from pathlib import Path

import attrs
import networkx as nx
import pytest

from wfcheck.checker import graph as graphs
from wfcheck.dsl import core
from wfcheck.dsl.elaboration.elaborate import load
from wfcheck.dsl.graph.lower import lower
from wfcheck.dsl.walk import statements

FILE = Path(__file__).parent / "everything.wf"
TOKEN = re.compile(r'\w+|"[^"]*"|\s+|.')
STATEMENTS = {
    core.Let, core.Call, core.ReleaseCall, core.Llm, core.If, core.For, core.While, core.Parallel, core.Agent, core.Approve, core.Scope,
    core.Retry, core.Say, core.Ask, core.Send, core.Receive, core.Remember, core.Recall, core.Stop, core.Return,
}  # fmt: skip
RULES = {
    core.Allow, core.Forbid, core.Flow, core.FromOnly, core.Decision, core.Before, core.After, core.Distinct, core.Limit,
    core.Always, core.Meta,
}  # fmt: skip


def library(_: tuple[str, ...]) -> None:
    return None


@pytest.fixture(scope="module")
def everything() -> core.Program:
    made, diagnostics = load([FILE], library=library)
    assert diagnostics == ()
    return made


def test_every_statement_occurs(everything):
    found = {type(s) for w in everything.workflows.values() for s in statements(w.body)}
    assert found == STATEMENTS


def test_every_rule_form_occurs(everything):
    assert {type(rule.body) for rule in everything.rules} == RULES


def test_node_ids_are_unique(everything):
    for workflow in everything.workflows.values():
        ids = [s.id for s in statements(workflow.body)]
        assert len(ids) == len(set(ids))


def test_every_node_of_the_core_has_its_place(everything):
    stack: list[object] = [*everything.workflows.values(), *everything.rules]
    while stack:
        top = stack.pop()
        if isinstance(top, tuple):
            stack.extend(top)
        elif attrs.has(type(top)) and type(top).__module__ == core.__name__:
            if hasattr(type(top), "span"):
                assert top.span.line >= 1, top
                assert top.span.file.endswith("everything.wf")
            stack.extend(getattr(top, f.name) for f in attrs.fields(type(top)))


@pytest.mark.parametrize("form", ["dot", "mermaid", "json"])
def test_the_graph_is_acyclic_and_drawn_twice_the_same(everything, form):
    for workflow in everything.workflows.values():
        graph = lower(workflow, everything)
        view = graphs.to_networkx(graph)
        view.remove_edges_from([(s, t, k) for s, t, k, c in view.edges(keys=True, data="carried") if c])
        assert nx.is_directed_acyclic_graph(view)
        assert graphs.text(graph, form) == graphs.text(lower(workflow, everything), form)


def test_elaboration_is_deterministic(everything):
    again, _ = load([FILE], library=library)
    assert again == everything


def mutate(rng: random.Random, text: str) -> str:
    tokens = TOKEN.findall(text)
    words = [token for token in tokens if not token.isspace()]
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(tokens))
        match rng.randrange(4):
            case 0:
                del tokens[at]
            case 1:
                tokens[at] = rng.choice(words)
            case 2:
                tokens.insert(at, rng.choice(words) + " ")
            case _:
                other = rng.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
    return "".join(tokens)


def test_mutations_crash_nothing(tmp_path):
    end = time.monotonic() + float(os.environ.get("WFCHECK_FUZZ_SECONDS", "2"))
    original, seed = FILE.read_text(encoding="utf-8"), 0
    while time.monotonic() < end or seed == 0:
        file = tmp_path / "mutant.wf"
        file.write_text(mutate(random.Random(seed), original), encoding="utf-8")
        made, diagnostics = load([file], library=library)
        for found in diagnostics:
            assert found.message, seed
            assert not found.message.endswith("."), seed
        for workflow in made.workflows.values():
            assert lower(workflow, made).nodes, seed
        seed += 1
