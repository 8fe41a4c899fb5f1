"""One run out of a file that may hold many: `FILE` or `FILE#NAME`."""

from __future__ import annotations

from pathlib import Path

from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace
from wfcheck.dsl.diagnostic import Severity

_LISTED = 5


def select(path: str, *, lenient: bool = False) -> tuple[Trace | None, list[Problem]]:
    """The run, or None with the problems that say why not. A name is what follows the `#` in reports."""
    file, wanted = (path, None) if path == "-" or Path(path).exists() else _split(path)
    traces: list[Trace] = []
    problems: list[Problem] = []
    for item in read_traces([file], lenient=lenient):
        if isinstance(item, Problem):
            problems.append(item)
        elif wanted is None or item.name.rpartition("#")[2] == wanted:
            traces.append(item)
    if len(traces) == 1:
        return traces[0], problems
    if not traces and wanted is None and any(p.severity is Severity.ERROR for p in problems):
        return None, problems
    return None, [*problems, _not_one(file, wanted, traces)]


def _split(path: str) -> tuple[str, str | None]:
    file, mark, name = path.rpartition("#")
    return (file, name) if mark else (path, None)


def _not_one(file: str, wanted: str | None, traces: list[Trace]) -> Problem:
    if not traces:
        message = f"there is no run `{wanted[:60]}` in `{file}`" if wanted else f"`{file}` holds no run"
        return Problem("WF701", message, file)
    named = ", ".join(t.name.rpartition("#")[2][:60] for t in traces[:_LISTED])
    more = f"; there are `{named}`" + (" and others" if len(traces) > _LISTED else "")
    return Problem(
        "WF701", f"`{file}` holds {len(traces)} runs, not one", file, help=f"name one as `FILE#NAME`{more}"
    )
