"""`wfcheck replay`: recorded runs against the rules of a spec."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wfcheck import __version__
from wfcheck.checker import config
from wfcheck.cli import options, output
from wfcheck.cli.progress import progress_bar

if TYPE_CHECKING:
    from wfcheck.checker.replay.result import ReplayReport
    from wfcheck.checker.report.html.scene import Scene
    from wfcheck.checker.report.style import Style

_MOST_JOBS = 1_000
_DEFAULTS: Mapping[str, Any] = {
    "policy": (),
    "rule": (),
    "provenance": "values",
    "lenient": False,
    "output_format": "text",
    "color": None,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `replay`."""
    parser.add_argument("spec", metavar="SPEC", help="a .wf file or a folder")
    parser.add_argument(
        "traces",
        nargs="+",
        metavar="TRACE",
        help="files, globs or folders of recorded runs; - for standard input",
    )
    options.add_rules(parser)
    parser.add_argument(
        "--provenance", choices=config.PROVENANCE, help="how the origin of a value is found (default: values)"
    )
    parser.add_argument(
        "--lenient",
        action="store_true",
        default=None,
        help="count and list malformed runs instead of failing",
    )
    parser.add_argument(
        "--certificates",
        metavar="DIR",
        help="certificates that say what proofs rest on (default: prove when needed)",
    )
    parser.add_argument(
        "--evidence",
        action="append",
        default=[],
        metavar="FILE",
        help="another record of the same runs: a log, a snapshot, a manifest (repeatable)",
    )
    parser.add_argument(
        "--known", metavar="FILE", help="the JSON report of an earlier replay: which causes are new?"
    )
    _configure_fleet(parser)
    options.add_output(parser)


def _configure_fleet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs",
        type=_jobs,
        metavar="N",
        help="judge runs in N processes side by side (default: one per core, if there is much to do)",
    )
    parser.add_argument(
        "--resume", metavar="FILE", help="note finished runs in FILE; what is noted there is not judged again"
    )
    parser.add_argument(
        "--parquet", metavar="FILE", help="write one row for each run and rule to FILE (extra `parquet`)"
    )


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) <= _MOST_JOBS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {_MOST_JOBS} is wanted")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Replay, print, and say it with the exit code."""
    from wfcheck.checker.report.sources import from_files
    from wfcheck.checker.report.write import write_replay

    chosen = options.settle(args, _DEFAULTS)
    report = _replayed(args, chosen)
    stream = sys.stdout if args.output is None else None
    style = output.style(chosen["color"], stream, quiet=args.quiet, verbose=args.verbose)
    scene = _scene(args, chosen, report)
    text = write_replay(report, chosen["output_format"], from_files(), style, __version__, scene)
    if not report.results and report.traces and chosen["output_format"] == "text":
        text += _signs(args.traces, style)
    code = output.complain(output.emit(text, args.output), chosen["color"]) or report.exit_code
    return _defects(report.defects) or code


def _defects(defects: Sequence[str]) -> int:
    """Tell how wfcheck itself failed at some runs; the others were judged."""
    from wfcheck.checker.report.escape import paragraphs
    from wfcheck.cli.main import report_defect

    for text in defects:
        output.note("\n".join(paragraphs(text)))
    return report_defect(()) if defects else 0


def _scene(args: argparse.Namespace, chosen: Mapping[str, Any], report: ReplayReport) -> Scene | None:
    """What HTML is drawn with; nothing where the spec cannot be used."""
    if chosen["output_format"] != "html" or not report.traces:
        return None
    from wfcheck._api import load
    from wfcheck.checker.report.html.staging import replay_scene

    program = load(args.spec, policy=chosen["policy"]).program
    return replay_scene(program, args.traces, report, lenient=chosen["lenient"])


def _signs(traces: Sequence[str], style: Style) -> str:
    """Without a rule to judge by: signs of trouble. Standard input cannot be read twice."""
    from wfcheck.checker.triage.report import write_triage
    from wfcheck.checker.triage.run import triage

    files = [path for path in traces if path != "-"]
    shown = write_triage(triage(files, lenient=True), "text", style, __version__) if files else ""
    return f"\nno rule to judge by; signs of trouble:\n\n{shown}" if files else ""


def _replayed(args: argparse.Namespace, chosen: Mapping[str, Any]) -> ReplayReport:
    """The report; a spec that cannot be used is a report of its diagnostics."""
    from wfcheck._api import replay
    from wfcheck.checker.replay.result import ReplayReport
    from wfcheck.dsl.diagnostic import WfError

    names = ("policy", "rule", "provenance", "lenient")
    try:
        return replay(
            args.spec,
            args.traces,
            certificates=args.certificates,
            evidence=args.evidence,
            known=args.known,
            jobs=args.jobs,
            resume=args.resume,
            parquet=args.parquet,
            progress=progress_bar(sys.stderr),
            **{name: chosen[name] for name in names},
        )
    except WfError as error:
        return ReplayReport((), error.diagnostics)
