"""How far a long replay has come, for people who watch a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_WIDTH = 30
_EVERY = 0.2
_PATIENCE = 1.0
"""Seconds after which there is something to show."""


def progress_bar(stream: TextIO) -> Callable[[int, int], None] | None:
    """What is to be told the bytes done and in all; None where nobody watches."""
    if not stream.isatty():
        return None
    begun = time.monotonic()
    shown = begun

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - begun < _PATIENCE or (now - shown < _EVERY and done < total):
            return
        shown = now
        stream.write("\r\x1b[K" if done >= total else f"\r{line_of(done, total)}")
        stream.flush()

    return show


def line_of(done: int, total: int) -> str:
    """The bar."""
    share = min(1.0, done / total) if total else 1.0
    filled = round(share * _WIDTH)
    return f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {share:4.0%} of {total / 2**20:,.0f} MB"
