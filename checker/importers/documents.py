"""Workflows written down as documents: GitHub agentic workflows (Markdown with front matter) and AgentSPEX (YAML)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wfcheck.checker.importers import yaml
from wfcheck.checker.importers.drafts import Draft, Node, Tool
from wfcheck.checker.importers.reading import bad, text_at

_MOST = 500
_OUTSIDERS = (
    "issue",
    "pull_request",
    "discussion",
    "comment",
    "slash_command",
    "command",
    "workflow_run",
    "push",
    "fork",
)
_TOOL_KEYS = ("tool", "tools", "function", "action")
_NAME_KEYS = ("name", "id", "step", "task", "module")
_STEP_LISTS = (
    "steps",
    "workflow",
    "tasks",
    "nodes",
    "stages",
    "then",
    "else",
    "do",
    "body",
    "parallel",
    "branches",
    "cases",
    "default",
)


def gh_aw(text: str, source: str) -> Draft:
    """One agent with the tools, servers and safe outputs that the front matter names. Whoever can trigger the run shapes it."""
    front = yaml.front_matter(text)
    value = yaml.load(front) if front is not None else None
    top = value if isinstance(value, Mapping) else {}
    if not text.strip():
        raise bad(source, "it is empty", "give a Markdown file, with front matter between two lines of `---`")
    tools = {tool.name: tool for tool in (*_tools(top), *_servers(top), *_outputs(top))}
    if not tools:
        tools = {"github": Tool("github", "The source names no tools: whatever the default ones can do.")}
    inputs = ("github_event",) if _outside(top.get("on")) else ()
    about = text_at(top, "description") or text_at(top, "name")
    return Draft("gh-aw", source, tuple(tools.values()), about=about, inputs=inputs)


def _tools(top: Mapping[str, Any]) -> Iterator[Tool]:
    for name, options in _pairs(top.get("tools")):
        if options is not False:
            yield Tool(name, _narrowed(options))


def _narrowed(options: Any) -> str:
    """What the source says about a tool set; it is no proof of what the tools do."""
    if isinstance(options, list):
        return "Of these: " + ", ".join(str(one) for one in options[:20])
    if isinstance(options, Mapping):
        return ", ".join(f"{key}: {value}" for key, value in list(options.items())[:20])
    return ""


def _servers(top: Mapping[str, Any]) -> Iterator[Tool]:
    for name, _ in _pairs(top.get("mcp-servers")):
        yield Tool(name, "A server of tools: import its own list for their names.")


def _outputs(top: Mapping[str, Any]) -> Iterator[Tool]:
    for name, _ in _pairs(top.get("safe-outputs")):
        yield Tool(
            name,
            "A safe output: written to GitHub after the run, under the limits of the workflow.",
            destructive=True,
        )


def _pairs(value: Any) -> list[tuple[str, Any]]:
    """The entries of a mapping, or the items of a list as names."""
    if isinstance(value, Mapping):
        return [(str(key), inner) for key, inner in value.items()]
    if isinstance(value, list):
        inner = [pair for one in value if isinstance(one, Mapping) for pair in _pairs(one)]
        return [(one, None) for one in value if isinstance(one, str)] + inner
    return [(value, None)] if isinstance(value, str) and value else []


def _outside(trigger: Any) -> bool:
    """Whether somebody other than the schedule or the maintainers may have written what triggers the run; unknown counts."""
    names = [name for name, _ in _pairs(trigger)]
    return not names or any(part in name for name in names for part in _OUTSIDERS) or "reaction" in names


def agentspex(text: str, source: str) -> Draft:
    """Every step becomes a node with the tools it names. The order of steps is not imported: each may follow each."""
    value = yaml.load(text)
    nodes: dict[str, Node] = {}
    tools: dict[str, Tool] = {}
    for name, step in _steps(value, 0):
        if len(nodes) >= _MOST:
            raise bad(source, f"it has more than {_MOST} steps")
        named = [tool for key in _TOOL_KEYS for tool, _ in _pairs(step.get(key))]
        tools.update((tool, Tool(tool)) for tool in named)
        own = name if name not in nodes else f"{name} {len(nodes)}"
        nodes[own] = Node(own, text_at(step, "description") or text_at(step, "instruction"), tuple(named))
    if isinstance(value, Mapping):
        everywhere = [tool for tool, _ in _pairs(value.get("tools"))]
        tools.update((tool, Tool(tool)) for tool in everywhere)
        nodes = {n: Node(n, node.about, (*(node.may or ()), *everywhere)) for n, node in nodes.items()}
    if not nodes:
        raise bad(source, "it holds no steps", "give a YAML file with a list of steps")
    ends: list[str | None] = [None, *nodes]
    edges = frozenset((a, b) for a in ends for b in ends if (a, b) != (None, None))
    about = text_at(value, "description") if isinstance(value, Mapping) else ""
    return Draft("agentspex", source, tuple(tools.values()), tuple(nodes.values()), edges, about)


def _steps(value: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping in a list of steps, at any depth within reason."""
    if depth > 20:
        return
    items = value.items() if isinstance(value, Mapping) else ()
    for key, inner in items:
        if key in _STEP_LISTS:
            yield from _of_list(inner, depth)
        elif isinstance(inner, Mapping):
            yield from _steps(inner, depth + 1)
    if isinstance(value, list):
        yield from _of_list(value, depth)


def _of_list(value: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        pairs = [(str(name), inner) for name, inner in value.items() if isinstance(inner, Mapping)]
    else:
        pairs = (
            [(_step_name(step), step) for step in value if isinstance(step, Mapping)]
            if isinstance(value, list)
            else []
        )
    for name, step in pairs:
        yield name, step
        yield from _steps(step, depth + 1)


def _step_name(step: Mapping[str, Any]) -> str:
    for key in _NAME_KEYS:
        if text_at(step, key):
            return text_at(step, key)[:200]
    return next((str(key) for key in step), "step")[:200]
