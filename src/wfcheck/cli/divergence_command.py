"""`wfcheck divergence`: recorded runs against an automaton of passing ones."""

from __future__ import annotations

import argparse
import sys

from wfcheck import __version__
from wfcheck.cli import options, output


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `divergence`."""
    parser.add_argument(
        "automaton", metavar="AUTOMATON", help="what `wfcheck mine --output-format json` wrote"
    )
    parser.add_argument(
        "traces", nargs="+", metavar="TRACE", help="files, folders, globs, FILE#NAME; - for standard input"
    )
    parser.add_argument("--lenient", action="store_true", help="leave out runs that cannot be read")
    options.add_output(parser, ("text", "json"))


def run(args: argparse.Namespace) -> int:
    """Compare, print, and say it with the exit code: 0 the automaton accepts every run, 1 not, 2 bad input."""
    from wfcheck.checker.mining.divergence import diverge
    from wfcheck.checker.mining.document import read_automaton
    from wfcheck.checker.mining.reading import read
    from wfcheck.checker.mining.report import write_divergences

    chosen = options.settle(args, {"color": None})
    automaton = read_automaton(args.automaton)
    runs = read(args.traces, lenient=args.lenient)
    code = output.complain([p.diagnostic() for p in runs.problems], chosen["color"], quiet=args.quiet)
    if runs.skipped and not args.quiet:
        output.note(f"{len(runs.skipped)} problems skipped\n")
    found = [diverge(automaton, word) for word in runs.words(automaton.abstraction)]
    style = output.style(
        chosen["color"], sys.stdout if args.output is None else None, quiet=args.quiet, verbose=args.verbose
    )
    text = write_divergences(found, args.output_format or "text", style, __version__)
    failed = output.complain(output.emit(text, args.output), chosen["color"])
    return failed or code or int(any(one.diverges for one in found))
