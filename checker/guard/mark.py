"""How far a decision log was written: a small file beside it, with the number of lines and the hash of the last.

Two places take turns, so that one of them is whole even if the process ends in the middle of writing the other."""

from __future__ import annotations

import mmap
import os
from typing import Final

import attrs

SLOT: Final = 20 + 1 + 64 + 1
SIZE: Final = 2 * SLOT


class TornError(Exception):
    """The file is not such a mark."""


@attrs.define(eq=False)
class Mark:
    """An open mark. Without a map of the file in memory it is written by calls of the system."""

    file: int
    memory: mmap.mmap | None = None

    def read(self) -> list[tuple[int, bytes]] | None:
        """The numbers and hashes that can be read; None where nothing was ever written.

        Raises:
            TornError: it was changed.
        """
        data = os.pread(self.file, SIZE + 1, 0)
        if not data:
            return None
        found = [one for at in (0, SLOT) if (one := _slot(data[at : at + SLOT])) is not None]
        if len(data) != SIZE or not found:
            raise TornError
        return found

    def begin(self, count: int, digest: bytes) -> None:
        """Write both places, and be ready for more."""
        data = b"%020d %b\n" % (count, digest)
        os.pwrite(self.file, data * 2, 0)
        try:
            self.memory = mmap.mmap(self.file, SIZE)
        except (OSError, ValueError):
            self.memory = None

    def write(self, count: int, digest: bytes) -> None:
        """So many lines were written; the hash of the last."""
        data = b"%020d %b\n" % (count, digest)
        at = SLOT if count & 1 else 0
        if self.memory is None:
            os.pwrite(self.file, data, at)
        else:
            self.memory[at : at + SLOT] = data

    def close(self) -> None:
        """Let go of the file."""
        if self.memory is not None:
            self.memory.close()
        os.close(self.file)


def _slot(data: bytes) -> tuple[int, bytes] | None:
    count, _, rest = data.partition(b" ")
    whole = len(data) == SLOT and count.isdigit() and len(rest) == 65 and rest.endswith(b"\n")
    return (int(count), rest[:64]) if whole else None
