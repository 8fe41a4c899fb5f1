"""The units that are finished, in a file: a replay that was interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import attrs
import msgspec

from wfcheck.checker.fleet.units import Unit
from wfcheck.checker.fleet.work import Options
from wfcheck.checker.replay.collecting import Outcome
from wfcheck.dsl.diagnostic import Diagnostic, WfError

_FIRST = b'{"format":"wfcheck.fleet","version":1}'
_DECODER = msgspec.json.Decoder(Outcome)


class _Entry(msgspec.Struct, frozen=True):
    """One line: for which unit and options, and what came of it. `sum` tells whether the line is as it was written."""

    key: str
    sum: str
    outcome: msgspec.Raw


@attrs.frozen(eq=False)
class Journal:
    """An open journal. `places`: by key where its line begins, and how long it is."""

    stream: BinaryIO
    digest: str
    places: dict[str, tuple[int, int]]

    @staticmethod
    def open(path: str | Path, options: Options) -> Journal:
        """Open a journal, or begin one. What a crash left half written is cut off.

        Raises:
            WfError: the file cannot be opened, or is no journal (WF823).
        """
        try:
            stream = Path(path).open("a+b")  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise _unusable(str(path), (error.strerror or "it cannot be opened").lower()) from None
        places, end = _read(stream)
        if places is None:
            stream.close()
            raise _unusable(str(path), "its first line is not that of such a file")
        stream.truncate(end)
        if not end:
            stream.write(_FIRST + b"\n")
            stream.flush()
        return Journal(stream, options.digest, dict(places))

    def has(self, unit: Unit) -> bool:
        """Whether the unit is noted."""
        return self._key(unit) in self.places

    def get(self, unit: Unit) -> Outcome | None:
        """What came of a unit, if it was finished by the same options and its files are as they were."""
        place = self.places.get(self._key(unit))
        if place is None:
            return None
        self.stream.seek(place[0])
        try:
            entry = msgspec.json.decode(self.stream.read(place[1]), type=_Entry)
            whole = entry.sum == _sum(self._key(unit), bytes(entry.outcome))
            return _DECODER.decode(entry.outcome) if whole else None
        except (ValueError, RecursionError):
            return None

    def put(self, unit: Unit, outcome: Outcome) -> None:
        """Note a finished unit. One that met a defect of ours, or whose names cannot be written, is done again next time."""
        if outcome.defect is not None:
            return
        try:
            key, told = self._key(unit), msgspec.json.encode(outcome)
            line = msgspec.json.encode(_Entry(key, _sum(key, told), msgspec.Raw(told))) + b"\n"
        except (ValueError, TypeError, RecursionError):
            return
        self.stream.seek(0, os.SEEK_END)
        self.stream.write(line)
        self.stream.flush()

    def close(self) -> None:
        """No more is noted."""
        self.stream.close()

    def _key(self, unit: Unit) -> str:
        places = [str(Path(part.path).absolute()) for part in unit.parts]
        told = repr((self.digest, places, msgspec.structs.astuple(unit)))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _sum(key: str, outcome: bytes) -> str:
    return hashlib.sha256(key.encode() + outcome).hexdigest()[:32]


def _read(stream: BinaryIO) -> tuple[Mapping[str, tuple[int, int]] | None, int]:
    """The places by key, and where the last whole line ends. None: it is no journal."""
    stream.seek(0)
    first = stream.readline()
    if first.rstrip(b"\n") != _FIRST:
        return ({}, 0) if _FIRST.startswith(first) else (None, 0)
    if not first.endswith(b"\n"):
        return {}, 0
    places: dict[str, tuple[int, int]] = {}
    at = len(first)
    while (line := stream.readline()).endswith(b"\n"):
        try:
            places[msgspec.json.decode(line, type=_Entry).key] = (at, len(line))
        except (ValueError, RecursionError):
            return places, at
        at += len(line)
    return places, at


def _unusable(file: str, why: str) -> WfError:
    message = f"`{file}` cannot keep the state of a replay"
    help_ = "name a file that does not exist yet, or one that an earlier replay wrote with `--resume`"
    return WfError(Diagnostic("WF823", message, None, notes=(why,), help=help_, file=file))
