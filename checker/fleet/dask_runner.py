"""A replay of many runs on Dask. Needs the extra `dask`; the files must be where the workers can read them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from wfcheck.checker.fleet.units import Part, files_of, units_of
from wfcheck.checker.fleet.work import Options, judge_unit
from wfcheck.checker.replay.collecting import Collector, Outcome
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.checker.traces.trace import Problem

AT_ONCE = 256
"""Units that are handed out at once."""


def replay_on_dask(options: Options, paths: Sequence[str | Path], **compute: Any) -> ReplayReport:
    """The report of all runs below `paths`, the same as of `replay_fleet`. `compute`: for `dask.compute`, such as `scheduler`; without
    it Dask chooses, and a `distributed.Client` that was made before is used.

    Raises:
        ImportError: Dask is not installed.
    """
    dask: Any = importlib.import_module("dask")
    judge = dask.delayed(judge_unit, pure=False)
    report = Collector(options.lenient)
    units = units_of(_known(paths, report))
    while chosen := list(islice(units, AT_ONCE)):
        outcomes: Sequence[Outcome] = dask.compute(*(judge(options, unit) for unit in chosen), **compute)
        for outcome in outcomes:
            report.merge(outcome)
    return report.done()


def _known(paths: Sequence[str | Path], report: Collector) -> Iterator[Part]:
    for file in files_of(paths):
        if isinstance(file, Problem):
            report.take(file)
        else:
            yield file
