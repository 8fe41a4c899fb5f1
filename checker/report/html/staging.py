"""The scenes of reports, from the paths that were asked about."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.checker.inputs import expand
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.checker.replay.telling import tell
from wfcheck.checker.report.html.scene import Scene
from wfcheck.checker.settle import Asked, load
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity


def check_scene(paths: Iterable[str], policy: Iterable[str] = ()) -> Scene:
    """Of the files of a check; of files with errors nothing is drawn."""
    files, problems = expand(tuple(paths))
    policies, more = expand(tuple(policy))
    if problems or more or not files:
        return Scene()
    made = load(Asked(files, policies))
    broken = any(d.severity is Severity.ERROR for d in made.diagnostics)
    return Scene(None if broken else made.program)


def replay_scene(
    program: core.Program, traces: Iterable[str], report: ReplayReport, *, lenient: bool = False
) -> Scene:
    """Of a replay: the runs in which something went wrong are read once more."""
    return Scene(program, tell(program, traces, report, lenient=lenient))
