"""A replay of many runs on Spark, with `mapInArrow`. Needs the extra `spark`; the files must be where the executors can read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from wfcheck.checker.fleet.parquet import schema, table
from wfcheck.checker.fleet.rows import COLUMNS, NUMBER, NUMBERS, TEXT, rows_of
from wfcheck.checker.fleet.units import Part, Unit, files_of, units_of
from wfcheck.checker.fleet.work import Options, judge_unit

_KINDS = {TEXT: "string", NUMBER: "bigint", NUMBERS: "array<bigint>"}
SCHEMA = ", ".join(f"{name} {_KINDS.get(kind, 'boolean')}" for name, kind in COLUMNS)
"""The schema of the results, as Spark writes it. What could not be read, and defects, are rows without a rule."""


def results_on_spark(session: Any, options: Options, paths: Sequence[str | Path]) -> Any:
    """A data frame with one row for each trace and rule (see `rows.COLUMNS`). Nothing is computed before it is asked for. What cannot
    be read is a row with the verdict `unread`, a defect of wfcheck one with the verdict `defect`; both have a reason and no rule."""
    files = [file for file in files_of(paths) if isinstance(file, Part)]
    units = [(msgspec.json.encode(unit).decode(),) for unit in units_of(files)]
    frame = session.createDataFrame(units or [("",)], "unit string").repartition(max(1, len(units)))
    return frame.mapInArrow(arrow_worker(options), SCHEMA)


def arrow_worker(options: Options) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """What `mapInArrow` is given: from batches with a column `unit` to batches of results."""
    return partial(_judge, options)


def _judge(options: Options, batches: Iterable[Any]) -> Iterator[Any]:
    for batch in batches:
        for text in batch.column(0).to_pylist():
            if text:
                rows = _rows(options, msgspec.json.decode(text, type=Unit))
                yield from table(rows).cast(schema()).to_batches()


def _rows(options: Options, unit: Unit) -> list[dict[str, Any]]:
    outcome = judge_unit(options, unit)
    rows = rows_of(outcome)
    rows += [_unread(d.file or "", "unread", d.message) for d in outcome.diagnostics]
    rows += [_unread(s.file, "unread", s.reason) for s in outcome.skipped]
    if outcome.defect is not None:
        rows.append(_unread(unit.parts[0].path, "defect", outcome.defect))
    return rows


def _unread(file: str, verdict: str, reason: str) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(name for name, _ in COLUMNS)
    return {**empty, "trace": file, "verdict": verdict, "reason": reason}
