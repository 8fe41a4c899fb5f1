"""Findings that are known already: they are reported, and do not count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from wfcheck.checker.report.fingerprint import fingerprint
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.dsl.diagnostic import Diagnostic, WfError

_LARGEST = 64_000_000


Known: TypeAlias = frozenset[tuple[str, str]]
"""Fingerprints with their verdicts: what was undecided and is violated now is news."""


def read(path: str) -> Known:
    """What a baseline lists: the JSON of an earlier `check`.

    Raises:
        WfError: the file cannot be read or holds no such thing.
    """
    try:
        data = Path(path).read_bytes()
        if len(data) > _LARGEST:
            raise _bad(path, "it is too large")
        return frozenset(_listed(json.loads(data)))
    except OSError as error:
        raise _bad(path, (error.strerror or "it cannot be opened").lower()) from None
    except (ValueError, RecursionError):
        raise _bad(path, "it is not JSON") from None
    except (TypeError, KeyError):
        raise _bad(path, "it has no `results` with `fingerprint` and `verdict`") from None


def apply(report: Report, known: Known) -> Report:
    """The report with known problems marked. Proved rules are no problems and stay as they are."""
    results = tuple(attrs.evolve(r, known=_is_known(r, known)) for r in report.results)
    return attrs.evolve(report, results=results)


def _is_known(result: Result, known: Known) -> bool:
    return _problem(result.verdict) and (fingerprint(result), result.verdict.value) in known


def _problem(verdict: Verdict) -> bool:
    return verdict is Verdict.VIOLATED or verdict.undecided or verdict is Verdict.VACUOUS


def _listed(value: Any) -> Iterator[tuple[str, str]]:
    for item in value["results"]:
        mark, verdict = item["fingerprint"], item["verdict"]
        if not (isinstance(mark, str) and isinstance(verdict, str)):
            raise TypeError
        yield mark, verdict


def _bad(path: str, why: str) -> WfError:
    note = (why,)
    text = "give the file that `wfcheck check --output-format json --output FILE` wrote"
    return WfError(Diagnostic("WF805", "the baseline cannot be used", None, notes=note, help=text, file=path))
