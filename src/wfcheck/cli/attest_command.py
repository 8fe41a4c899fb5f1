"""`wfcheck attest`: check, and state what was checked and found."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from wfcheck import __version__
from wfcheck.cli import options, output

if TYPE_CHECKING:
    from wfcheck.checker.result import Report

_DEFAULTS = {"policy": (), "timeout": 10.0, "seed": 0, "color": None}


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `attest`: rules cannot be left out."""
    options.add_paths(parser)
    parser.add_argument(
        "--policy", action="append", metavar="FILE", help="rules of this file apply too (repeatable)"
    )
    parser.add_argument(
        "--timeout", type=options.duration, metavar="DURATION", help="per rule (default: 10s)"
    )
    parser.add_argument("--seed", type=options.whole, metavar="N", help="of the solver (default: 0)")
    parser.add_argument("-o", "--output", metavar="FILE", help="where the statement goes (default: printed)")
    options.add_voice(parser)


def run(args: argparse.Namespace) -> int:
    """Write the statement, whatever the verdicts are, unless the input is bad; the exit code is that of `check`."""
    from wfcheck._api import check
    from wfcheck.checker.attest.making import Asked, make
    from wfcheck.checker.attest.statement import written
    from wfcheck.checker.inputs import expand

    chosen = options.settle(args, _DEFAULTS)
    paths, policies = tuple(args.paths or (".",)), tuple(chosen["policy"])
    show = output.progress(quiet=args.quiet)
    try:
        report = check(paths, policy=policies, timeout=chosen["timeout"], seed=chosen["seed"], progress=show)
    finally:
        output.clear_progress(show)
    if report.exit_code == 2:
        return output.complain(report.diagnostics, chosen["color"])
    files = dict.fromkeys(file for given in (paths, policies) for file in expand(given)[0])
    asked = Asked(paths, policies, tuple(files), chosen["timeout"], chosen["seed"])
    unwritten = output.emit(written(make(report, asked, __version__)), args.output)
    if not args.quiet:
        output.note(_told(report))
    return output.complain(unwritten, chosen["color"]) or report.exit_code


def _told(report: Report) -> str:
    from wfcheck.checker.report.escape import counted, visible
    from wfcheck.checker.result import Verdict

    bad = [r for r in report.results if r.verdict is Verdict.VIOLATED or r.verdict.undecided]
    lines = [f"{r.verdict.value} {visible(r.rule)} in {visible(r.workflow or r.file)}" for r in bad]
    return "\n".join([*lines, f"attested {counted(len(report.results), 'result')}"]) + "\n"
