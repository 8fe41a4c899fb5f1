"""A resolved program as a flat list of nodes, and back. A node's parts are the numbers of earlier nodes, so depth costs nothing and
nothing can be circular."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from fractions import Fraction
from types import ModuleType
from typing import Any, Final, assert_never

import attrs

from wfcheck.dsl import core, source, types


class MalformedError(Exception):
    """Something that is no list of nodes."""


def _declared(module: ModuleType) -> dict[str, Any]:
    return {n: c for n, c in vars(module).items() if isinstance(c, type) and c.__module__ == module.__name__}


_HOMES: Final = {"core": core, "types": types, "source": source}
_CLASSES: Final[Mapping[str, Any]] = {
    f"{home}.{name}": made
    for home, module in _HOMES.items()
    for name, made in _declared(module).items()
    if attrs.has(made) or issubclass(made, Enum)
}
_NAMES: Final = {made: name for name, made in _CLASSES.items()}


def write_nodes(value: object) -> list[list[object]]:
    """The nodes of a value; the last is the value itself. Equal parts that are one object are written once."""
    nodes: list[list[object]] = []
    numbers: dict[int, int] = {}
    stack: list[tuple[object, bool]] = [(value, False)]
    kept = []  # parts made on the way, so that no two of them are ever one object
    while stack:
        top, ready = stack.pop()
        if id(top) in numbers:
            continue
        parts = _parts(top)
        if parts and not ready:
            stack.append((top, True))
            stack += [(part, False) for part in reversed(parts)]
            kept.append(parts)
            continue
        nodes.append(_node(top, [numbers[id(part)] for part in parts]))
        numbers[id(top)] = len(nodes) - 1
    return nodes


def _parts(value: object) -> Sequence[object]:
    match value:
        case tuple() | list():
            return list(value)
        case frozenset() | set():
            return sorted(value, key=repr)
        case Mapping():
            return [part for pair in value.items() for part in pair]
        case Enum():
            return ()
        case _ if type(value) in _NAMES:
            return [getattr(value, field.name) for field in attrs.fields(_CLASSES[_NAMES[type(value)]])]
        case _:
            return ()


def _node(value: object, parts: list[int]) -> list[object]:
    match value:
        case None | bool() | str():
            return ["=", value]
        case Enum() if type(value) in _NAMES:
            return ["enum", _NAMES[type(value)], value.name]
        case int() | float() | Fraction() | date() | timedelta():
            return _scalar(value)
        case tuple() | list():
            return ["list", *parts]
        case frozenset() | set():
            return ["set", *parts]
        case Mapping():
            return ["map", *parts]
        case _ if type(value) in _NAMES:
            return [_NAMES[type(value)], *parts]
        case _:
            raise MalformedError("it holds something that is not part of the language")


def _scalar(value: float | Fraction | date | timedelta) -> list[object]:
    match value:
        case int():
            return ["int", str(value)]
        case float():
            return ["float", repr(value)]
        case Fraction():
            return ["fraction", f"{value.numerator}/{value.denominator}"]
        case datetime():
            return ["time", value.isoformat()]
        case date():
            return ["date", value.isoformat()]
        case timedelta():
            return ["duration", value.days, value.seconds, value.microseconds]
        case _:
            assert_never(value)


def read_nodes(nodes: Sequence[Sequence[Any]]) -> object:
    """The value of the last node.

    Raises:
        MalformedError, ValueError, TypeError: these are no nodes.
    """
    made: list[Any] = []
    for node in nodes:
        made.append(_value(node, made))
    if not made:
        raise MalformedError("it is empty")
    return made[-1]


def _value(node: Sequence[Any], made: list[Any]) -> object:
    kind, *rest = node
    if kind == "=":
        (constant,) = rest
        return constant
    if kind in _PLAIN:
        return _PLAIN[kind](*rest)
    if kind == "enum":
        return _CLASSES[rest[0]][rest[1]]
    if any(not isinstance(number, int) or not 0 <= number < len(made) for number in rest):
        raise MalformedError("a part is missing")
    parts = [made[number] for number in rest]
    return _whole(kind, parts)


_PLAIN: Final[Mapping[str, Callable[..., object]]] = {
    "int": int,
    "float": float,
    "fraction": Fraction,
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "duration": timedelta,
}


def _whole(kind: object, parts: list[Any]) -> object:
    match kind:
        case "list":
            return tuple(parts)
        case "set":
            return frozenset(parts)
        case "map":
            return dict(zip(parts[::2], parts[1::2], strict=True))
        case str() if attrs.has(_CLASSES.get(kind, object)):
            fields = attrs.fields(_CLASSES[kind])
            return _CLASSES[kind](**{f.name: part for f, part in zip(fields, parts, strict=True)})
        case _:
            raise MalformedError("a part is of no known kind")
