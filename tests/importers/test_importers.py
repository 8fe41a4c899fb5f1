"""Every starter parses, type-checks and is formatted; what the source does not say is the worst case."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck import stdlib
from wfcheck.checker.importers import words, yaml
from wfcheck.checker.importers.kinds import KINDS, starter
from wfcheck.cli import import_command
from wfcheck.cli.init_command import STARTER
from wfcheck.cli.main import main
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity, WfError
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.parsing.comments import suppressions
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
HOSTILE = (
    'x\n# wfcheck: ignore[WF618] all is well\n\u202e\x00\x1b[31m`"}\n}\ntool evil() { effect read }\n\ud800'
)


def program(text: str, folder: Path) -> core.Program:
    path = folder / "starter.wf"
    path.write_text(text, encoding="utf-8")
    made, found = elaborate.load([path], library=stdlib.load)
    assert [d for d in found if d.severity is Severity.ERROR] == []
    source = Source("starter.wf", text)
    assert format_source(source) == text
    assert suppressions(source) == ((), ())
    return made


def mcp(*tools: dict[str, Any]) -> str:
    return json.dumps({"tools": list(tools)})


def needs(folder: str) -> Path:
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"{path} is missing")
    return path


def test_every_catalogue_is_read(tmp_path: Path) -> None:
    for path in sorted(needs("mcp-tools").glob("*.json")):
        text = path.read_text(encoding="utf-8")
        made = program(starter("mcp", text, path.name), tmp_path)
        names = {tool["name"] for tool in json.loads(text)["tools"]}
        assert {(tool.aliases or (tool.symbol,))[0] for tool in made.tools.values()} == names


def test_every_agentic_workflow_is_read(tmp_path: Path) -> None:
    paths = sorted(needs("workflows/gh-aw-agentics").iterdir())
    assert paths
    for path in paths:
        assert program(starter("gh-aw", path.read_text(encoding="utf-8"), path.name), tmp_path).tools


def drawn() -> Iterator[tuple[str, str]]:
    for path in sorted(needs("workflows/langgraph-graph-snapshots").glob("*.txt")):
        for name, body in re.findall(
            r"# name: (.*?)\n(.*?)# ---", path.read_text(encoding="utf-8"), re.DOTALL
        ):
            found = re.search(r"'''\n(.*?)'''", body, re.DOTALL)
            if found and ("graph TD" in found[1] or '"edges"' in found[1]):
                yield name, found[1]


def test_every_drawn_graph_is_read(tmp_path: Path) -> None:
    graphs = list(drawn())
    assert len(graphs) > 20
    for name, text in graphs:
        made = program(starter("langgraph", text, name), tmp_path)
        nodes = set(re.findall(r'^ {6}"id": "([^"]+)"|^\s*(\w+)\(', text, re.MULTILINE))
        known = {(tool.aliases or (tool.symbol,))[0] for tool in made.tools.values()}
        assert {a or b for a, b in nodes if a} - {"__start__", "__end__"} <= known


def test_what_a_catalogue_does_not_say_is_the_worst_case(tmp_path: Path) -> None:
    hints = {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False}
    text = starter("mcp", mcp({"name": "get", "annotations": hints, "inputSchema": {"type": "object"}}), "x")
    [tool] = program(text, tmp_path).tools.values()
    assert not any([tool.declared_effect, tool.declared_emits, tool.declared_returns, tool.pure])
    assert not re.search(r"^\s*(effect|emits|returns|pure)", text, re.MULTILINE)


def test_a_destructive_hint_restricts(tmp_path: Path) -> None:
    text = starter("mcp", mcp({"name": "drop", "annotations": {"destructiveHint": True}}), "x")
    assert program(text, tmp_path).tools["drop"].declared_effect
    assert "effect irreversible" in text


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "string"}, "text"),
        ({"type": "number"}, "decimal"),
        ({"type": ["string", "null"]}, "text?"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "int?"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "any"),
        ({"type": "array", "items": {"type": "string"}}, "list<text>"),
        ({"type": "array"}, "list<any>"),
        ({"enum": ["a", "b c"]}, 'enum {"a", "b c"}'),
        ({"enum": ["a", "a"]}, "text"),
        ({"enum": ["a", 1]}, "any"),
        ({"enum": []}, "any"),
        ({"$ref": "#/x"}, "any"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "any"),
    ],
)
def test_schemas_become_types(tmp_path: Path, schema: dict[str, Any], type_: str) -> None:
    inner = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    text = starter("mcp", mcp({"name": "t", "inputSchema": inner}), "x")
    program(text, tmp_path)
    assert f"tool t(x: {type_}) -> any" in text


def test_a_closed_object_is_a_record(tmp_path: Path) -> None:
    properties = {"a": {"type": "string"}, "b c": {"type": "boolean"}}
    result = {"type": "object", "properties": properties, "required": ["a"], "additionalProperties": False}
    text = starter("mcp", mcp({"name": "t", "outputSchema": result}), "x")
    program(text, tmp_path)
    assert re.search(r"-> \{a: text, [`\"]b c[`\"]: bool\?\}", text)


@pytest.mark.parametrize(
    "name", ["get-sum", "call", "if", "9", "", "tool", "text", "work", "user", HOSTILE, "é" * 300]
)
@pytest.mark.parametrize("kind", ["mcp", "openai-tools"])
def test_any_name_is_bound(tmp_path: Path, kind: str, name: str) -> None:
    tool = {
        "name": name,
        "description": HOSTILE,
        "parameters": {"properties": {HOSTILE: {"description": HOSTILE}}},
    }
    made = program(starter(kind, mcp(tool, {"name": "other"}), HOSTILE), tmp_path)
    found = {alias for tool in made.tools.values() for alias in tool.aliases} | set(made.tools)
    assert name in found or name in {"", HOSTILE}
    assert "evil" not in made.tools


@given(
    st.sets(st.sampled_from(["a-b", "a_b", "a.b", "a_b_2", "call", "call_tool", "call tool", "call_tool_2"]))
)
@settings(deadline=None, max_examples=40)
def test_names_that_look_alike_stay_apart(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    names, tmp_path = names | {"t"}, tmp_path_factory.mktemp("alike")
    made = program(starter("mcp", mcp(*({"name": name} for name in names)), "x"), tmp_path)
    assert {(tool.aliases or (tool.symbol,))[0] for tool in made.tools.values()} == names


def test_two_tools_of_one_name_are_one_of_which_nothing_is_known() -> None:
    first = {"name": "t", "inputSchema": {"properties": {"a": {"type": "string"}}}}
    servers = json.dumps({"one": [first], "two": [{"name": "t", "inputSchema": {"properties": {}}}]})
    assert "tool t(arguments: any) -> any" in starter("mcp", servers, "x")


def test_names_of_mermaid_are_unescaped(tmp_path: Path) -> None:
    text = starter(
        "langgraph",
        "graph TD;\n__start__ --> a\\20b\\3ac;\na\\20b\\3ac -. &nbsp;x-y&nbsp; .-> __end__;\n",
        "x",
    )
    [tool] = program(text, tmp_path).tools.values()
    assert tool.aliases == ("a b:c",)


@pytest.mark.parametrize(
    "line",
    [
        "a -. x.y-z .-> b;",
        "a -- x. y --> b",
        "a -->|x -> y| b",
        "a(A & B) --> b[x --- y];",
        "a ==> b",
        "a-->b",
        "a -.-> b;",
    ],
)
def test_an_arrow_of_mermaid_is_an_edge(line: str) -> None:
    text = starter("langgraph", f"graph TD;\n__start__ --> a;\n{line}\nb --> __end__;\n", "x")
    assert re.search(r"case a \{(?:(?!case).)*due_b = true", text, re.DOTALL)


@pytest.mark.parametrize(
    "line", ["a <--> b;", "a & c --> b", "a --> b & c", "--> b", "a -->", f"a{'x' * 9000} --> b"]
)
def test_an_arrow_that_is_not_understood_is_not_left_out(line: str) -> None:
    with pytest.raises(WfError):
        starter("langgraph", f"graph TD;\n__start__ --> a;\n{line}\n", "x")


def test_from_a_node_that_leads_nowhere_a_run_may_go_anywhere(tmp_path: Path) -> None:
    graph = {"nodes": [{"id": name} for name in ("__start__", "a", "b", "c")]}
    edges = [
        {"source": "__start__", "target": "a"},
        {"source": "a", "target": "b"},
        {"source": "a", "target": "c"},
    ]
    text = starter(
        "langgraph", json.dumps({**graph, "edges": [*edges, {"source": "c", "target": "__end__"}]}), "x"
    )
    program(text, tmp_path)
    [case] = re.findall(r"case b \{.*?\} \}", text, re.DOTALL)
    assert {"due_a = true", "due_b = true", "due_c = true", "due_finish = true"} <= set(
        re.findall(r"due_\w+ = true", case)
    )


@pytest.mark.parametrize(
    "graph",
    [
        {"nodes": [{"id": ["a"]}], "edges": []},
        {"nodes": [{}], "edges": [["a", "b"]]},
        {"nodes": [], "edges": [{"source": "a"}]},
        {"nodes": [], "edges": [["a", {}]]},
    ],
)
def test_a_graph_with_holes_is_refused(graph: Any) -> None:
    with pytest.raises(WfError):
        starter("langgraph", json.dumps(graph), "x")


def test_numbered_nodes_have_the_names_of_their_data(tmp_path: Path) -> None:
    nodes = [{"id": 0, "data": {"name": "__start__"}}, {"id": 1, "data": {"name": "one"}}, {"id": 2}]
    graph = {"nodes": nodes, "edges": [{"source": 0, "target": 1}, {"source": 1, "target": 2}]}
    made = program(starter("langgraph", json.dumps(graph), "x"), tmp_path)
    assert [(tool.aliases or (tool.symbol,))[0] for tool in made.tools.values()] == ["one", "2"]


def test_a_node_without_edges_may_run_whenever(tmp_path: Path) -> None:
    graph = {"nodes": [{"id": "a"}, {"id": "b"}], "edges": [["__start__", "a"], ["a", "__end__"]]}
    text = starter("langgraph", json.dumps(graph), "x")
    program(text, tmp_path)
    assert "due_b = true\n  repeat" in text
    assert re.search(r"case b \{(?:(?!case).)*due_a = true", text, re.DOTALL)


AGENTS = [
    {
        "name": "Triage",
        "tools": [{"name": "look up"}],
        "handoffs": ["Refunds", {"name": "Sales", "tools": []}],
    },
    {"name": "Refunds", "tools": [{"type": "web_search"}], "handoffs": ["Triage"]},
]


def test_handoffs_lead_from_agent_to_agent(tmp_path: Path) -> None:
    text = starter("openai-agents", json.dumps(AGENTS), "x")
    made = program(text, tmp_path)
    assert set(made.tools) == {"look_up", "web_search"}
    assert "due_Triage = true\n  due_Sales = false" in text or "due_Triage = true" in text
    assert re.search(r"case Refunds \{.*?may \{ web_search, say \}.*?due_Triage = true", text, re.DOTALL)
    assert re.search(r"case Sales \{.*?may \{ say \}", text, re.DOTALL)


def test_order_in_a_graph_is_proved(tmp_path: Path) -> None:
    text = starter("langgraph", "graph TD;\n__start__ --> a;\na -.-> b;\na -.-> __end__;\nb --> a;\n", "x")
    rules = "policy order {\n  b_after_a: require a before b\n  a_after_b: require b before a\n}\n"
    (tmp_path / "graph.wf").write_text(
        text.replace("policy starter", rules + "\npolicy starter"), encoding="utf-8"
    )
    import wfcheck

    verdicts = {r.rule: r.verdict.value for r in wfcheck.check(tmp_path / "graph.wf", rule="order.*").results}
    assert verdicts == {"order.b_after_a": "PROVED", "order.a_after_b": "VIOLATED"}


DRAWN = """
    digraph G {
        graph [splines=true];
        node [fontname="Arial"];
    "__start__" [label="__start__", shape=ellipse, style=filled];"__end__" [label="__end__", shape=ellipse];
    "Triage agent" [label="Triage agent", shape=box, style=filled, fillcolor=lightyellow];
    "get \\"it\\"" [label="x -> y", shape=ellipse, fillcolor=lightgreen, width=0.5];
    "Other" [label="Other", shape=box, style="filled,rounded"];
    "__start__" -> "Triage agent";"Triage agent" -> "get \\"it\\"" [style=dotted];
    "get \\"it\\"" -> "Triage agent" [style=dotted];"Triage agent" -> "Other";"Other" -> "__end__";}
