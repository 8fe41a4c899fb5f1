"""What the many small classes of the trees share. Equality, hash and representation are written once here and not
generated for each class, which halves the time it takes to import them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import attrs


class Node:
    """Base of frozen attrs classes made with `eq=False, repr=False`; fields with `eq=False` or `repr=False` do not
    take part."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        kind: Any = self.__class__
        values = _compared(kind)
        return bool(values(self) == values(other))

    def __hash__(self) -> int:
        kind: Any = self.__class__
        return hash((kind, _compared(kind)(self)))

    def __repr__(self) -> str:
        kind: Any = type(self)
        parts = [f"{name}={getattr(self, name)!r}" for name in _shown(kind)]
        return f"{kind.__name__}({', '.join(parts)})"


@cache
def _compared(kind: type) -> Callable[[object], object]:
    names = [field.name for field in attrs.fields(kind) if field.eq]
    return attrgetter(*names) if names else _nothing


def _nothing(_: object) -> tuple[()]:
    return ()


@cache
def _shown(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind) if field.repr)
