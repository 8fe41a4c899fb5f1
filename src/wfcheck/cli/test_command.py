"""`wfcheck test`: run the `test` blocks of specs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from wfcheck import __version__
from wfcheck.cli import options, output

if TYPE_CHECKING:
    from wfcheck.checker.testing import ExpectationReport


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `test`."""
    options.add_paths(parser)
    parser.add_argument(
        "--policy", action="append", metavar="FILE", help="rules of this file apply too (repeatable)"
    )
    parser.add_argument(
        "--title", action="append", metavar="GLOB", help="only tests of this title (repeatable)"
    )
    options.add_output(parser, ("text", "json", "junit"))


def run(args: argparse.Namespace) -> int:
    """Run the tests, print, and say it with the exit code."""
    from wfcheck.checker.report.sources import from_files
    from wfcheck.checker.report.tests import write_tests

    chosen = options.settle(args, {"policy": (), "color": None})
    report = _tested(args, chosen["policy"])
    stream = sys.stdout if args.output is None else None
    style = output.style(chosen["color"], stream, quiet=args.quiet, verbose=args.verbose)
    text = write_tests(report, args.output_format or "text", from_files(), style, __version__)
    return output.complain(output.emit(text, args.output), chosen["color"]) or report.exit_code


def _tested(args: argparse.Namespace, policy: tuple[str, ...]) -> ExpectationReport:
    import attrs

    from wfcheck._api import load
    from wfcheck.checker.inputs import expand
    from wfcheck.checker.testing import ExpectationReport, run_tests
    from wfcheck.dsl.diagnostic import WfError

    try:
        spec = load(args.paths or ".", policy=policy)
    except WfError as error:
        good = [path for path in expand(args.paths or ["."])[0] if _is_good(path, policy)]
        results = run_tests(load(good, policy=policy).program, args.title or ()).results if good else ()
        return ExpectationReport(results, error.diagnostics)
    return attrs.evolve(run_tests(spec.program, args.title or ()), diagnostics=spec.diagnostics)


def _is_good(path: str, policy: tuple[str, ...]) -> bool:
    """Whether a file has no errors by itself: its tests run although other files are bad."""
    from wfcheck._api import load
    from wfcheck.dsl.diagnostic import WfError

    try:
        load(path, policy=policy)
    except WfError:
        return False
    return True
