"""Drawings of typed DAGs: everything is there, in its box, beside and not upon its neighbours."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from generators.programs import generate
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck._api import load
from wfcheck.checker.report.html.drawing import Drawing, Place, draw
from wfcheck.checker.report.html.layers import arrange
from wfcheck.checker.report.html.scene import Graphs, node_at
from wfcheck.checker.report.html.svg import svg
from wfcheck.dsl.diagnostic import WfError
from wfcheck.dsl.graph.dag import Graph
from wfcheck.dsl.graph.lower import lower

EXAMPLES = Path(__file__).parents[2] / "examples"


def graphs() -> list[tuple[str, Graph]]:
    found = []
    for folder in sorted(path for path in EXAMPLES.iterdir() if path.is_dir()):
        for file in sorted(folder.glob("*.wf")):
            try:
                spec = load(str(file))
            except WfError:
                continue
            found += [(f"{folder.name}/{file.name}:{name}", w.dag) for name, w in spec.workflows.items()]
    return found


def overlap(a: Place, b: Place) -> bool:
    apart = (
        a.x + a.size[0] <= b.x + 0.01
        or b.x + b.size[0] <= a.x + 0.01
        or a.y + a.size[1] <= b.y + 0.01
        or b.y + b.size[1] <= a.y + 0.01
    )
    return not apart


def well_placed(drawing: Drawing) -> None:
    places = drawing.places
    assert {node.id for node in drawing.graph.nodes} <= set(places)
    for owner, owned in drawing.boxes.inside.items():
        for first, second in combinations(owned, 2):
            assert not overlap(places[first], places[second]), (first, second)
        if owner:
            around = places[owner]
            for name in owned:
                inner = places[name]
                assert around.x <= inner.x
                assert around.y < inner.y
                assert inner.x + inner.size[0] <= around.x + around.size[0] + 0.01
                assert inner.y + inner.size[1] <= around.y + around.size[1] + 0.01
    for place in places.values():
        assert place.x >= 0
        assert place.x + place.size[0] <= drawing.size[0]
        assert place.y + place.size[1] <= drawing.size[1]


@pytest.fixture(scope="module")
def drawings() -> list[tuple[str, Drawing]]:
    return [(name, draw(graph)) for name, graph in graphs()]


def test_every_node_of_every_example_has_its_own_place(drawings: list[tuple[str, Drawing]]) -> None:
    assert len(drawings) > 20
    for _, drawing in drawings:
        well_placed(drawing)


@pytest.mark.parametrize("seed", range(60))
def test_every_node_of_generated_workflows_has_its_own_place(seed: int) -> None:
    program, workflow = generate(seed)
    drawing = draw(lower(workflow, program))
    well_placed(drawing)
    text = svg(drawing, {node.id: number for number, node in enumerate(drawing.graph.nodes)})
    marked = [element.get("data-node") for element in ET.fromstring(text).iter() if element.get("data-node")]
    assert {int(number) for number in marked if number} == set(range(len(drawing.graph.nodes)))


def test_every_line_starts_and_ends_at_its_nodes(drawings: list[tuple[str, Drawing]]) -> None:
    for name, drawing in drawings:
        for line, points in drawing.lines:
            source, target = drawing.places[line.source], drawing.places[line.target]
            assert source.x <= points[0][0] <= source.x + source.size[0], (name, line)
            assert target.x <= points[-1][0] <= target.x + target.size[0], (name, line)
            assert target.y <= points[-1][1] <= target.y + target.size[1], (name, line)


def test_every_edge_of_data_is_drawn(drawings: list[tuple[str, Drawing]]) -> None:
    for _, drawing in drawings:
        lines = {(line.source, line.target) for line, _ in drawing.lines}
        lines |= {(line.target, line.source) for line, _ in drawing.lines if line.both}
        for edge in drawing.graph.edges:
            if edge.kind != "control":
                assert (edge.source, edge.target) in lines


def test_a_drawing_is_always_the_same(drawings: list[tuple[str, Drawing]]) -> None:
    for name, graph in graphs()[:5]:
        names = {node.id: number for number, node in enumerate(graph.nodes)}
        assert svg(draw(graph), names) == svg(dict(drawings)[name], names)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_level_keeps_order_gaps_and_direction(data: st.DataObject) -> None:
    names = [f"x{n}" for n in range(data.draw(st.integers(1, 14)))]
    sizes = {
        name: (data.draw(st.integers(10, 400)) * 1.0, data.draw(st.integers(10, 90)) * 1.0) for name in names
    }
    pairs = list(combinations(names, 2))
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    level = arrange(names, sizes, edges)
    for a, b in pairs:
        (x, y), (u, v) = level.places[a], level.places[b]
        beside = x + sizes[a][0] <= u + 0.01 or u + sizes[b][0] <= x + 0.01
        assert beside or y + sizes[a][1] <= v + 0.01 or v + sizes[b][1] <= y + 0.01
    for a, b in edges:
        assert level.places[a][1] + sizes[a][1] < level.places[b][1]


def test_a_large_graph_is_drawn_and_stays_narrow(tmp_path: Path) -> None:
    steps = "\n".join(f"  v{n} = look(at: {f'v{n - 3}' if n > 3 else 'seed'})" for n in range(1, 201))
    text = f"tool look(at: text) -> text {{ effect read }}\nworkflow w(seed: text from {{user}}) {{\n{steps}\n  say v200\n}}\n"
    (tmp_path / "w.wf").write_text(text)
    drawing = draw(load(str(tmp_path / "w.wf")).workflows["w"].dag)
    well_placed(drawing)
    assert drawing.size[0] < 1_100


def test_places_in_the_source_find_their_node() -> None:
    spec = load(str(EXAMPLES / "banking-unsafe"))
    hand = Graphs(spec.program).of("assist")
    assert hand is not None
    for node in hand.drawing.graph.nodes:
        if node.kind != "entry":
            assert node_at(hand, node.span) == node.id


def test_lines_between_neighbours_are_found_and_others_are_not() -> None:
    spec = load(str(EXAMPLES / "banking-unsafe"))
    hand = Graphs(spec.program).of("assist")
    assert hand is not None
    lines = [line for line, _ in hand.drawing.lines]
    way = hand.ways.along(["n1", "n2", "n3"])
    assert [(lines[n].source, lines[n].target) for n in way] == [("n1", "n2"), ("n2", "n3")]
    assert hand.ways.along(["n1", "n3"]) == []
