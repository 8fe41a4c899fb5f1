"""Writing certificates: one file for each PROVED rule of each workflow."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import attrs

from wfcheck.checker.certificate import labels, terms
from wfcheck.checker.certificate.document import (
    SCHEMA,
    Certificate,
    ConditionEntry,
    LabelsEntry,
    hashes,
    sealed,
    written,
)
from wfcheck.checker.certificate.obligations import (
    INVARIANT,
    LABELS,
    Check,
    kind,
    queries,
    unasked,
    under_core,
)
from wfcheck.checker.obligation import COMPLETE_MEDIATION, Analysis, Case, Finding
from wfcheck.checker.proof import Inductive, Inspected, Proof
from wfcheck.checker.result import Verdict
from wfcheck.dsl.diagnostic import Diagnostic, WfError
from wfcheck.dsl.source import Source


@attrs.frozen
class Writer:
    """Writes into `folder`, which is made if it is missing. `paths` and `policies` are what was checked; `sources` their texts and
    those of all they import. `version`: of wfcheck."""

    folder: Path
    paths: tuple[str, ...]
    policies: tuple[str, ...]
    sources: Mapping[str, Source]
    version: str

    def __call__(self, case: Case, rule: str, check: Check, finding: Finding) -> str | None:
        """The path of the certificate; None where there is nothing to certify.

        Raises:
            WfError: the file cannot be written.
        """
        if finding.verdict is not Verdict.PROVED or finding.proof is None:
            return None
        found = self._certificate(case, rule, check, finding, finding.proof)
        path = self.folder / _name(case, rule)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(found))
        except OSError as error:
            raise WfError(_unwritable(str(path), error)) from None
        return str(path)

    def _certificate(
        self, case: Case, rule: str, check: Check, finding: Finding, proof: Proof
    ) -> Certificate:
        core = finding.cores[0] if finding.cores else finding.assumptions[1:]
        base = os.path.relpath(Path.cwd(), self.folder.absolute())
        proved = _again(case, check, proof, core)
        return sealed(
            Certificate(
                schema=SCHEMA,
                version=self.version,
                tools={"python": platform.python_version(), "z3-solver": _version("z3-solver")},
                base=base,
                paths=list(self.paths),
                policies=list(self.policies),
                sources=hashes(self.sources.values()),
                workflow=case.workflow.symbol,
                rule=rule,
                verdict=Verdict.PROVED.value,
                kind=kind(proof),
                assumptions=[COMPLETE_MEDIATION, *core],
                cores=[list(c) for c in finding.cores],
                depth=finding.depth,
                labels=proved.labels,
                invariant=proved.invariant,
                conditions=proved.conditions,
                digest="",
            )
        )


@attrs.frozen
class _Parts:
    labels: dict[str, LabelsEntry]
    invariant: dict[str, list[object]]
    conditions: list[ConditionEntry]


def _again(case: Case, check: Check, proof: Proof, core: Sequence[str]) -> _Parts:
    """The parts of the proof under its core alone."""
    worse = under_core(case.analysis, case.workflow, case.rule, core)
    if kind(proof) == LABELS and isinstance(proof, Inspected):
        fresh = attrs.evolve(worse, analysis=attrs.evolve(worse.analysis, solve=unasked))
        found_again = check(fresh)
        if found_again is None or found_again.verdict is not Verdict.PROVED:
            raise RuntimeError(f"a proof by labels does not hold again: {found_again}")
        return _Parts(_labels(fresh.analysis, case.workflow.symbol), {}, [])
    question = _weakened(worse, proof)
    found = [q.entry for q in queries(worse, question, core)]
    if kind(proof) == INVARIANT and isinstance(proof, Inductive):
        return _Parts({}, {place: terms.encode(t) for place, t in proof.invariant.items()}, found)
    return _Parts({}, {}, found)


def _weakened(worse: Case, proof: Proof) -> Proof:
    """The same question where less is taken for granted."""
    again = getattr(proof, "again", None)
    found: Proof = proof if again is None else again(worse)
    return found


def _labels(analysis: Analysis, workflow: str) -> dict[str, LabelsEntry]:
    """The labellings that the proof has looked at."""
    found = (("labels", "labelling"), ("data", "explicit"), ("origins", "origins"))
    made = {name: analysis.__dict__[attribute] for name, attribute in found if attribute in analysis.__dict__}
    return {name: labels.encode(labelling, workflow) for name, labelling in made.items()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _name(case: Case, rule: str) -> str:
    """A name of its own for each workflow and rule, fit for any file system."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{case.workflow.symbol}.{rule}")[:120].strip("-.")
    known = sha256(f"{case.workflow.file}\0{case.workflow.symbol}\0{rule}".encode()).hexdigest()[:8]
    return f"{plain}-{known}.json"


def _unwritable(file: str, error: OSError) -> Diagnostic:
    why = (error.strerror or "it cannot be opened").lower()
    return Diagnostic("WF807", f"`{file}` cannot be written", None, notes=(why,), file=file)
