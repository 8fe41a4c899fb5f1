"""From a report to a statement."""

from __future__ import annotations

import platform
import stat
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import attrs

from wfcheck.checker.attest.statement import PREDICATE, TYPE, Predicate, Statement, Subject, Verdict, sealed
from wfcheck.checker.certificate.document import hashes
from wfcheck.checker.report.plain import clean
from wfcheck.checker.result import Report, Result
from wfcheck.dsl.diagnostic import Diagnostic, WfError
from wfcheck.dsl.parsing.reading import MAX_BYTES, decode
from wfcheck.dsl.source import Source
from wfcheck.stdlib import names

_PACKAGES = ("z3-solver", "attrs", "lark", "msgspec", "networkx")


@attrs.frozen
class Asked:
    """What was checked: paths and policies as asked for, `files` what both came down to; seconds for a rule; the seed."""

    paths: tuple[str, ...]
    policies: tuple[str, ...]
    files: tuple[str, ...]
    timeout: float
    seed: int


def make(report: Report, asked: Asked, own: str) -> Statement:
    """The statement of a report that has no errors. `own`: the version of wfcheck.

    Raises:
        WfError: a file is not any more what was checked.
    """
    library = set(names()) - set(asked.files)
    return sealed(
        Statement(
            TYPE,
            [
                *(_subject(path, digest) for path, digest in report.sources.items() if path not in library),
                *(_subject(path, None) for path in report.imports if path not in report.sources),
            ],
            PREDICATE,
            Predicate(
                version=own,
                tools=tools(),
                paths=list(asked.paths),
                policies=list(asked.policies),
                files=list(asked.files),
                library={path: digest for path, digest in report.sources.items() if path in library},
                timeout=asked.timeout,
                seed=asked.seed,
                outside=report.outside,
                results=verdicts(report.results),
            ),
        )
    )


def verdicts(results: Sequence[Result]) -> list[Verdict]:
    """Results as a statement lists them."""
    return [
        Verdict(
            r.file, r.workflow, r.rule, r.verdict.value, r.severity, r.heuristic,
            list(r.assumptions), [list(core) for core in r.cores], r.depth, None if r.reason is None else clean(r.reason),
        )
        for r in results
    ]  # fmt: skip


def tools() -> dict[str, str]:
    """The versions of the interpreter and of the packages that verdicts depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def bytes_of(path: Path) -> bytes | None:
    """The bytes of a regular file of the size that a source may have; None for anything else."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= MAX_BYTES else None


def _subject(path: str, digest: str | None) -> Subject:
    """A file and its digest; a second path of a file that was read under another has no text of its own to compare."""
    data = bytes_of(Path(path))
    source = None if data is None else decode(data, path)
    if data is None or not isinstance(source, Source) or digest not in (None, hashes([source])[path]):
        why = "it was changed while it was checked, or is no regular file"
        raise WfError(Diagnostic("WF821", f"`{path}` cannot be attested", None, notes=(why,), file=path))
    return Subject(path, {"sha256": sha256(data).hexdigest()})


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
