"""`wfcheck check`: prove every rule of every workflow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wfcheck import __version__
from wfcheck.checker import config
from wfcheck.cli import options, output

if TYPE_CHECKING:
    from wfcheck.checker.result import Report

_DEFAULTS: Mapping[str, Any] = {
    "policy": (),
    "rule": (),
    "workflow": None,
    "timeout": 10.0,
    "seed": 0,
    "output_format": "text",
    "baseline": None,
    "fail_on": None,
    "certificates": None,
    "color": None,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    options.add_paths(parser)
    options.add_rules(parser)
    parser.add_argument("--workflow", metavar="NAME", help="only this workflow")
    parser.add_argument(
        "--timeout", type=options.duration, metavar="DURATION", help="per rule (default: 10s)"
    )
    parser.add_argument("--seed", type=options.whole, metavar="N", help="of the solver (default: 0)")
    parser.add_argument(
        "--baseline", metavar="FILE", help="an earlier JSON report: what it lists does not count"
    )
    parser.add_argument("--fail-on", choices=config.FAIL_ON, help="exit with 3 if a rule is vacuous")
    parser.add_argument(
        "--certificates", metavar="DIR", help="write a certificate of each proved rule into this folder"
    )
    options.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Check, print, and say it with the exit code."""
    from wfcheck.checker.report.sources import from_files
    from wfcheck.checker.report.write import write

    chosen = options.settle(args, _DEFAULTS)
    report, defects = _checked(args, chosen)
    stream = sys.stdout if args.output is None else None
    style = output.style(chosen["color"], stream, quiet=args.quiet, verbose=args.verbose)
    text = write(report, chosen["output_format"], from_files(), style, __version__)
    unwritten = output.emit(text, args.output)
    if defects:
        from wfcheck.cli.main import report_defect

        return report_defect(defects)
    return output.complain(unwritten, chosen["color"]) or _code(report, chosen["fail_on"])


def _checked(args: argparse.Namespace, chosen: Mapping[str, Any]) -> tuple[Report, tuple[BaseException, ...]]:
    """The report, and the defects met on the way: what was found before and beside them is kept."""
    from wfcheck._api import check
    from wfcheck.checker.pipeline import DefectError

    show = output.progress(quiet=args.quiet)
    names = ("policy", "rule", "workflow", "timeout", "seed", "baseline", "certificates")
    try:
        return check(args.paths or ".", progress=show, **{name: chosen[name] for name in names}), ()
    except DefectError as error:
        for name, reason in error.errors:
            reason.add_note(f"while checking {name}")
        return error.report, tuple(reason for _, reason in error.errors)
    finally:
        output.clear_progress(show)


def _code(report: Report, fail_on: str | None) -> int:
    """The exit code of the report; with `--fail-on vacuous` a vacuous rule is undecided."""
    from wfcheck.checker.result import Verdict

    code = report.exit_code
    if (
        code == 0
        and fail_on == "vacuous"
        and any(r.verdict is Verdict.VACUOUS and not r.known for r in report.results)
    ):
        return 3
    return code
