"""JSON Schemas as types of the language. Whatever has no type here is `any`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wfcheck.checker.importers.words import LONGEST_NAME, field, quoted, shown

_SCALARS = {"string": "text", "integer": "int", "number": "decimal", "boolean": "bool"}
_DEEPEST = 4
_MOST = 40


def type_of(schema: Any, depth: int = 0) -> str:
    """The type of a schema; `any` where it says nothing or more than types can."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "any"
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(alternatives, list):
        return _optional(alternatives, depth)
    kind = schema.get("type")
    if isinstance(kind, list):
        return _optional([{**schema, "type": one} for one in kind], depth)
    if isinstance(schema.get("enum"), list):
        return _enum(schema["enum"])
    match kind:
        case str() if kind in _SCALARS:
            return _SCALARS[kind]
        case "array":
            inner = type_of(schema.get("items"), depth + 1)
            return f"list<{inner}>"
        case "object":
            return _record(schema, depth)
        case _:
            return "any"


def fields(schema: Any, depth: int = 0) -> list[tuple[str, str]] | None:
    """The properties of an object as names and types, those that may be missing with `?`; None where they are not all known."""
    listed = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(listed, Mapping) or len(listed) > _MOST:
        return None
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    found = []
    for name, inner in listed.items():
        written = field(name) if isinstance(name, str) else None
        if written is None:
            return None
        type_ = type_of(inner, depth + 1)
        found.append((written, type_ if name in needed or type_.endswith("?") else f"{type_}?"))
    return found


def _record(schema: Mapping[str, Any], depth: int) -> str:
    """A record only where nothing but its properties can be in it."""
    found = fields(schema, depth) if schema.get("additionalProperties") is False else None
    return "{" + ", ".join(f"{name}: {type_}" for name, type_ in found) + "}" if found else "any"


def _optional(alternatives: list[Any], depth: int) -> str:
    """A type or nothing; unions of more are `any`."""
    if len(alternatives) > _MOST:
        return "any"
    others = [one for one in alternatives if not (isinstance(one, Mapping) and one.get("type") == "null")]
    if len(others) != 1:
        return "any"
    found = type_of(others[0], depth + 1)
    return found if len(others) == len(alternatives) or found == "any" or found.endswith("?") else f"{found}?"


def _enum(values: list[Any]) -> str:
    words = [value for value in values if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME]
    literals = [quoted(word) for word in words if word == shown(word)]
    whole = (
        len(literals) == len(values) == len(set(words)) and 0 < len(values) <= _MOST and None not in literals
    )
    if whole:
        return "enum {" + ", ".join(literal for literal in literals if literal) + "}"
    return "text" if len(values) > 0 and all(isinstance(value, str) for value in values) else "any"
