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
    from wfcheck.checker.report.sources import from_files
    from wfcheck.checker.traces.registry import read_traces
    from wfcheck.checker.traces.trace import Problem
    from wfcheck.checker.triage.report import found_in, write_triage
    from wfcheck.checker.triage.signals import signals_of
    from wfcheck.dsl.diagnostic import Severity

    chosen = options.settle(args, {"color": None})
    found, problems, traces = [], [], 0
    for item in read_traces(args.traces, lenient=args.lenient):
        if isinstance(item, Problem):
            problems.append(item)
        else:
            traces += 1
            found += [found_in(item, signal) for signal in signals_of(item)]
    skipped = [p for p in problems if args.lenient and p.severity is Severity.ERROR and p.line is not None]
    told = [p.diagnostic() for p in problems if p not in skipped]
    code = output.complain(told, chosen["color"], from_files(), quiet=args.quiet)
    style = output.style(
        chosen["color"], sys.stdout if args.output is None else None, quiet=args.quiet, verbose=args.verbose
    )
    text = write_triage(found, traces, len(skipped), args.output_format or "text", style, __version__)
    return output.complain(output.emit(text, args.output), chosen["color"]) or code
