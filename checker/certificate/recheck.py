"""Checking a certificate without the prover: everything is made anew from the sources, and only compared with what it says.

Labels are confirmed by one pass; formulas and invariants by a second solver. Nothing here asks the first one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker import cores, tasks
from wfcheck.checker.certificate import labels, terms
from wfcheck.checker.certificate.document import SCHEMA, Certificate, digest, read
from wfcheck.checker.certificate.obligations import (
    FORMULAS,
    INVARIANT,
    LABELS,
    Check,
    Query,
    kind,
    queries,
    unasked,
    under_core,
)
from wfcheck.checker.certificate.reading import Sources, load_sources
from wfcheck.checker.obligation import COMPLETE_MEDIATION, Analysis, Case, Finding, Given, Limits
from wfcheck.checker.proof import Inductive, Proof
from wfcheck.checker.result import Verdict
from wfcheck.dsl import core
from wfcheck.solver import cores as sets
from wfcheck.solver import second
from wfcheck.solver import verdict as solver
from wfcheck.solver.evaluate import Model
from wfcheck.solver.smtlib import Script, script
from wfcheck.solver.term import Term

Status: TypeAlias = Literal["confirmed", "refuted", "undecided"]


@attrs.frozen
class Outcome:
    """What became of one certificate. `part`: the part of it that is wrong, or that could not be checked; `why`, in a sentence."""

    path: str
    status: Status
    part: str = ""
    why: str = ""
    rule: str = ""
    workflow: str = ""


class RefutedError(Exception):
    """The certificate does not show what it says: which part of it, and why."""


class UndecidedError(Exception):
    """The certificate could not be checked: which part of it, and why."""


@attrs.frozen
class Second:
    """The second solver in the place of the first; each text is put to it once. Its models are not looked at: they could only make a
    certificate fail. `seconds`: of each question."""

    seconds: float
    _opinions: dict[tuple[str, tuple[str, ...]], second.Opinion] = attrs.field(factory=dict, init=False)

    def opinion(self, printed: Script) -> second.Opinion:
        """What it says of a text."""
        key = (printed.text, printed.selectors)
        if key not in self._opinions:
            self._opinions[key] = second.check_text(*key, seconds=self.seconds)
        return self._opinions[key]

    def solve(
        self, formula: Term, assumptions: Sequence[tuple[str, Term]], limits: solver.Limits | None
    ) -> solver.Answer:
        """As `backend.solve`."""
        del limits
        printed = script(formula, [term for _, term in assumptions])
        opinion = self.opinion(printed)
        names = {s: name for s, (name, _) in zip(printed.selectors, assumptions, strict=True)}
        match opinion.status:
            case "unsat":
                return solver.Unsat(tuple(sorted({names[s] for s in opinion.core})))
            case "sat":
                return solver.Sat(Model({}))
            case _:
                return solver.Unknown(opinion.reason)


@attrs.frozen
class Subject:
    """The rule and the workflow that a certificate is about, in the program of today, and the second solver."""

    analysis: Analysis
    workflow: core.Workflow
    rule: core.Rule | None
    check: Check
    asked: Second


def recheck(path: Path, version: str, seconds: float = 30.0) -> Outcome:
    """Check the certificate in a file, made by this `version`; raises OSError if it cannot be read."""
    try:
        found = read(path.read_bytes())
    except ValueError as error:
        return Outcome(str(path), "refuted", "format", f"this is no certificate: {error}")
    named = Outcome(str(path), "confirmed", rule=found.rule, workflow=found.workflow)
    try:
        with tasks.deep_stack():
            _header(found, version)
            sources = load_sources(found, path)
            if sources.problem is not None:
                raise RefutedError("sources", sources.problem)
            _confirm(sources.certificate, _subject(sources, seconds))
    except RefutedError as error:
        return attrs.evolve(named, status="refuted", part=error.args[0], why=error.args[1])
    except UndecidedError as error:
        return attrs.evolve(named, status="undecided", part=error.args[0], why=error.args[1])
    if found.digest != digest(found):
        return attrs.evolve(
            named, status="refuted", part="digest", why="the certificate was changed after it was written"
        )
    return named


def _header(found: Certificate, version: str) -> None:
    if found.schema != SCHEMA:
        raise RefutedError("schema", f"this version reads `{SCHEMA}`")
    if found.version != version:
        raise RefutedError("version", f"it was not written by version {version}")
    if found.verdict != Verdict.PROVED.value:
        raise RefutedError("verdict", "only a proved rule has a certificate")
    chosen = found.cores[0] if found.cores else None
    if found.assumptions != [COMPLETE_MEDIATION, *(chosen or ())] or chosen is None:
        raise RefutedError("assumptions", "they are not complete mediation and the first core")
    if found.depth != sets.depth(found.cores).at_least:
        raise RefutedError("depth", "it is not what the cores give")


def _subject(sources: Sources, seconds: float) -> Subject:
    found = sources.certificate
    workflow = sources.program.workflows.get(found.workflow)
    if workflow is None:
        raise RefutedError("workflow", "the sources have no such workflow")
    rules = [r for r in sources.program.rules if r.name == found.rule and workflow.symbol in r.workflows]
    plain = found.rule.removeprefix("builtin.")
    if not rules and (plain == found.rule or plain not in tasks.BUILTIN):
        raise RefutedError("rule", "the sources have no such rule for this workflow")
    rule = rules[0] if rules else None
    analysis = tasks.analysis_of(sources.program, Limits(timeout=2 * seconds))
    return Subject(analysis, workflow, rule, tasks.proof_of(rule, found.rule), Second(seconds))


def _confirm(found: Certificate, subject: Subject) -> None:
    """Every core suffices; for the first, the certificate says why."""
    if found.kind in (FORMULAS, INVARIANT) and not second.available():
        raise UndecidedError("conditions", "cvc5 is not installed")
    case = _case(found, subject, found.cores[0])
    if found.kind == LABELS:
        case = _labelled(found, case, subject)
    proof = _proved(found, case, subject)
    _entitled(found, subject, proof)
    _conditions(found, case, proof, subject)
    for number, core_names in enumerate(found.cores[1:], 2):
        _suffices(number, core_names, found, subject)


def _case(found: Certificate, subject: Subject, core_names: Sequence[str]) -> Case:
    """The case under a core, with the second solver in the place of the first, or with none. An invariant is always given, so that
    none is searched for."""
    solve = subject.asked.solve if found.kind in (FORMULAS, INVARIANT) else unasked
    analysis = attrs.evolve(subject.analysis, solve=solve, given=Given(invariant=_invariant(found)))
    return under_core(analysis, subject.workflow, subject.rule, core_names)


def _labelled(found: Certificate, case: Case, subject: Subject) -> Case:
    """The case with the labellings of the certificate, each confirmed by one pass."""
    if not found.labels or not found.labels.keys() <= set(labels.NAMES):
        raise RefutedError("labels", "it has no labelling of the kinds there are")
    made = {}
    for name, entry in found.labels.items():
        try:
            made[name] = labels.decode(entry, name, case.analysis, case.workflow.symbol)
        except labels.MismatchError as error:
            if _finding(_case(found, subject, found.cores[0]), subject) is None:
                raise RefutedError("assumptions", "they do not suffice for the rule") from None
            raise RefutedError("labels", f"the labelling `{name}` {error}") from None
    given = attrs.evolve(case.analysis.given, labellings=made)
    return attrs.evolve(case, analysis=attrs.evolve(case.analysis, given=given))


def _invariant(found: Certificate) -> dict[str, Term]:
    try:
        return {place: terms.decode(nodes) for place, nodes in found.invariant.items()}
    except terms.TermError:
        raise RefutedError("invariant", "it is no formula") from None


def _finding(case: Case, subject: Subject) -> Finding | None:
    """The proof of the rule, if it is one."""
    made = subject.check(case)
    return made if made is not None and made.verdict is Verdict.PROVED and made.proof is not None else None


def _proved(found: Certificate, case: Case, subject: Subject) -> Proof:
    made = subject.check(case)
    if made is None or made.verdict is not Verdict.PROVED or made.proof is None:
        if made is not None and made.verdict is Verdict.UNKNOWN and found.kind in (FORMULAS, INVARIANT):
            raise UndecidedError("conditions", made.reason or "the second solver gave up")
        part = {LABELS: "labels", INVARIANT: "invariant"}.get(found.kind, "kind")
        raise RefutedError(part, "the rule does not follow from it")
    if kind(made.proof) != found.kind:
        raise RefutedError("kind", f"the rule is proved by its {kind(made.proof)}")
    if (found.kind == LABELS) != bool(found.labels):
        raise RefutedError("labels", "this kind of proof has none")
    if isinstance(made.proof, Inductive) != bool(found.invariant):
        raise RefutedError("invariant", "this kind of proof has none")
    if isinstance(made.proof, Inductive) and made.proof.invariant != _invariant(found):
        raise RefutedError("invariant", "the proof of the rule uses another one")
    return made.proof


def _entitled(found: Certificate, subject: Subject, proof: Proof) -> None:
    """The cores name what there is to assume, and all that the making of the conditions rests on."""
    analysis = attrs.evolve(subject.analysis, solve=subject.asked.solve)
    whole = Case(analysis, subject.workflow, subject.rule)
    known = cores.named(whole, proof)
    needed = frozenset(proof.also)
    for core_names in found.cores:
        if not known.issuperset(core_names) or list(core_names) != sorted(set(core_names)):
            raise RefutedError("cores", "they name what the rule cannot rest on")
        if not needed.issubset(core_names):
            raise RefutedError("assumptions", f"`{min(needed.difference(core_names))}` is missing")


def _conditions(found: Certificate, case: Case, proof: Proof, subject: Subject) -> None:
    """The conditions are those of the program, and the second solver finds no model of any."""
    made = queries(case, proof, found.cores[0])
    if [query.entry for query in made] != found.conditions:
        raise RefutedError("conditions", "they are not what the sources and the assumptions give")
    for query in made:
        _without_model(query, subject.asked)


def _without_model(query: Query, asked: Second) -> None:
    opinion = asked.opinion(query.script)
    if opinion.status == "sat":
        raise RefutedError("conditions", f"`{query.name}` has a model")
    if opinion.status == "unknown":
        raise UndecidedError("conditions", f"`{query.name}`: {opinion.reason}")


def _suffices(number: int, core_names: Sequence[str], found: Certificate, subject: Subject) -> None:
    """A further core: proved again, with what the certificate says of the first left aside."""
    made = _finding(case := _case(found, subject, core_names), subject)
    if made is None or made.proof is None:
        raise RefutedError("cores", f"core {number} does not suffice")
    for query in queries(case, made.proof, core_names):
        opinion = subject.asked.opinion(query.script)
        if opinion.status == "sat":
            raise RefutedError("cores", f"core {number} does not suffice")
        if opinion.status == "unknown":
            raise UndecidedError("cores", f"core {number}: {opinion.reason}")
