"""No proof over a broken file: what was wrong there was left out of the program, so what holds of the rest shows nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import PurePath

import attrs

from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.dsl import syntax
from wfcheck.dsl.core import Workflow
from wfcheck.dsl.diagnostic import Severity

_GOOD = frozenset({Verdict.PROVED, Verdict.ENFORCED, Verdict.VACUOUS})


def doubt(
    report: Report,
    modules: Mapping[str, syntax.Module],
    workflows: Mapping[str, Workflow],
    everywhere: Iterable[str],
) -> Report:
    """The report in which no rule is said to hold that rests on a file with errors.

    A result rests on the files of its rule and its workflow, on `everywhere` (the policies of the command line), and on all they
    import; one that assumes to know every writer of a store or an inbox rests on all files."""
    errors = [d for d in report.diagnostics if d.severity is Severity.ERROR]
    broken = {_real(file) for d in errors if (file := d.span.file if d.span else d.file)}
    if not broken:
        return report
    imports = {_real(path): _imports(path, tree) for path, tree in modules.items()}
    always = tuple(everywhere)

    def judged(result: Result) -> Result:
        workflow = workflows.get(result.workflow or "")
        own = (result.file, *always, *([workflow.span.file] if workflow is not None else []))
        hit = broken & _closure(own, imports)
        if not hit and any(name.endswith((".writers", ".senders")) for name in result.assumptions):
            hit = broken
        return _doubted(result, min(hit)) if hit and result.verdict in _GOOD else result

    return attrs.evolve(report, results=tuple(judged(result) for result in report.results))


def _real(path: str) -> str:
    """One spelling per file; modules of the library stay as they are."""
    return os.path.realpath(path) if "\0" not in path and PurePath(path).suffix == ".wf" else path


def _doubted(result: Result, file: str) -> Result:
    return attrs.evolve(
        result,
        verdict=Verdict.UNKNOWN,
        reason=f"`{os.path.relpath(file)}` has errors, and what is wrong there was left out",
        assumptions=(),
        cores=(),
        depth=None,
        certificate=None,
        fingerprint="",
    )


def _imports(path: str, tree: syntax.Module) -> tuple[str, ...]:
    """The paths that a module imports, as messages show them."""
    return tuple(_target(path, item) for item in tree.imports)


def _target(path: str, item: syntax.Import) -> str:
    match item:
        case syntax.LibraryImport(path=parts):
            return ".".join(parts)
        case syntax.FileImport(path=written):
            return str(PurePath(path).parent / written.value)


def _closure(files: Iterable[str], imports: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(files)
    while waiting:
        file = _real(waiting.pop())
        if file not in seen:
            seen.add(file)
            waiting += imports.get(file, ())
    return seen