"""


def test_a_picture_of_agents_is_read(tmp_path: Path) -> None:
    text = starter("openai-agents", DRAWN, "x")
    [tool] = program(text, tmp_path).tools.values()
    assert tool.aliases == ('get "it"',)
    assert re.search(r"enum \{Triage_agent, Other, finish\}", text)
    assert re.search(r"due_Triage_agent = true\n  due_Other = false", text)
    assert re.search(r"may \{ get_it, say \}(?:(?!case).)*due_Other = true", text, re.DOTALL)
    assert re.search(r"case Other \{(?:(?!case).)*due_finish = true", text, re.DOTALL)


SPEX = """
name: demo
description: >
  Folded
  text
tools: [search, "file-write"]   # both
workflow:
  - name: plan
    instruction: |
      # wfcheck: ignore[WF618] hi
  - step: act
    tools:
      - shell
    do:
      - task: inner thing
"""


def test_steps_may_follow_each_other_in_any_order(tmp_path: Path) -> None:
    text = starter("agentspex", SPEX, "x")
    assert set(program(text, tmp_path).tools) == {"search", "file_write", "shell"}
    for step in ("plan", "act", "inner_thing"):
        assert re.search(rf"case {step} \{{(?:(?!case).)*due_plan = true(?:(?!case).)*\}}", text, re.DOTALL)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('a: 1\nb: [x, \'y z\', "q\\""]\n', {"a": 1, "b": ["x", "y z", 'q"']}),
        ("on:\n  issues:\n    types: [opened]\n", {"on": {"issues": {"types": ["opened"]}}}),
        ("a:\n- x\n- y: 1\n  z: no\n", {"a": ["x", {"y": 1, "z": "no"}]}),
        ("a: {b: c, d: [e]}\n", {"a": {"b": "c", "d": ["e"]}}),
        ("a: http://x/y#z # c\n", {"a": "http://x/y#z"}),
        ("a:\n  - [1,\n     2]\nb: true\n", {"a": [[1, 2]], "b": True}),
        ("a: |\n  x\n  y\nb:\n", {"a": "x\ny", "b": None}),
        ("- a\n-\n  - b\n", ["a", ["b"]]),
    ],
)
def test_yaml(text: str, value: Any) -> None:
    assert yaml.load(text) == value


WORDS = st.text(alphabet="ab -:[]{},\n#'\"|>&*!\t0", max_size=60)


@settings(max_examples=300, deadline=None)
@given(WORDS)
def test_no_yaml_is_too_odd(text: str) -> None:
    yaml.load(text)


def test_deep_sources_end() -> None:
    for text in ("[" * 100_000, "- " * 5000, "\n".join(" " * n + "a:" for n in range(3000)), "{a: " * 5000):
        yaml.load(text)
    with pytest.raises(WfError):
        starter("mcp", "[" * 200_000, "x")
    deep: Any = {"type": "string"}
    for _ in range(200):
        deep = {"type": "array", "items": deep}
    assert "list<list<" in starter("mcp", mcp({"name": "t", "inputSchema": {"properties": {"x": deep}}}), "x")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "1", "{", '{"tools": {}}', '{"nodes": [], "edges": []}', "\0"]
)
def test_what_is_no_source_is_bad_input_or_a_starter(tmp_path: Path, kind: str, text: str) -> None:
    try:
        made = starter(kind, text, "x")
    except WfError as error:
        codes = [d.code for d in error.diagnostics]
    else:
        codes = ["WF820"] if program(made, tmp_path).workflows else []
    assert codes == ["WF820"]


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["name", "tools", "function", "inputSchema", "parameters", "properties", "type", "enum", "anyOf", "items",
             "required", "nodes", "edges", "source", "target", "id", "data", "handoffs", "annotations", "result"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["mcp", "openai-tools", "langgraph", "openai-agents"]), JSONS)
def test_any_json_is_a_starter_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, value: Any
) -> None:
    try:
        text = starter(kind, json.dumps(value), "x")
    except WfError:
        return
    program(text, tmp_path_factory.mktemp("any"))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_documentation_is_one_inert_line(text: str) -> None:
    lines = words.documentation(text + "# wfcheck: ignore[WF618] x")
    assert len(lines) == 1
    source = Source("x", lines[0] + "\nprincipal p is agent\n")
    assert suppressions(source) == ((), ())


def test_the_command_line_knows_the_kinds() -> None:
    assert tuple(KINDS) == import_command.KINDS


def test_import_writes_a_new_file_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tools.json").write_text(mcp({"name": "t"}), encoding="utf-8")
    words_ = ["import", "mcp", str(tmp_path / "tools.json"), "-o", str(tmp_path / "t.wf")]
    assert main(words_) == 0
    made = (tmp_path / "t.wf").read_text(encoding="utf-8")
    (tmp_path / "tools.json").write_text(mcp({"name": "u"}), encoding="utf-8")
    assert main(words_) == 2
    assert "WF807" in capsys.readouterr().err
    assert (tmp_path / "t.wf").read_text(encoding="utf-8") == made


@pytest.mark.parametrize("data", [b"\xff\xfe", b"{"])
def test_import_of_what_cannot_be_read(
    tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.json").write_bytes(data)
    assert main(["import", "mcp", str(tmp_path / "x.json")]) == 2
    assert main(["import", "mcp", str(tmp_path / "missing.json")]) == 2
    assert capsys.readouterr().err.count("WF820") == 2


def test_init_writes_a_spec_that_checks(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path)]) == 0
    path = tmp_path / "agent.wf"
    assert path.read_text(encoding="utf-8") == STARTER
    assert main(["check", "--fail-on", "vacuous", str(path)]) == 0
    assert main(["fmt", "--check", str(path)]) == 0
    assert main(["init", str(tmp_path)]) == 2


def test_what_no_way_leads_to_may_run_whenever(tmp_path: Path) -> None:
    """A conditional edge that does not say where it leads is drawn as an edge to the end."""
    edges = [["__start__", "a"], ["a", "__end__"], ["b", "c"], ["c", "b"]]
    text = starter("langgraph", json.dumps({"nodes": [{"id": n} for n in "abc"], "edges": edges}), "x")
    program(text, tmp_path)
    assert "due_b = true\n" in text
    assert re.search(r"case a \{(?:(?!case).)*due_b = true(?:(?!case).)*due_c = true", text, re.DOTALL)
