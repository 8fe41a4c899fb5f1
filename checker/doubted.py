"""Input with errors: of what depends on them, nothing is decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from wfcheck.checker.result import Result, Verdict
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

CLEARED = frozenset({Verdict.PROVED, Verdict.ENFORCED, Verdict.VACUOUS})


def doubted(
    program: core.Program,
    results: tuple[Result, ...],
    policies: Sequence[Path | str],
    given: Mapping[str, str] | None,
) -> Iterator[Result]:
    """What is wrong in a file is left out of the program, so nothing is decided of what depends on it.

    A run that breaks what is left of a rule or a workflow need not break what was meant.
    """
    faulty: dict[str, bool] = {}

    def wrong(file: str) -> bool:
        if file not in faulty:
            made = elaborate.load_all([file], policies=policies, library=load, given=given)
            faulty[file] = any(d.severity is Severity.ERROR for d in made.diagnostics)
        return faulty[file]

    rules = {rule.name: rule for rule in program.rules}
    for result in results:
        files = {result.file}
        if result.workflow is not None:
            files.add(program.workflows[result.workflow].file)
        if result.rule in rules:
            files.add(rules[result.rule].file)
        shares = any(name.endswith((".writers", ".senders")) for name in result.assumptions)
        doubtful = result.verdict in CLEARED and shares
        yield _undecided(result) if doubtful or any(wrong(f) for f in sorted(files)) else result


def _undecided(result: Result) -> Result:
    return attrs.evolve(
        result,
        verdict=Verdict.UNKNOWN,
        reason="the input has errors, so that nothing is proved of it",
        assumptions=(),
        cores=(),
        witness=None,
        path=(),
        notes=(),
        help=None,
    )
