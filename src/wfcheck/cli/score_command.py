"""`wfcheck score`: how well the alarms of a replay agree with labels."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import get_args

from wfcheck import __version__
from wfcheck.cli import options, output


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `score`."""
    from wfcheck.checker.scoring.alarms import Marked, Unit

    parser.add_argument("report", metavar="REPORT", help="what `wfcheck replay --output-format json` wrote")
    parser.add_argument(
        "--labels",
        metavar="FILE",
        required=True,
        help="CSV or JSON Lines: trace, step, agent, success, goal, effect",
    )
    parser.add_argument(
        "--steps",
        choices=get_args(Unit),
        default="event",
        help="what labels count from 0: events (default), or messages of the recorded list",
    )
    parser.add_argument(
        "--mark", choices=get_args(Marked), default="blame", help="what names the step (default: blame)"
    )
    parser.add_argument(
        "--traces",
        nargs="+",
        metavar="TRACE",
        default=(),
        help="the runs again, to score the agents that are named",
    )
    options.add_output(parser, ("text", "json"))


def run(args: argparse.Namespace) -> int:
    """Score and print: 0, or 2 for bad input. A low score is no failure."""
    from wfcheck.checker.scoring.alarms import read_alarms
    from wfcheck.checker.scoring.joined import join
    from wfcheck.checker.scoring.labels import read_labels
    from wfcheck.checker.scoring.report import write_scores

    chosen = options.settle(args, {"color": None})
    alarms = read_alarms(args.report, unit=args.steps, marked=args.mark)
    joined = join(alarms, read_labels(args.labels), args.labels, _actors(args.traces))
    text = write_scores(joined, args.output_format or "text", __version__)
    return output.complain(output.emit(text, args.output), chosen["color"])


def _actors(paths: Sequence[str]) -> Mapping[tuple[str, int], str]:
    """Who acted, by run and event."""
    from wfcheck.checker.traces.registry import read_traces
    from wfcheck.checker.traces.trace import Trace

    traces = (item for item in read_traces(paths, lenient=True) if isinstance(item, Trace))
    return {
        (trace.name, index): name
        for trace in traces
        for index, event in enumerate(trace.events)
        if (name := event.agent or event.actor) is not None
    }
