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
    from wfcheck.checker.report.html.scene import Scene
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
    "coverage": False,
    "coverage_budget": 60.0,
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
    parser.add_argument(
        "--fail-on",
        choices=config.FAIL_ON,
        help="exit with 3 if a rule is vacuous, or something is uncovered",
    )
    parser.add_argument(
        "--coverage",
        action="store_const",
        const=True,
        help="find what could be dropped from the spec without any rule noticing",
    )
    parser.add_argument(
        "--coverage-budget", type=options.duration, metavar="DURATION", help="for all of that (default: 60s)"
    )
    parser.add_argument(
        "--certificates", metavar="DIR", help="write a certificate of each proved rule into this folder"
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="neither look up nor keep the answer (default: in .wfcheck_cache)",
    )
    options.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Check, print, and say it with the exit code."""
    from wfcheck.checker.report.sources import from_files
    from wfcheck.checker.report.write import write

    chosen = dict(options.settle(args, _DEFAULTS))
    chosen["coverage"] = chosen["coverage"] or chosen["fail_on"] == "uncovered"
    report, defects = _checked(args, chosen)
    stream = sys.stdout if args.output is None else None
    style = output.style(chosen["color"], stream, quiet=args.quiet, verbose=args.verbose)
    scene = _scene(args, chosen)
    text = write(report, chosen["output_format"], from_files(), style, __version__, scene)
    unwritten = output.emit(text, args.output)
    if defects:
        from wfcheck.cli.main import report_defect

        return report_defect(defects)
    code = output.complain(unwritten, chosen["color"]) or _code(report, chosen["fail_on"])
    _keep(args, chosen, report, code, text)
    return code


def _scene(args: argparse.Namespace, chosen: Mapping[str, Any]) -> Scene | None:
    """What HTML is drawn with."""
    if chosen["output_format"] != "html":
        return None
    from wfcheck.checker.report.html.staging import check_scene

    return check_scene(args.paths or ["."], chosen["policy"])


def _keep(args: argparse.Namespace, chosen: Mapping[str, Any], report: Report, code: int, text: str) -> None:
    """Remember what was printed, unless more than that was asked for or another run might say something else."""
    from wfcheck.checker.cache import inputs

    elsewhere = args.output is not None or chosen["certificates"] is not None or chosen["coverage"]
    if args.keeper is None or elsewhere or inputs.hasty(report, chosen["timeout"]):
        return
    read = [*(args.paths or ["."]), *chosen["policy"], *filter(None, [chosen["baseline"]])]
    if inputs.unchanged(report):
        args.keeper.keep(code, output.encoded(text), [*read, *inputs.read(report)])


def _checked(args: argparse.Namespace, chosen: Mapping[str, Any]) -> tuple[Report, tuple[BaseException, ...]]:
    """The report, and the defects met on the way: what was found before and beside them is kept."""
    from wfcheck._api import check
    from wfcheck.checker.pipeline import DefectError

    show = output.progress(quiet=args.quiet)
    names = (
        "policy",
        "rule",
        "workflow",
        "timeout",
        "seed",
        "baseline",
        "certificates",
        "coverage",
        "coverage_budget",
    )
    try:
        return check(args.paths or ".", progress=show, **{name: chosen[name] for name in names}), ()
    except DefectError as error:
        for name, reason in error.errors:
            reason.add_note(f"while checking {name}")
        return error.report, tuple(reason for _, reason in error.errors)
    finally:
        output.clear_progress(show)


def _code(report: Report, fail_on: str | None) -> int:
    """The exit code of the report; with `--fail-on` what is vacuous, or not covered, is undecided."""
    from wfcheck.checker.result import Verdict

    code = report.exit_code
    vacuous = any(r.verdict is Verdict.VACUOUS and not r.known for r in report.results)
    uncovered = report.coverage is not None and bool(report.coverage.uncovered or report.coverage.left)
    wanted = {"vacuous": vacuous, "uncovered": uncovered}
    return 3 if code == 0 and fail_on is not None and wanted[fail_on] else code
