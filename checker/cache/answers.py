"""Keeping and serving answers: the bytes of a report and its exit code.

An entry is trusted only if it bears the code of a secret in the user's own folder: a cache that came with somebody's repository
proves nothing. Whatever is wrong with an entry, it is as if it were not there."""

from __future__ import annotations

import os
import sys

from wfcheck.checker.cache import witness
from wfcheck.checker.cache.own import fingerprint
from wfcheck.checker.cache.packing import SIZE, digest, pack, text, unpack

FOLDER = ".wfcheck_cache"
_SECRET = 32
_ENTRIES = 64
_LARGEST = 64_000_000
_CONFIGURATIONS = ("wfcheck.toml", "pyproject.toml")
_KEPT = frozenset({0, 1, 3})


def question(words: list[str]) -> str | None:
    """The name under which the answer to a command line is kept: its words, the folder, what decides on colours, and the program
    itself. None: such answers are not kept."""
    own = fingerprint() if words[:1] == ["check"] and "--no-cache" not in words else None
    if own is None or not sys.stdout:
        return None
    around = [os.environ.get(name, "") for name in ("NO_COLOR", "TERM")]
    try:
        told = [os.getcwd(), str(sys.stdout.isatty()), *around, *words]
    except (OSError, ValueError):
        return None
    return digest(pack([own, *map(text, told)])).hex()


def serve(name: str) -> int | None:
    """Answer a question from the cache: the report goes to standard output, the exit code is returned. None: it is not there."""
    found = recall(name)
    if found is None:
        return None
    code, report = found
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(report)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # a reader that has gone does not change the verdict
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def recall(name: str) -> tuple[int, bytes] | None:
    """The exit code and the report of an answer, if nothing it rests on has changed."""
    try:
        secret = _secret(make=False)
        if secret is None:
            return None
        with open(os.path.join(FOLDER, name), "rb") as file:
            data = file.read(_LARGEST)
        return _checked(data, name, secret)
    except (OSError, ValueError):
        return None


class Keeper:
    """Keeps the answer to one question. `started`: when this process began (nanoseconds since the epoch); what changed since then
    may have been read before or after, so nothing is kept that rests on it."""

    def __init__(self, name: str, started: int) -> None:
        self.name = name
        self.started = started

    def keep(self, code: int, report: bytes, inputs: list[str]) -> None:
        """Remember an answer that rests on these files and folders, and on the configuration. Failing to keep is no failure."""
        paths = list(dict.fromkeys([*inputs, *_configurations()]))
        try:
            seen = [what for what in map(witness.see, paths) if what is not None]
            secret = _secret(make=True)
            late = any(witness.changed_since(path, self.started) for path in paths)
            if secret is None or code not in _KEPT or late or len(seen) < len(paths):
                return
            pairs = [part for path, what in zip(paths, seen, strict=True) for part in (text(path), what)]
            body = pack([b"%d" % code, report, *pairs])
            if len(body) < _LARGEST - SIZE:
                _write(self.name, digest(text(self.name) + body, secret) + body)
        except (OSError, ValueError):
            return


def _checked(data: bytes, name: str, secret: bytes) -> tuple[int, bytes] | None:
    mark, body = data[:SIZE], data[SIZE:]
    if digest(text(name) + body, secret) != mark:
        return None
    code, report, *pairs = unpack(body)
    for path, seen in zip(pairs[::2], pairs[1::2], strict=True):
        if witness.see(_path(path)) != seen:
            return None
    return int(code), report


def _path(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _configurations() -> list[str]:
    """Every place where settings may stand; what is not there counts as well."""
    found = []
    folder = os.getcwd()
    while True:
        found += [os.path.join(folder, name) for name in _CONFIGURATIONS]
        above = os.path.dirname(folder)
        if above == folder:
            return found
        folder = above


def _secret(*, make: bool) -> bytes | None:
    """The user's own key, made when first needed; None where there is none."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    if not os.path.isabs(home):
        return None
    path = os.path.join(home, "wfcheck", "key")
    if make and not os.path.exists(path):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fresh = path + f".{os.getpid()}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(_SECRET))
        os.rename(fresh, path)
    with open(path, "rb") as file:
        key = file.read(_SECRET + 1)
    return key if len(key) == _SECRET else None


def _write(name: str, data: bytes) -> None:
    """One entry, whole or not at all; the oldest make room."""
    os.makedirs(FOLDER, exist_ok=True)
    ignore = os.path.join(FOLDER, ".gitignore")
    if not os.path.exists(ignore):
        with open(ignore, "wb") as file:
            file.write(b"*\n")
    fresh = os.path.join(FOLDER, f".{name}.{os.getpid()}")
    with open(fresh, "wb") as file:
        file.write(data)
    os.replace(fresh, os.path.join(FOLDER, name))
    with os.scandir(FOLDER) as listed:
        old = sorted((e.stat().st_mtime_ns, e.path) for e in listed if not e.name.startswith("."))
    for _, path in old[:-_ENTRIES]:
        os.unlink(path)
