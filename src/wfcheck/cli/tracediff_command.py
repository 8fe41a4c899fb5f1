"""`wfcheck tracediff`: two recorded runs side by side."""

from __future__ import annotations

import argparse
import sys

from wfcheck import __version__
from wfcheck.cli import options, output

BAD_INPUT = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `tracediff`."""
    parser.add_argument("a", metavar="A", help="a file that holds one run, or FILE#NAME")
    parser.add_argument("b", metavar="B", help="the run to compare it with")
    parser.add_argument("--lenient", action="store_true", help="compare what could be read of malformed runs")
    options.add_output(parser, ("text", "json"))


def run(args: argparse.Namespace) -> int:
    """Compare, print, and say it with the exit code: 0 the same decisions, 1 not, 2 bad input."""
    from wfcheck.checker.tracediff.compare import compare
    from wfcheck.checker.tracediff.report import write_difference
    from wfcheck.checker.tracediff.selection import select

    chosen = options.settle(args, {"color": None})
    (a, problems), (b, more) = (select(path, lenient=args.lenient) for path in (args.a, args.b))
    code = output.complain([p.diagnostic() for p in (*problems, *more)], chosen["color"], quiet=args.quiet)
    if a is None or b is None:
        return BAD_INPUT
    difference = compare(a, b)
    style = output.style(
        chosen["color"], sys.stdout if args.output is None else None, quiet=args.quiet, verbose=args.verbose
    )
    text = write_difference(difference, args.output_format or "text", style, __version__)
    failed = output.complain(output.emit(text, args.output), chosen["color"])
    return failed or (code if not args.lenient else 0) or int(difference.kind != "same")
