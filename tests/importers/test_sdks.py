"""Graphs and agents of the installed SDKs: the exports that are kept here, and, where the SDKs are installed, new ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import wfcheck
from wfcheck.checker.importers.kinds import starter
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

HERE = Path(__file__).resolve().parent / "sdks"
KEPT = sorted(p for kind in ("langgraph", "openai-agents") for p in (HERE / kind).iterdir())
SCRIPTS = {
    "langgraph": ("langgraph_samples.py", "langgraph"),
    "openai-agents": ("agents_samples.py", "agents"),
}


def imported(path: Path, folder: Path) -> str:
    """The starter of an export; it parses, type-checks and is formatted."""
    text = starter(path.parent.name, path.read_text(encoding="utf-8"), path.name)
    (folder / "starter.wf").write_text(text, encoding="utf-8")
    wfcheck.load(folder / "starter.wf")
    assert format_source(Source("starter.wf", text)) == text
    return text


@pytest.mark.parametrize("path", KEPT, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_an_export_becomes_a_spec(path: Path, tmp_path: Path) -> None:
    text = imported(path, tmp_path)
    spec = wfcheck.load(tmp_path / "starter.wf")
    names = {(tool.aliases or (tool.symbol,))[0] for tool in spec.program.tools.values()}
    assert expected(path) <= names | set(re.findall(r"agent (\w+)\(", text))


def expected(path: Path) -> set[str]:
    """The nodes, or the tools, that an export names; of pictures nothing is expected here."""
    if path.suffix != ".json":
        return set()
    made = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(made, list):
        return {tool["name"] for agent in made for tool in agent["tools"]}
    drawn = {end for edge in made["edges"] for end in (edge["source"], edge["target"])}
    return {n["id"] for n in made["nodes"]} & drawn - {"__start__", "__end__"}


def test_both_forms_of_a_graph_say_the_same(tmp_path: Path) -> None:
    for path in sorted((HERE / "langgraph").glob("*.json")):
        first, second = imported(path, tmp_path), imported(path.with_suffix(".mmd"), tmp_path)
        assert sorted(re.findall(r"due_\w+ = true", first)) == sorted(
            re.findall(r"due_\w+ = true", second)
        ), path


@pytest.mark.parametrize("kind", SCRIPTS)
def test_the_installed_sdk_is_read(kind: str, tmp_path: Path) -> None:
    script, module = SCRIPTS[kind]
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    folder = tmp_path / kind
    subprocess.run([sys.executable, str(HERE / script), str(folder)], check=True, timeout=300)
    made = sorted(folder.iterdir())
    assert {p.name for p in made} >= {p.name for p in KEPT if p.parent.name == kind and p.suffix == ".json"}
    for path in made:
        imported(path, tmp_path)


def test_a_supervised_graph_is_judged_by_its_edges(tmp_path: Path) -> None:
    """Nobody codes before the supervisor ran; that a researcher runs first is not so."""
    text = imported(HERE / "langgraph" / "supervised.json", tmp_path)
    rules = "policy order {\n  led: require supervisor before coder\n  first: require researcher before coder\n}\n"
    (tmp_path / "graph.wf").write_text(text + "\n" + rules, encoding="utf-8")
    verdicts = {r.rule: r.verdict.value for r in wfcheck.check(tmp_path / "graph.wf", rule="order.*").results}
    assert verdicts == {"order.led": "PROVED", "order.first": "VIOLATED"}
