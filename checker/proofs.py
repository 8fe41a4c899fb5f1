"""What the proofs of rules rest on, for a replay: from certificates, or proved when it is first asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from wfcheck.checker.replay.rests import ALWAYS, Proofs, Rests
from wfcheck.checker.result import Result, Verdict
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity

if TYPE_CHECKING:
    from wfcheck.checker.obligation import Analysis

SECONDS = 10.0
"""For one rule."""
ALL = 60.0
"""For all rules of a replay."""
_HOLDS = frozenset({Verdict.PROVED, Verdict.VACUOUS, Verdict.NOT_APPLICABLE})


@attrs.define
class Prover:
    """Proves a rule when a run breaks it or one of its assumptions, once, and within the time that is left."""

    program: core.Program
    known: Mapping[str, Rests] = attrs.field(factory=dict)
    left: float = ALL
    made: dict[str, Rests | None] = attrs.field(factory=dict)
    analysis: Analysis | None = None

    def __call__(self, rule: str) -> Rests | None:
        """What the proof of the rule rests on; None: there was no time to find out."""
        if rule in self.known:
            return self.known[rule]
        if rule not in self.made:
            started = time.monotonic()
            self.made[rule] = self._proved(rule) if self.left > 0 else None
            self.left -= time.monotonic() - started
        return self.made[rule]

    def _proved(self, rule: str) -> Rests | None:
        from wfcheck.checker.obligation import Limits
        from wfcheck.checker.tasks import Selection, check_program

        asked = Selection((escape(rule),))
        checked = check_program(self.program, selection=asked, limits=Limits(SECONDS), analysis=self.analysis)
        self.analysis = checked.analysis
        found = [result for result in checked.results if result.rule == rule]
        return None if checked.errors or not found else rests_of(found)


def rests_of(results: Iterable[Result]) -> Rests:
    """The results of one rule, one for each workflow, as one."""
    listed = list(results)
    proved = [r for r in listed if r.verdict is Verdict.PROVED]
    whole = bool(proved) and all(r.verdict in _HOLDS for r in listed)
    core_ = frozenset(name for r in proved for name in r.assumptions) - ALWAYS
    cores = proved[0].cores if len(proved) == 1 else ()
    return Rests(whole, core_, tuple(frozenset(c) - ALWAYS for c in cores))


def proofs_of(
    program: core.Program, certificates: str | Path | None
) -> tuple[Proofs, tuple[Diagnostic, ...]]:
    """Where a replay asks about proofs: the certificates in a folder, and what they leave open is proved. Certificates of other sources
    are passed over, and told."""
    if certificates is None:
        return Prover(program), ()
    known, problems = _certified(program, Path(certificates))
    return Prover(program, known), tuple(problems)


def _certified(program: core.Program, folder: Path) -> tuple[dict[str, Rests], list[Diagnostic]]:
    read: dict[str, dict[str, Rests]] = {}
    problems: list[Diagnostic] = []
    for path in sorted(folder.glob("*.json")):
        found = _read(path)
        if isinstance(found, str):
            problems.append(_unused(path, found))
            continue
        for workflow, rule, rests in found:
            read.setdefault(rule, {})[workflow] = rests
    scopes = {rule.name: rule.workflows for rule in program.rules}
    whole = {name: by for name, by in read.items() if set(scopes.get(name, ())) == set(by)}
    return {name: _joined(list(by.values())) for name, by in whole.items()}, problems


def _joined(parts: list[Rests]) -> Rests:
    cores = parts[0].cores if len(parts) == 1 else ()
    return Rests(True, frozenset().union(*(part.core for part in parts)), cores)


def _read(path: Path) -> str | Iterator[tuple[str, str, Rests]]:
    """What one certificate says of the sources as they are, or why it says nothing of them."""
    from wfcheck.checker.certificate.document import digest, read
    from wfcheck.checker.certificate.reading import load_sources

    try:
        found = read(path.read_bytes())
    except (OSError, ValueError) as error:
        return f"it is no certificate: {error}"
    if found.digest != digest(found):
        return "it was changed after it was written"
    sources = load_sources(found, path)
    if sources.problem is not None:
        return sources.problem
    now = sources.certificate
    cores = tuple(frozenset(c) - ALWAYS for c in now.cores)
    return iter([(now.workflow, now.rule, Rests(True, frozenset(now.assumptions) - ALWAYS, cores))])


def _unused(path: Path, why: str) -> Diagnostic:
    help_ = "write the certificates again with `wfcheck check --certificates`"
    message = f"the certificate `{path.name}` is not used: {why}"
    return Diagnostic("WF716", message, None, Severity.WARNING, help=help_, file=str(path))
