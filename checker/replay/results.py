"""Very many results in little room: most of them differ in nothing but the name of the trace."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, overload

import attrs

from wfcheck.checker.replay.result import Many, ReplayResult

ROWS = 10_000
"""So many rows of results that traces share are remembered."""


@attrs.frozen
class Pack:
    """Results as plain data. `traces`: the name of each, and one number for each of its results: from 0 on an index in `alike`, whose
    results lack the name of the trace, below 0 (-1 is the first) one in `apart`."""

    alike: tuple[ReplayResult, ...] = ()
    traces: tuple[tuple[str, tuple[int, ...]], ...] = ()
    apart: tuple[ReplayResult, ...] = ()


@attrs.define(eq=False)
class Results(Many):
    """The results of many traces, in the order added. `counts`: by verdict; `failing`: the traces with a violation."""

    alike: list[ReplayResult] = attrs.field(factory=list)
    apart: list[ReplayResult] = attrs.field(factory=list)
    names: list[str] = attrs.field(factory=list)
    codes: list[array[int]] = attrs.field(factory=list)
    starts: list[int] = attrs.field(factory=list)
    known: dict[ReplayResult, int] = attrs.field(factory=dict)
    seen: dict[tuple[int, ...], array[int]] = attrs.field(
        factory=dict
    )  # traces with the same results share them
    rows: dict[int, tuple[tuple[ReplayResult, ...], tuple[int, ...]]] = attrs.field(factory=dict)
    counts: Counter[str] = attrs.field(factory=Counter)
    failing: int = 0
    length: int = 0

    def add(self, trace: str, results: tuple[ReplayResult, ...]) -> None:
        """The results of one more trace, without its name. Where many traces share them, it costs little."""
        row = self.rows.get(id(results))
        if row is None or row[0] is not results:
            row = (results, tuple(self._code(result, trace) for result in results))
            if len(self.rows) < ROWS and not any(code < 0 for code in row[1]):
                self.rows[id(results)] = row
        self._add(trace, row[1])

    def merge(self, pack: Pack) -> None:
        """Those of a pack."""
        codes = [self._like(result) for result in pack.alike]
        first = len(self.apart)
        self.apart.extend(pack.apart)
        for trace, numbers in pack.traces:
            self._add(trace, tuple(codes[n] if n >= 0 else n - first for n in numbers))

    def pack(self) -> Pack:
        """All of them as plain data."""
        traces = ((name, tuple(codes)) for name, codes in zip(self.names, self.codes, strict=True))
        return Pack(tuple(self.alike), tuple(traces), tuple(self.apart))

    def mapped(self, change: Callable[[ReplayResult], ReplayResult]) -> Results:
        """Each of them changed in what does not depend on the name of the trace, and not in its verdict."""
        made = attrs.evolve(self, known={}, seen={}, rows={})
        made.alike, made.apart = list(map(change, self.alike)), list(map(change, self.apart))
        return made

    def _code(self, result: ReplayResult, trace: str) -> int:
        if result.blame is not None or result.breaks:
            self.apart.append(attrs.evolve(result, trace=trace))
            return -len(self.apart)
        return self._like(result)

    def _like(self, result: ReplayResult) -> int:
        code = self.known.get(result)
        if code is None:
            code = self.known[result] = len(self.alike)
            self.alike.append(result)
        return code

    def _add(self, trace: str, codes: tuple[int, ...]) -> None:
        kept = self.seen.get(codes)
        if kept is None:
            kept = array("q", codes)
            if len(self.seen) < ROWS and not any(code < 0 for code in codes):
                self.seen[codes] = kept
        verdicts = [(self.alike[c] if c >= 0 else self.apart[-c - 1]).verdict for c in codes]
        self.counts.update(verdicts)
        self.failing += "violated" in verdicts
        self.names.append(trace)
        self.codes.append(kept)
        self.starts.append(self.length)
        self.length += len(codes)

    def _at(self, trace: str, code: int) -> ReplayResult:
        return attrs.evolve(self.alike[code], trace=trace) if code >= 0 else self.apart[-code - 1]

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[ReplayResult]:
        for name, codes in zip(self.names, self.codes, strict=True):
            for code in codes:
                yield self._at(name, code)

    @overload
    def __getitem__(self, index: int) -> ReplayResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ReplayResult, ...]: ...
    def __getitem__(self, index: int | slice) -> ReplayResult | tuple[ReplayResult, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(self.length)))
        at = index + self.length if index < 0 else index
        if not 0 <= at < self.length:
            raise IndexError(index)
        trace = bisect_right(self.starts, at) - 1
        while len(self.codes[trace]) == 0:
            trace -= 1
        return self._at(self.names[trace], self.codes[trace][at - self.starts[trace]])

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Results | tuple | list):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]
