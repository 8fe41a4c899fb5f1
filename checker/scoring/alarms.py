"""What a replay reported, as steps per run: read from its JSON, so that reports of any replay can be scored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs

from wfcheck.checker.replay.result import SCHEMA
from wfcheck.checker.traces.reading import MalformedError, decode
from wfcheck.dsl.diagnostic import Diagnostic, WfError

Unit: TypeAlias = Literal["event", "message"]
Marked: TypeAlias = Literal["blame", "point-of-no-return", "manifestation"]
SIZE_LIMIT = 2**30
_MESSAGE = re.compile(r"(?:^|/(?:messages|traj|history|conversation|input|loglines))/(\d{1,9})(?=/|$)")


@attrs.frozen
class Alarm:
    """A rule that a run broke: `step` in the unit asked for, `event` the 0-based canonical event."""

    rule: str
    step: int
    event: int


@attrs.frozen
class Alarms:
    """The alarms of every run of a report, in the order of the runs; of each run in that of the steps."""

    runs: Mapping[str, tuple[Alarm, ...]]


def read_alarms(path: str | Path, *, unit: Unit = "event", marked: Marked = "blame") -> Alarms:
    """The alarms in a file that `wfcheck replay --output-format json` wrote. `marked`: which mark of a broken rule names the step;
    of manifestations all count, of the other marks there is one.

    Raises:
        WfError: WF720, the file cannot be read or is no such report."""
    return alarms_of(_report(Path(path)), unit=unit, marked=marked, file=str(path))


def alarms_of(
    report: Mapping[str, Any], *, unit: Unit = "event", marked: Marked = "blame", file: str = "report"
) -> Alarms:
    """The same of a report at hand."""
    runs: dict[str, list[Alarm]] = {}
    try:
        for result in report["results"]:
            found = runs.setdefault(str(result["trace"]), [])
            if result["verdict"] == "violated":
                found += (
                    Alarm(str(result["rule"]), _step(m, unit), int(m["event"]))
                    for m in _marks(result, marked)
                )
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise _unusable("a result is not of the shape that it must have", file) from None
    return Alarms({trace: tuple(sorted(found, key=_order)) for trace, found in runs.items()})


def _order(alarm: Alarm) -> tuple[int, int, str]:
    return alarm.step, alarm.event, alarm.rule


def _marks(result: Mapping[str, Any], marked: Marked) -> Iterator[Mapping[str, Any]]:
    """The marks of a broken rule; the point of no return has no place of its own and is taken where it is also another mark."""
    if marked == "manifestation":
        yield from result["breaks"] or [result["manifestation"]]
        return
    mark = result["blame" if marked == "blame" else "point_of_no_return"] or result["manifestation"]
    same = (m for m in (result["blame"], result["manifestation"]) if m and m["event"] == mark["event"])
    yield {**next(same, {}), **mark}


def _step(mark: Mapping[str, Any], unit: Unit) -> int:
    if unit == "event":
        return int(mark["event"])
    source = mark.get("source") or {}
    found = _MESSAGE.findall(str(source.get("pointer", "")))
    return int(found[-1]) if found else max(0, int(source["line"]) - 1)


def _report(path: Path) -> Mapping[str, Any]:
    file = str(path)
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise _unusable("the file is too large", file)
        value = decode(path.read_bytes())
    except OSError as error:
        raise _unusable(f"it cannot be read: {(error.strerror or 'unknown').lower()}", file) from None
    except MalformedError as error:
        raise _unusable(str(error), file) from None
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise _unusable(f"its `schema` is not `{SCHEMA}`", file)
    return value


def _unusable(why: str, file: str) -> WfError:
    help_ = "write one with `wfcheck replay SPEC TRACE... --output-format json`"
    return WfError(
        Diagnostic("WF720", f"`{file}` is no report of a replay", None, notes=(why,), help=help_, file=file)
    )
