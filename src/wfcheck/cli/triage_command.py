"""`wfcheck triage`: signs of trouble in recorded runs of which no policy is known."""

from __future__ import annotations

import argparse
import sys

from wfcheck import __version__
from wfcheck.cli import options, output


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `triage`."""
    parser.add_argument(
        "traces",
        nargs="+",
        metavar="TRACE",
        help="files, globs or folders of recorded runs; - for standard input",
    )
    parser.add_argument("--lenient", action="store_true", help="count malformed runs instead of failing")
    options.add_output(parser, ("text", "json"))


def run(args: argparse.Namespace) -> int:
    """Look for signs and print them: 0, or 2 for bad input. Signs are no verdicts, so none of them fails a build."""
    from wfcheck.checker.triage.report import write_triage
    from wfcheck.checker.triage.run import triage

    chosen = options.settle(args, {"color": None})
    report = triage(args.traces, lenient=args.lenient)
    code = output.complain([p.diagnostic() for p in report.problems], chosen["color"], quiet=args.quiet)
    style = output.style(
        chosen["color"], sys.stdout if args.output is None else None, quiet=args.quiet, verbose=args.verbose
    )
    text = write_triage(report, args.output_format or "text", style, __version__)
    return output.complain(output.emit(text, args.output), chosen["color"]) or code
