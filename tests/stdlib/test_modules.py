"""What holds of every module of the library: names that do not clash, documentation, tools that say what they do."""

from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck
from wfcheck import stdlib
from wfcheck.dsl import core

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name.removeprefix("std.") for name in stdlib.names()]
TOOLS = (
    "mail",
    "files",
    "web",
    "shell",
    "git",
    "database",
    "payments",
    "calendar",
    "chat",
    "memory",
    "skills",
)


def program(folder: Path, text: str) -> core.Program:
    path = folder / "spec.wf"
    path.write_text(text)
    report = wfcheck.check(path)
    assert not [d for d in report.diagnostics if d.severity.value == "error"]
    return wfcheck.load(path).program


def test_everything_can_be_imported_together(tmp_path: Path) -> None:
    found = program(tmp_path, "".join(f"import std.{name}\n" for name in NAMES))
    assert len(found.tools) > 50
    assert len(found.rules) > 35


@pytest.mark.parametrize("name", NAMES)
def test_a_module_begins_with_what_it_is_for(name: str) -> None:
    text = stdlib.load(("std", name))
    assert text is not None
    assert text.startswith("## ")
    assert f"std.{name}" in (ROOT / "docs" / "library.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TOOLS)
def test_tools_leave_nothing_unsaid(name: str, tmp_path: Path) -> None:
    tools = program(tmp_path, f"import std.{name}\n").tools
    assert tools
    for tool in tools.values():
        assert tool.effect is not None
        assert tool.effect != "read" or not tool.writes
        assert not any(emission.channel == tool.symbol for emission in tool.emits), tool.symbol


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_does_not_send_what_it_reads_unseen(name: str, tmp_path: Path) -> None:
    """What leaves must be an argument: labels do not see what a tool takes out of a store and sends itself."""
    for tool in program(tmp_path, f"import std.{name}\n").tools.values():
        assert not (tool.reads and tool.emits), tool.symbol


@pytest.mark.parametrize("name", TOOLS)
def test_an_agent_can_use_every_tool(name: str, tmp_path: Path) -> None:
    tools = sorted(program(tmp_path, f"import std.{name}\n").tools)
    listed = ", ".join(tools)
    text = f"import std.{name}\nworkflow w(q: text from {{user}}) {{ agent a(q) may {{ {listed} }} max 3 steps }}\n"
    assert len(program(tmp_path, text).tools) == len(tools)


@pytest.mark.parametrize("axis", ["risk", "failure", "harm"])
def test_the_words_of_the_library_are_the_recommended_ones(axis: str, tmp_path: Path) -> None:
    """Groups of reports add up only where everybody says the same."""
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `@{axis}` |"))
    recommended = {word.strip() for word in row.split("|")[2].split(",")}
    found = program(tmp_path, "".join(f"import std.{name}\n" for name in NAMES))
    used = {str(value) for rule in found.rules for value in rule.annotations.get(axis, ())}
    assert used
    assert used <= recommended, used - recommended
