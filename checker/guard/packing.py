"""What a guard remembers as plain data, and back: values, events and the small classes in which monitors keep them.

An object that is met twice is written once, so that what was one thing is one thing again. Nothing in such data is evaluated."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN
from wfcheck.checker.guard.log import decoded, encoded
from wfcheck.checker.replay.bits import Bits
from wfcheck.checker.replay.memory import Entry
from wfcheck.checker.replay.past import Record
from wfcheck.checker.replay.reader import Counts
from wfcheck.checker.replay.sequence_rules import Debt
from wfcheck.checker.replay.tallies import Item, Tally
from wfcheck.checker.replay.view import Catalogue, Reading, View
from wfcheck.checker.traces.event import Event


class UnpackableError(Exception):
    """Something that cannot be written, or that is no such data."""


_CLASSES: Final[Mapping[str, Any]] = {
    made.__name__: made for made in (Bits, Counts, Debt, Entry, Item, Record, Tally)
}
_VIEW: Final = (
    "index",
    "event",
    "actor",
    "turn",
    "steps",
    "session_steps",
    "call",
    "on_behalf",
    "outcomes",
    "answer",
)
_WORDS: Final[Mapping[type, tuple[str, Callable[[Any], object]]]] = {
    float: ("float", repr),
    Fraction: ("fraction", str),
    Decimal: ("decimal", str),
    datetime: ("time", datetime.isoformat),
    date: ("date", date.isoformat),
    Event: ("event", lambda event: encoded(event).decode()),
}
_READ: Final[Mapping[str, Callable[[Any], object]]] = {
    "int": int,
    "float": float,
    "fraction": Fraction,
    "decimal": Decimal,
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "event": lambda text: decoded(text.encode()),
}
_PARTS: Final[Mapping[type, str]] = {tuple: "(", list: "[", deque: "|", frozenset: "{", set: "{}"}
_MAKE: Final[Mapping[str, Callable[[Any], object]]] = {
    "(": tuple, "[": list, "|": deque, "{": frozenset, "{}": set,
}  # fmt: skip
_SMALL: Final = 2**53


@attrs.define(eq=False)
class Packer:
    """Writes values; remembers which objects were written."""

    known: dict[int, int] = attrs.field(factory=dict)
    kept: list[object] = attrs.field(factory=list)  # so that no two of them are ever one object

    def pack(self, value: Any) -> object:
        """The data of a value.

        Raises:
            UnpackableError: it holds something that is not remembered by guards.
        """
        kind = type(value)
        if value is None or kind is bool or kind is str or (kind is int and -_SMALL < value < _SMALL):
            return value
        if value is UNKNOWN:
            return ["?"]
        if kind is int:
            return ["int", str(value)]
        if kind in _WORDS:
            name, text = _WORDS[kind]
            return [name, text(value)]
        if kind is timedelta:
            return ["duration", value.days, value.seconds, value.microseconds]
        if kind in _PARTS:
            return [_PARTS[kind], *map(self.pack, value)]
        if isinstance(value, dict):
            return ["map", *(self.pack(part) for pair in value.items() for part in pair)]
        return self._object(value)

    def _object(self, value: Any) -> object:
        number = self.known.get(id(value))
        if number is not None:
            return ["same", number]
        name = type(value).__name__
        if isinstance(value, View):
            fields = _VIEW
        elif type(value) is _CLASSES.get(name):
            fields = tuple(field.name for field in attrs.fields(type(value)))
        else:
            raise UnpackableError(f"a `{name}` is not remembered")
        parts = [self.pack(getattr(value, field)) for field in fields]
        self.known[id(value)] = len(self.kept)
        self.kept.append(value)
        return [name, *parts]


@attrs.define(eq=False)
class Unpacker:
    """Reads them back, in the same order."""

    catalogue: Catalogue
    reading: Reading
    kept: list[object] = attrs.field(factory=list)

    def unpack(self, data: Any) -> Any:
        """The value of such data.

        Raises:
            Exception: it is no such data.
        """
        if not isinstance(data, list):
            return data
        kind, *rest = data
        if kind in _MAKE:
            return _MAKE[kind]([self.unpack(part) for part in rest])
        if kind == "map":
            parts = [self.unpack(part) for part in rest]
            return dict(zip(parts[::2], parts[1::2], strict=True))
        if kind == "?":
            return UNKNOWN
        if kind == "duration":
            return timedelta(*rest)
        if kind in _READ:
            return _READ[kind](*rest)
        if kind == "same":
            return self.kept[rest[0]]
        made = self._object(kind, [self.unpack(part) for part in rest])
        self.kept.append(made)
        return made

    def _object(self, kind: str, parts: list[Any]) -> object:
        if kind != "View":
            made = _CLASSES[kind]
            return made(**dict(zip((f.name for f in attrs.fields(made)), parts, strict=True)))
        index, event, actor, turn, steps, session_steps, call, on_behalf, outcomes, answer = parts
        tool = self.catalogue.tools.get(event.tool) if event.tool else None
        view = View(
            index, event, event.kind, tool.symbol if tool else event.tool or "", tool, actor, event.session or "",
            event.run or "", turn, steps, session_steps, call, on_behalf, outcomes, self.reading,
        )  # fmt: skip
        view.answer = answer
        return view
