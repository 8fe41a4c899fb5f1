"""Results as a Parquet file, written a group of rows at a time. Needs the extra `parquet`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import attrs

from wfcheck.checker.fleet.rows import COLUMNS, NUMBER, NUMBERS, TEXT, columns, rows_of
from wfcheck.checker.replay.collecting import Outcome
from wfcheck.dsl.diagnostic import Diagnostic, WfError

GROUP = 50_000
"""Rows of a group, at least."""


def schema() -> Any:
    """The Arrow schema of the rows. Raises WfError without the extra (WF807)."""
    arrow = _arrow("pyarrow", "")
    kinds = {TEXT: arrow.string(), NUMBER: arrow.int64(), NUMBERS: arrow.list_(arrow.int64())}
    return arrow.schema([(name, kinds.get(kind, arrow.bool_())) for name, kind in COLUMNS])


def table(rows: list[dict[str, Any]]) -> Any:
    """Rows as an Arrow table."""
    return _arrow("pyarrow", "").table(columns(rows), schema=schema())


@attrs.define(eq=False)
class ParquetFile:
    """A file that is being written."""

    path: str
    writer: Any
    rows: list[dict[str, Any]] = attrs.field(factory=list)

    @staticmethod
    def open(path: str | Path) -> ParquetFile:
        """Begin a file.

        Raises:
            WfError: the extra is not installed, or the file cannot be written (WF807).
        """
        module = _arrow("pyarrow.parquet", str(path))
        try:
            return ParquetFile(str(path), module.ParquetWriter(str(path), schema(), compression="zstd"))
        except OSError as error:
            raise _unwritable(str(path), (error.strerror or "it cannot be opened").lower()) from None

    def add(self, outcome: Outcome) -> None:
        """Write what some traces show."""
        self.rows += rows_of(outcome)
        if len(self.rows) >= GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        self._flush()
        self.writer.close()

    def _flush(self) -> None:
        if self.rows:
            self.writer.write_table(table(self.rows))
            self.rows = []


def _arrow(module: str, path: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise _unwritable(
            path, "Parquet is written with the extra `parquet` only (python package `pyarrow`)"
        ) from None


def _unwritable(path: str, why: str) -> WfError:
    return WfError(Diagnostic("WF807", f"`{path}` cannot be written", None, notes=(why,), file=path or None))
