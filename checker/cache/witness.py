"""What an answer rests on outside the program: files, files that are not there, and the `.wf` files below folders."""

from __future__ import annotations

import os
import stat

from wfcheck.checker.cache.packing import digest, pack, text

_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__"})
_LARGEST = 64_000_000
_TICK = 10_000_000  # file systems tell the time in steps
Seen = bytes
"""What was seen of a path: compared, never read."""


def see(path: str) -> Seen | None:
    """What is at a path now: where it leads, and the digest of the file or of the names below the folder. None: it cannot be told,
    or reading it would be no good (a pipe, a device, a huge file)."""
    try:
        real = os.path.realpath(path)
        found = os.stat(real)
        if stat.S_ISDIR(found.st_mode):
            names: list[bytes] = []
            _below(path, names)
            return b"folder " + digest(pack(names))
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return None
        with open(real, "rb") as file:
            return b"file " + digest(file.read()) + text(real)
    except FileNotFoundError:
        return b"absent"
    except (OSError, ValueError):
        return None


def changed_since(path: str, moment: int) -> bool:
    """Whether what is at a path, or the list of a folder, may have changed at or after a moment (nanoseconds since the epoch)."""
    try:
        found = [os.stat(path), os.lstat(path)]
        if stat.S_ISDIR(found[0].st_mode):
            found += [os.stat(folder) for folder, _, _ in os.walk(path)]
    except OSError:
        return False
    return any(max(f.st_mtime_ns, f.st_ctime_ns) >= moment - _TICK for f in found)


def _below(folder: str, names: list[bytes]) -> None:
    """Every name that may decide which `.wf` files lie below: a superset of what the search for them looks at."""
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name == "pyvenv.cfg":
            names += [b"environment", text(entry.path)]
        elif entry.name.startswith(".") or entry.name in _SKIPPED:
            continue
        elif entry.is_dir():
            names += [b"link" if entry.is_symlink() else b"folder", text(entry.path)]
            if not entry.is_symlink():
                _below(entry.path, names)
        elif entry.name.endswith(".wf"):
            names += [b"name", text(entry.path)]
