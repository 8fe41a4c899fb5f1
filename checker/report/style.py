"""Colour, or its absence. The only place that writes terminal escapes."""

from __future__ import annotations

import attrs

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31;1",
    "green": "32",
    "yellow": "33;1",
    "blue": "34;1",
    "cyan": "36",
    "magenta": "35;1",
}


@attrs.frozen
class Style:
    """Paints inert text. `verbosity`: -1 quiet (problems and the summary), 0 normal, 1 everything."""

    color: bool = False
    verbosity: int = 0

    def paint(self, name: str, text: str) -> str:
        """The text in a colour of this module, or as it is."""
        if not self.color or not text:
            return text
        return f"\x1b[{_CODES[name]}m{text}\x1b[0m"
