"""All that can be mended of a spec: findings that name their mend, then rule by rule what is violated, then what a replay blames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import attrs

from wfcheck.checker.obligation import Limits
from wfcheck.checker.repair.blamed import enforced, resting
from wfcheck.checker.repair.edits import diff
from wfcheck.checker.repair.mends import Mend, mended
from wfcheck.checker.repair.search import Found, search
from wfcheck.checker.repair.trying import HELD, Spec
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.checker.selection import globs, no_workflow, unmatched
from wfcheck.dsl.diagnostic import Diagnostic, WfError

Progress = Callable[[str], None]
_OPEN = (Verdict.VIOLATED, Verdict.POSSIBLE)


@attrs.frozen
class Asked:
    """What is to be mended. `rules`: globs (none: everything); `blamed`: assumptions that a replay found broken; `seconds`: for
    everything together."""

    paths: tuple[str, ...]
    policies: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    workflow: str | None = None
    blamed: tuple[str, ...] = ()
    limits: Limits = attrs.field(factory=Limits)
    seconds: float = 60.0


@attrs.frozen
class Outcome:
    """What was found for one rule of one workflow, or (`assumption`) for an assumption that a replay blames. `repairs` of `found`: the
    first one is part of the changes. `already`: an earlier change mended it too."""

    rule: str
    workflow: str | None
    verdict: Verdict | None
    found: Found
    already: bool = False
    assumption: str | None = None
    result: Result | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen
class Fixed:
    """The spec before and after, and what happened. `diagnostics`: errors that keep rules from being looked at."""

    before: Spec
    after: Spec
    mends: tuple[Mend, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def diff(self) -> str:
        """All changes, as `patch -p0` takes them."""
        return diff(self.before.sources, self.changes)

    @property
    def changes(self) -> dict[str, str]:
        """The new texts of the files that change, by path."""
        old = self.before.sources
        return {file: text for file, text in self.after.texts.items() if old.get(file) != text}

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the spec once it is changed."""
        return self.after.report.diagnostics if self.after.whole else self.after.made.diagnostics

    @property
    def report(self) -> Report:
        """The check of the changed spec."""
        return self.after.report

    def write(self) -> tuple[Diagnostic, ...]:
        """Write the changed files; those that cannot be written are diagnostics."""
        return tuple(d for file, text in self.changes.items() if (d := _written(file, text)) is not None)


def _written(file: str, text: str) -> Diagnostic | None:
    try:
        Path(file).write_bytes(text.encode())
    except OSError as error:
        why = (error.strerror or "it cannot be opened").lower()
        return Diagnostic("WF807", f"`{file}` cannot be written", None, notes=(why,), file=file)
    return None


def fix(asked: Asked, progress: Progress | None = None) -> Fixed:
    """Mend what can be mended, within the time. Every change was checked; nothing is written.

    Raises:
        WfError: no rule or workflow has the name that was asked for.
    """
    deadline = time.monotonic() + asked.seconds
    before = Spec(asked.paths, asked.policies, asked.limits)
    spec = before
    mends: tuple[Mend, ...] = ()
    if not asked.rules and not asked.blamed:
        spec, mends = mended(before, deadline)
    if not spec.whole:
        return Fixed(before, spec, mends, ())
    _must_select(spec, asked)
    steps = list(_outcomes(spec, asked, deadline, progress))
    return Fixed(before, steps[-1][1] if steps else spec, mends, tuple(outcome for outcome, _ in steps))


def _must_select(spec: Spec, asked: Asked) -> None:
    """A filter that selects nothing would let every spec look mended."""
    program = spec.made.program
    found = unmatched(asked.rules, [r.rule for r in spec.report.results])
    names = [name.partition("@")[0] for name in program.workflows]
    if asked.workflow is not None and asked.workflow not in (*program.workflows, *names):
        found += (no_workflow(asked.workflow, program.workflows),)
    if found:
        raise WfError(*found)


def _outcomes(
    spec: Spec, asked: Asked, deadline: float, progress: Progress | None
) -> Iterator[tuple[Outcome, Spec]]:
    if asked.blamed:
        yield from _blamed(spec, asked, deadline, progress)
        return
    listed = [r for r in spec.report.results if r.verdict in _OPEN and _wanted(r, asked)]
    listed.sort(key=lambda r: _OPEN.index(r.verdict))
    for number, result in enumerate(listed):
        share = time.monotonic() + max(0.0, deadline - time.monotonic()) / (len(listed) - number)
        now = _now(spec, result)
        if now is None or now.verdict in HELD:
            yield (
                Outcome(result.rule, result.workflow, result.verdict, Found((), 0, True), True, None, result),
                spec,
            )
            continue
        found = search(spec, now, share, progress)
        spec = found.repairs[0].spec if found.repairs else spec
        yield Outcome(result.rule, result.workflow, result.verdict, found, False, None, result), spec


def _now(spec: Spec, result: Result) -> Result | None:
    same = (r for r in spec.report.results if (r.rule, r.workflow) == (result.rule, result.workflow))
    return next(same, None)


def _wanted(result: Result, asked: Asked) -> bool:
    plain = None if result.workflow is None else result.workflow.partition("@")[0]
    if asked.workflow not in (None, result.workflow, plain):
        return False
    return not asked.rules or any(fnmatchcase(result.rule, glob) for glob in globs(asked.rules))


def _blamed(
    spec: Spec, asked: Asked, deadline: float, progress: Progress | None
) -> Iterator[tuple[Outcome, Spec]]:
    todo = [(name, result) for name in asked.blamed for result in resting(spec, name)]
    for number, (name, result) in enumerate(todo):
        share = time.monotonic() + max(0.0, deadline - time.monotonic()) / (len(todo) - number)
        found = enforced(spec, name, result, share, progress)
        spec = found.repairs[0].spec if found is not None and found.repairs else spec
        yield (
            Outcome(
                result.rule,
                result.workflow,
                result.verdict,
                found or Found((), 0, True),
                found is None,
                name,
                result,
            ),
            spec,
        )


def unmended(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Those for which nothing was found."""
    return tuple(o for o in outcomes if not o.already and not o.found.repairs)
