"""`wfcheck mine`: what passing runs have in common, as an automaton or as rules."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from wfcheck import __version__
from wfcheck.cli import options, output
from wfcheck.dsl.diagnostic import Diagnostic

if TYPE_CHECKING:
    from wfcheck.checker.mining.reading import Runs
    from wfcheck.checker.mining.symbols import Abstraction, Word

FORMATS = ("text", "json", "dot", "mermaid", "wf")
BAD_INPUT = 2
_FEWEST = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `mine`."""
    parser.add_argument(
        "traces", nargs="+", metavar="TRACE", help="runs that passed: files, folders, globs, FILE#NAME, -"
    )
    parser.add_argument("--failing", nargs="+", default=[], metavar="TRACE", help="runs that did not pass")
    parser.add_argument(
        "--judge", metavar="SPEC", help="of all runs, those that break a rule of this spec did not pass"
    )
    parser.add_argument(
        "--cause",
        metavar="SIGNATURE",
        help="with --judge: only the runs that failed by this cause did not pass, and only rules that tell them apart are shown",
    )
    parser.add_argument(
        "--events",
        choices=("acts", "dialogue"),
        default="acts",
        help="what counts: acts, or what is said too",
    )
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        type=_pair,
        metavar="TOOL.ARG",
        help="tell calls apart by an argument (repeatable)",
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="TOOL", help="leave a tool out (repeatable)"
    )
    parser.add_argument(
        "--tail",
        type=int,
        choices=range(5),
        default=1,
        metavar="N",
        help="how many acts ahead states must agree (default: 1)",
    )
    parser.add_argument(
        "--min-support",
        type=options.whole,
        metavar="N",
        help="how many runs at least (automata: 1, rules: 3)",
    )
    parser.add_argument("--lenient", action="store_true", help="leave out runs that cannot be read")
    parser.add_argument(
        "--output-format", choices=FORMATS, help="text (default), json, dot, mermaid, or rules: wf"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file")
    options.add_voice(parser)


def run(args: argparse.Namespace) -> int:
    """Learn and print; 2 for bad input, else 0."""
    from wfcheck.checker.mining.reading import read

    chosen = options.settle(args, {"color": None})
    if args.cause is not None and args.judge is None:
        return output.complain([_unjudged()], chosen["color"])
    abstraction = _abstraction(args)
    passing, failing = read(args.traces, lenient=args.lenient), read(args.failing, lenient=args.lenient)
    code = _complain(args, chosen["color"], (passing, failing))
    if args.judge is not None:
        from wfcheck.checker.mining.sorting import judged

        passing, failing = judged(args.judge, passing, failing, args.cause)
    good, bad = passing.words(abstraction), failing.words(abstraction)
    if not good:
        return output.complain([_nothing()], chosen["color"])
    text = _text(args, good, bad, abstraction, chosen["color"])
    return output.complain(output.emit(text, args.output), chosen["color"]) or code


def _complain(args: argparse.Namespace, color: str | None, runs: tuple[Runs, ...]) -> int:
    skipped = sum(len(r.skipped) for r in runs)
    if skipped and not args.quiet:
        output.note(f"{skipped} problems skipped\n")
    return output.complain([p.diagnostic() for r in runs for p in r.problems], color, quiet=args.quiet)


def _unjudged() -> Diagnostic:
    return Diagnostic(
        "WF802", "`--cause` needs `--judge`", None, help="name the spec whose replay reported the cause"
    )


def _nothing() -> Diagnostic:
    help_ = "name runs that passed; with `--judge` at least one must break no rule"
    return Diagnostic("WF701", "there is no passing run to learn from", None, help=help_)


def _abstraction(args: argparse.Namespace) -> Abstraction:
    from wfcheck.checker.mining.symbols import Abstraction

    return Abstraction(args.events, tuple(sorted(set(args.by))), tuple(sorted(set(args.without))))


def _pair(text: str) -> tuple[str, str]:
    """An argparse type: `TOOL.ARG`."""
    tool, _, argument = text.rpartition(".")
    if not tool or not argument:
        raise argparse.ArgumentTypeError(f"`{text}` is not TOOL.ARG")
    return tool, argument


def _text(
    args: argparse.Namespace, good: list[Word], bad: list[Word], abstraction: Abstraction, color: str | None
) -> str:
    from wfcheck.checker.mining import drawing
    from wfcheck.checker.mining.document import write_automaton
    from wfcheck.checker.mining.learning import learn
    from wfcheck.checker.mining.report import write_mined

    if args.output_format == "wf":
        from wfcheck.checker.mining.spec import mine_rules

        fewest = _FEWEST if args.min_support is None else args.min_support
        return mine_rules(good, bad, fewest, telling=args.cause is not None).text
    automaton = learn(good, bad, abstraction, tail=args.tail, support=args.min_support or 1)
    match args.output_format:
        case "json":
            return write_automaton(automaton, __version__)
        case "dot":
            return drawing.dot(automaton)
        case "mermaid":
            return drawing.mermaid(automaton)
        case _:
            style = output.style(color, sys.stdout if args.output is None else None, quiet=args.quiet)
            return write_mined(automaton, style)
