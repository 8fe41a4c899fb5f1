"""What a finished check rests on, and whether its answer would be the same another time."""

from __future__ import annotations

from pathlib import Path

from wfcheck.checker.certificate.document import hashes
from wfcheck.checker.result import Report
from wfcheck.dsl.parsing.reading import read_source
from wfcheck.dsl.source import Source
from wfcheck.stdlib import names

_PART = 0.25


def read(report: Report) -> list[str]:
    """The paths of all files that were read, and those under which imports looked for files; library modules are none of them."""
    library = names()
    return [*(path for path in report.sources if path not in library), *report.imports]


def unchanged(report: Report) -> bool:
    """Whether every file still holds the text that was checked, and nothing else was looked at."""
    if report.outside:
        return False
    library = names()
    for path, digest in report.sources.items():
        if path in library:
            continue
        source = read_source(Path(path))
        if not isinstance(source, Source) or hashes([source])[path] != digest:
            return False
    return True


def hasty(report: Report, timeout: float) -> bool:
    """Whether an undecided rule took a good part of its time (seconds): a calmer machine might decide it."""
    return any(r.verdict.undecided and r.seconds >= _PART * timeout for r in report.results)
