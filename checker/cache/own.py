"""What of the program itself an answer rests on: its code, its library, its solver, its interpreter."""

from __future__ import annotations

import os
import sys

from wfcheck.checker.cache.packing import digest, pack, text

_PARTS = ("dsl", "solver", "stdlib", "checker")
_CODE = (".py", ".lark", ".tables", ".md", ".js", ".css")
_PACKAGES = ("attrs-", "lark-", "msgspec-", "networkx-", "z3_solver-")


def fingerprint() -> bytes | None:
    """A digest of the code (names, sizes and times of its files; the text of library modules), of the
    versions of the packages it stands on and of the interpreter. None where the code cannot be seen."""
    package = sys.modules["wfcheck"].__file__
    if not package:
        return None
    found = [text(sys.version)]
    home, tree = os.path.dirname(package), os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    try:
        _folder(home, found)
        for name in _PARTS:
            if not os.path.isdir(os.path.join(home, name)):
                _folder(os.path.join(tree, name), found)
        _packages(found)
    except OSError:
        return None
    return digest(pack(found))


def _folder(folder: str, found: list[bytes]) -> None:
    """Names, sizes and times of the code in a folder; asked relative to it where that is possible, which takes half the time."""
    at = os.open(folder, os.O_RDONLY) if os.stat in os.supports_dir_fd else None
    seen, below = [folder], []
    try:
        for name in sorted(os.listdir(folder if at is None else at)):
            if name.endswith(_CODE):
                stat = os.stat(os.path.join(folder, name) if at is None else name, dir_fd=at)
                seen.append(f"{name} {stat.st_size} {stat.st_mtime_ns}")
            elif name.endswith(".wf"):
                found += [text(name), _bytes(os.path.join(folder, name))]
            elif "." not in name and name != "__pycache__":
                below.append(os.path.join(folder, name))
    finally:
        if at is not None:
            os.close(at)
    found.append(text("\0".join(seen)))
    for path in below:
        if os.path.isdir(path):
            _folder(path, found)


def _packages(found: list[bytes]) -> None:
    """The names of the installed packages with their versions, and what the solver's library looks like."""
    for place in sys.path:
        try:
            names = sorted(os.listdir(place or "."))
        except OSError:
            continue
        found += [text(place + name) for name in names if name.startswith(_PACKAGES)]
        if "z3" in names:
            found += [text(place), *_libraries(os.path.join(place, "z3", "lib"))]


def _libraries(folder: str) -> list[bytes]:
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError:
        return []
    seen = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
    return [text(name) + b" %d %d" % (stat.st_size, stat.st_mtime_ns) for name, stat in seen]


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
