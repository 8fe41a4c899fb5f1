"""The JSON report of a replay as the source of what is to be mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wfcheck.dsl.diagnostic import Diagnostic, WfError

LARGEST = 64 * 1024 * 1024
"""Bytes of a report."""
SCHEMA = "wfcheck.replay/1"


def assumptions(file: str) -> tuple[str, ...]:
    """The assumptions that the report blames, each once, in order.

    Raises:
        WfError: the file cannot be read, is no report of `replay`, or blames no assumption.
    """
    report = _read(file)
    blames = [r.get("blame") for r in report.get("results", []) if isinstance(r, dict)]
    names = [b.get("assumption") for b in blames if isinstance(b, dict)]
    near = [n.get("assumption") for n in report.get("near_misses", []) if isinstance(n, dict)]
    found = tuple(dict.fromkeys(name for name in (*names, *near) if isinstance(name, str)))
    if not found:
        help_ = "`fix --from` mends assumptions that runs broke; without `--from`, violated rules are mended"
        raise WfError(Diagnostic("WF822", "the report blames no assumption", None, help=help_, file=file))
    return found


def _read(file: str) -> dict[str, Any]:
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(LARGEST + 1)
        report = json.loads(data) if len(data) <= LARGEST else None
    except OSError as error:
        raise _unusable(file, (error.strerror or "it cannot be opened").lower()) from None
    except (ValueError, RecursionError):
        raise _unusable(file, "it is not JSON") from None
    if (
        not isinstance(report, dict)
        or report.get("schema") != SCHEMA
        or not isinstance(report.get("results"), list)
    ):
        raise _unusable(file, f"its `schema` is not `{SCHEMA}`")
    return report


def _unusable(file: str, why: str) -> WfError:
    help_ = "write one with `wfcheck replay SPEC TRACE... --output-format json --output FILE`"
    message = f"`{file}` is no report of `wfcheck replay`"
    return WfError(Diagnostic("WF822", message, None, notes=(why,), help=help_, file=file))
