"""Failing traces grouped by what went wrong, commonest first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from wfcheck.checker.replay.result import SCHEMA, Cause, ReplayResult
from wfcheck.dsl.diagnostic import Diagnostic, WfError

_LARGEST = 1 << 30


def causes_of(results: Iterable[ReplayResult]) -> tuple[Cause, ...]:
    """One cause per rule and reason; `first` is the first trace that shows it."""
    groups: dict[tuple[str, str], list[ReplayResult]] = {}
    for result in results:
        if result.verdict == "violated" and result.blame is not None:
            groups.setdefault((result.rule, result.blame.why), []).append(result)
    causes = [
        Cause(why, len(found), found[0].trace, rule, found[0].blame.assumption if found[0].blame else None)
        for (rule, why), found in groups.items()
    ]
    return tuple(sorted(causes, key=lambda c: -c.traces))


class _Cause(msgspec.Struct):
    signature: str = ""


class _Report(msgspec.Struct):
    schema: str
    causes: list[_Cause] = []


def known_causes(file: str) -> frozenset[str]:
    """The signatures of the causes in the JSON report of an earlier replay.

    Raises:
        WfError: the file cannot be read or is no such report (WF805).
    """
    try:
        if Path(file).stat().st_size > _LARGEST:
            raise _unusable(file, "it is too large")
        found = msgspec.json.decode(Path(file).read_bytes(), type=_Report)
    except OSError as error:
        raise _unusable(file, (error.strerror or "it cannot be opened").lower()) from None
    except (ValueError, RecursionError) as error:
        raise _unusable(file, " ".join(str(error).split())[:200]) from None
    if found.schema != SCHEMA:
        raise _unusable(file, f"its schema is not {SCHEMA}")
    return frozenset(cause.signature for cause in found.causes if cause.signature)


def _unusable(file: str, why: str) -> WfError:
    help_ = "make one with `wfcheck replay SPEC TRACE... --output-format json --output FILE`"
    message = f"`{file}` is no report of a replay"
    return WfError(Diagnostic("WF805", message, None, notes=(why,), help=help_, file=file))
