"""`wfcheck fix`: changes after which more is proved. Each was checked; nothing is written unless it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wfcheck import __version__
from wfcheck.cli import options, output

if TYPE_CHECKING:
    from wfcheck.checker.repair.fixing import Fixed

_DEFAULTS: Mapping[str, Any] = {
    "policy": (),
    "rule": (),
    "workflow": None,
    "timeout": 10.0,
    "seed": 0,
    "color": None,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `fix`."""
    options.add_paths(parser)
    options.add_rules(parser)
    parser.add_argument("--workflow", metavar="NAME", help="only this workflow")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--write", action="store_true", help="write the changes to the files")
    how.add_argument("--diff", action="store_true", help="print the changes alone, as `patch -p0` takes them")
    how.add_argument(
        "--dry-run", action="store_true", help="tell the changes and write nothing (the default)"
    )
    parser.add_argument(
        "--from", dest="replayed", metavar="REPORT", help="mend what this JSON report of `replay` blames"
    )
    parser.add_argument(
        "--timeout", type=options.duration, metavar="DURATION", help="per rule (default: 10s)"
    )
    parser.add_argument(
        "--budget", type=options.duration, metavar="DURATION", help="for all of it (default: 60s)"
    )
    parser.add_argument("--seed", type=options.whole, metavar="N", help="of the solver (default: 0)")
    options.add_output(parser, ("text", "json"))


def run(args: argparse.Namespace) -> int:
    """Print the changes, or write them; the exit code is that of a `check` of the changed files."""
    from wfcheck._api import fix

    chosen = dict(options.settle(args, _DEFAULTS))
    show = output.progress(quiet=args.quiet)
    try:
        fixed = fix(
            args.paths or ".",
            **{name: chosen[name] for name in ("policy", "rule", "workflow", "timeout", "seed")},
            budget=args.budget or 60.0,
            replayed=args.replayed,
            progress=show,
        )
    finally:
        output.clear_progress(show)
    problems = fixed.write() if args.write else ()
    wrong = output.emit(_text(fixed, args, written=bool(args.write and not problems)), args.output)
    broken = () if fixed.after.whole else fixed.diagnostics
    code = output.complain((*problems, *wrong, *broken), chosen["color"])
    return code or fixed.report.exit_code


def _text(fixed: Fixed, args: argparse.Namespace, *, written: bool) -> str:
    from wfcheck.checker.repair import report

    if args.diff:
        return fixed.diff
    if args.output_format == "json":
        return report.write_json(fixed, __version__, written=written)
    return report.write_text(fixed, written=written)
