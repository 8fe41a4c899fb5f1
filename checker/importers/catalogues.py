"""Catalogues of tools: MCP `tools/list`, and the tools of OpenAI's interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from wfcheck.checker.importers.drafts import Draft, Tool
from wfcheck.checker.importers.reading import bad, json_of, listed, text_at
from wfcheck.checker.importers.schemas import fields, type_of

_HINTS = {
    "readOnlyHint": "it only reads",
    "idempotentHint": "a second call changes nothing more",
    "openWorldHint": "it reaches the outside",
}


def mcp(text: str, source: str) -> Draft:
    """The answer of `tools/list`, bare, in an envelope, or a list of tools; of several servers in an object, all."""
    return _draft("mcp", text, source, ("inputSchema", "input_schema", "parameters"))


def openai_tools(text: str, source: str) -> Draft:
    """A list of function tools, of chat completions (`function` inside) or of responses; or an object that holds it in `tools`."""
    return _draft(
        "openai-tools", text, source, ("parameters", "params_json_schema", "inputSchema", "input_schema")
    )


def tool_of(value: Mapping[str, Any], schemas: tuple[str, ...]) -> Tool | None:
    """A tool by duck typing; None for what has no name. Tools that the provider runs are known by their type."""
    inner = value.get("function")
    found = inner if isinstance(inner, Mapping) else value
    name = text_at(found, "name") or text_at(found, "type")
    if not name:
        return None
    schema = next((found[key] for key in schemas if isinstance(found.get(key), Mapping)), None)
    closed = schema is not None and "properties" not in schema and schema.get("additionalProperties") is False
    known = [] if closed else fields(schema)
    hints = found.get("annotations")
    claims = hints if isinstance(hints, Mapping) else {}
    return Tool(
        name,
        text_at(found, "description") or text_at(found, "title"),
        None if known is None else tuple(known),
        type_of(found.get("outputSchema")),
        tuple(words for key, words in _HINTS.items() if claims.get(key) is True),
        claims.get("destructiveHint") is True,
    )


def tools_of(values: Any, schemas: tuple[str, ...]) -> Iterator[Tool]:
    """The tools of a list, each name once."""
    made = (tool_of(value, schemas) for value in listed(values) if isinstance(value, Mapping))
    yield from merged(tool for tool in made if tool is not None)


def merged(tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """Each name once; of what two tools of one name say differently, nothing is known."""
    found: dict[str, Tool] = {}
    for tool in tools:
        other = found.get(tool.name, tool)
        same = (other.arguments, other.result) == (tool.arguments, tool.result)
        arguments, result = (tool.arguments, tool.result) if same else (None, "any")
        destructive = tool.destructive or other.destructive
        found[tool.name] = attrs.evolve(other, arguments=arguments, result=result, destructive=destructive)
    return tuple(found.values())


def _draft(kind: str, text: str, source: str, schemas: tuple[str, ...]) -> Draft:
    value = json_of(text, source)
    tools = tuple(tools_of(_tool_list(value), schemas))
    if not tools:
        raise bad(
            source, "it lists no tools", "give a file that holds a list of tools, or an object with `tools`"
        )
    return Draft(kind, source, tools)


def _tool_list(value: Any) -> list[Any]:
    """The list of tools in what was dumped."""
    if isinstance(value, list):
        return value
    if not isinstance(value, Mapping):
        return []
    if isinstance(value.get("tools"), list):
        return listed(value["tools"])
    for key in ("result", "response", "body"):
        if isinstance(value.get(key), Mapping):
            return _tool_list(value[key])
    if "name" in value and not isinstance(value["name"], list):
        return [value]
    return [one for inner in value.values() if isinstance(inner, list) for one in inner]
