"""Rendering of DAGs: deterministic, and inert against hostile names."""

from __future__ import annotations

import json
import shutil

import pytest

from wfcheck.checker import graph as graphs
from wfcheck.dsl.diagnostic import WfError
from wfcheck.dsl.graph.dag import Edge, Graph, Node
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import TEXT

AT = Span("w.wf", 0, 1, 1, 1, 1, 2)
HOSTILE = 'x"]; evil [label="\\" click s0 "javascript:alert(1)" \x1b[31m <script> #quot; | --> \n'


def node(identifier, title="t", kind="let", region=None):
    return Node(identifier, kind, title, TEXT, region, None, AT)


def sample(title="t"):
    nodes = (
        node("n1", title),
        node("n2", title, "for"),
        node("n3", title, region="n2"),
        node("n4", title, "join"),
    )
    return Graph(
        title, nodes, (Edge("n1", "n2", "data", title), Edge("n3", "n3", "control", title, carried=True))
    )


def test_networkx_view_keeps_nodes_edges_and_attributes():
    view = graphs.to_networkx(sample())
    assert set(view.nodes) == {"n1", "n2", "n3", "n4"}
    assert view.nodes["n3"]["region"] == "n2"
    assert view.edges["n3", "n3", ("control", "t", True)]["carried"]
    assert view.is_multigraph()


def test_parallel_edges_of_different_kinds_stay_apart():
    two = Graph("w", (node("a"), node("b")), (Edge("a", "b", "data", "x"), Edge("a", "b", "control", "then")))
    assert graphs.to_networkx(two).number_of_edges("a", "b") == 2


def test_json_has_all_keys_and_parses():
    shown = json.loads(graphs.to_json(sample(HOSTILE)))
    assert set(shown) == {"workflow", "nodes", "edges"}
    assert set(shown["nodes"][0]) >= {"id", "kind", "title", "type", "region", "file", "line", "column"}
    assert graphs.to_json(sample(HOSTILE)).isascii()


@pytest.mark.parametrize("form", ["dot", "mermaid", "json"])
def test_formats_are_deterministic_and_printable(form):
    text = graphs.text(sample(HOSTILE), form)
    assert text == graphs.text(sample(HOSTILE), form)
    assert "\x1b" not in text


def test_dot_strings_cannot_be_left():
    text = graphs.to_dot(sample(HOSTILE))
    outside, inside, escaped = [], False, False
    for char in text:
        if escaped:
            escaped = False
        elif inside and char == "\\":
            escaped = True
        elif char == '"':
            inside = not inside
        elif not inside:
            outside.append(char)
    assert not inside
    assert "evil" not in "".join(outside)


def test_mermaid_labels_hold_no_active_character():
    text = graphs.to_mermaid(sample(HOSTILE))
    labels = [line.split('"')[1] for line in text.splitlines() if '"' in line]
    assert labels
    assert all(line.count('"') in (0, 2) for line in text.splitlines())
    assert not any(set(label) & set('<>[]|"`') for label in labels)


def test_regions_become_clusters():
    assert 'subgraph "cluster n2"' in graphs.to_dot(sample())
    assert "subgraph gs1" in graphs.to_mermaid(sample())


def test_without_the_dot_program_the_help_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(WfError) as caught:
        graphs.render(sample(), "svg", tmp_path / "g.svg")
    assert caught.value.diagnostics[0].code == "WF901"
    assert "install graphviz" in (caught.value.diagnostics[0].help or "")
    graphs.render(sample(), "dot", tmp_path / "g.dot")
    assert (tmp_path / "g.dot").read_text().startswith("digraph")


@pytest.mark.skipif(shutil.which("dot") is None, reason="the dot program is not installed")
@pytest.mark.parametrize(("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_dot_draws_hostile_titles(form, start, tmp_path):
    graphs.render(sample(HOSTILE), form, tmp_path / "g")
    assert (tmp_path / "g").read_bytes().startswith(start)
