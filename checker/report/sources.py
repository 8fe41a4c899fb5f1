"""Where reports find the text that a span points into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from wfcheck import stdlib
from wfcheck.dsl.source import Source

Sources: TypeAlias = Callable[[str], Source | None]
"""The source of a file by the path that spans carry; None where it cannot be shown."""

_MOST_BYTES = 4_000_000


def no_sources(_path: str) -> Source | None:
    """Show no excerpts."""
    return None


def given(texts: Mapping[str, str]) -> Sources:
    """Sources held in memory."""
    made = {path: Source(path, text) for path, text in texts.items()}
    return made.get


def from_files() -> Sources:
    """Sources read from disk, or from the standard library, when first asked for; unreadable, odd or huge files have no excerpt."""
    seen: dict[str, Source | None] = {}

    def find(path: str) -> Source | None:
        if path not in seen:
            seen[path] = _read(path)
        return seen[path]

    return find


def _read(path: str) -> Source | None:
    module = stdlib.load(tuple(path.split(".")))
    if module is not None:
        return Source(path, module)
    try:
        file = Path(path)
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return None
        return Source(path, file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return None
