"""Whether a statement still says the truth about what is there."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from wfcheck import stdlib
from wfcheck.checker.attest.making import bytes_of, tools, verdicts
from wfcheck.checker.attest.statement import Statement, Verdict, seal
from wfcheck.checker.inputs import expand
from wfcheck.checker.result import Report
from wfcheck.checker.result import Verdict as Verdicts

Kind: TypeAlias = Literal["seal", "version", "source", "library", "files", "verdict", "recheck"]
_HELD = frozenset(
    v.value for v in (Verdicts.PROVED, Verdicts.ENFORCED, Verdicts.VACUOUS, Verdicts.NOT_APPLICABLE)
)


@attrs.frozen
class Problem:
    """What differs, or did not hold. `about`: a path, a package or a rule; both texts may come from the statement."""

    kind: Kind
    about: str
    why: str


def verify(statement: Statement, version: str) -> tuple[Problem, ...]:
    """Everything in a statement that does not hold here and now; paths are seen from the current folder. Nothing is proved again."""
    parts = (_seal(statement), _versions(statement, version), _sources(statement), _library(statement))
    return tuple(problem for part in (*parts, _files(statement), _verdicts(statement)) for problem in part)


def compare(statement: Statement, report: Report) -> tuple[Problem, ...]:
    """What a new check of the same files says differently."""
    if report.exit_code == 2:
        return (Problem("recheck", "the input", "it has errors now"),)
    then, now = _by_name(statement.predicate.results), _by_name(verdicts(report.results))
    found = []
    for name in sorted(then.keys() | now.keys()):
        old, new = then.get(name, []), now.get(name, [])
        if [(v.verdict, sorted(v.assumptions)) for v in old] != [
            (v.verdict, sorted(v.assumptions)) for v in new
        ]:
            why = f"it is {_shown(new)} and was {_shown(old)}"
            found.append(Problem("recheck", name, why))
    return tuple(found)


def _by_name(results: list[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for result in results:
        found.setdefault(f"{result.rule} in {result.workflow or result.file}", []).append(result)
    return found


def _shown(results: list[Verdict]) -> str:
    return ", ".join(f"{r.verdict} ({', '.join(r.assumptions)})" for r in results) or "not there"


def _seal(statement: Statement) -> Iterator[Problem]:
    if seal(statement) != statement.predicate.seal:
        yield Problem("seal", "the statement", "it was changed after it was made")


def _versions(statement: Statement, version: str) -> Iterator[Problem]:
    if statement.predicate.version != version:
        yield Problem("version", "wfcheck", f"it is {version} and was {statement.predicate.version}")
    here = tools()
    for name, then in statement.predicate.tools.items():
        if name != "python" and here.get(name) not in (then, "unknown"):
            yield Problem("version", name, f"it is {here.get(name, 'not known')} and was {then}")


def _sources(statement: Statement) -> Iterator[Problem]:
    if not statement.subject:
        yield Problem("source", "the statement", "it names no file")
    for subject in statement.subject:
        data = bytes_of(Path(subject.name))
        if data is None:
            yield Problem("source", subject.name, "it cannot be read")
        elif subject.digest != {"sha256": sha256(data).hexdigest()}:
            yield Problem("source", subject.name, "it was changed after the check")


def _library(statement: Statement) -> Iterator[Problem]:
    for name, digest in statement.predicate.library.items():
        text = stdlib.load(tuple(name.split(".")))
        if text is None or sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
            yield Problem("library", name, "the module of this version is another one")


def _files(statement: Statement) -> Iterator[Problem]:
    """What the paths come down to now: a new file in a checked folder was not checked."""
    predicate = statement.predicate
    now = {file for paths in (predicate.paths, predicate.policies) for file in expand(paths)[0]}
    named = {subject.name for subject in statement.subject}
    for file in sorted(now ^ set(predicate.files)):
        yield Problem("files", file, "it was not there then" if file in now else "it is not there now")
    for file in sorted(set(predicate.files) - named):
        yield Problem("files", file, "the statement has no digest of it")


def _verdicts(statement: Statement) -> Iterator[Problem]:
    if not statement.predicate.results:
        yield Problem("verdict", "the statement", "it has no verdict")
    for result in statement.predicate.results:
        if result.verdict not in _HELD:
            where = result.workflow or result.file
            yield Problem("verdict", f"{result.rule} in {where}", result.verdict)
