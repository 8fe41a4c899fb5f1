"""The sorts of solver terms, and the exact Python values that inhabit them."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import Any


class Sort(Enum):
    """BOOL: bool. INT: int. REAL: Fraction. TEXT: str. OPAQUE: any hashable; equal if and only if the Python values are."""

    BOOL = "Bool"
    INT = "Int"
    REAL = "Real"
    TEXT = "Text"
    OPAQUE = "Opaque"


DEFAULTS: dict[Sort, Any] = {
    Sort.BOOL: False,
    Sort.INT: 0,
    Sort.REAL: Fraction(0),
    Sort.TEXT: "",
    Sort.OPAQUE: ("default", 0),
}
"""What a symbol that no constraint speaks of is taken to be."""

NUMERIC = frozenset({Sort.INT, Sort.REAL})
