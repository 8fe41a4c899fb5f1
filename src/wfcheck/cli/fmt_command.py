"""`wfcheck fmt`: one way to lay out a .wf file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wfcheck.checker.inputs import expand
from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.sources import given
from wfcheck.cli import options, output
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.parsing.reading import MAX_BYTES, decode, read_source
from wfcheck.dsl.source import Source

_STDIN = "<stdin>"


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `fmt`."""
    options.add_paths(parser)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if a file would change"
    )
    options.add_voice(parser)


def run(args: argparse.Namespace) -> int:
    """Format every file; one that does not parse is left alone and reported, the others are still done."""
    color = options.settle(args, {"color": None})["color"]
    if args.paths == ["-"]:
        return _filter(color, check=args.check)
    files, problems = expand(args.paths or ["."])
    worst = output.complain(problems, color)
    changed = 0
    for file in files:
        formatted = _formatted(read_source(Path(file)), color)
        if formatted is None:
            worst = 2
        elif formatted[0].text != formatted[1]:
            changed += 1
            worst = max(worst, _settle(file, formatted[1], args, color))
    return worst or int(args.check and changed > 0)


def _settle(file: str, text: str, args: argparse.Namespace, color: str | None) -> int:
    """Write the new text, or only say that it would be written."""
    if not args.quiet:
        output.note(f"{'would format' if args.check else 'formatted'} {visible(file)}\n")
    return 0 if args.check else output.complain(output.emit(text, file), color)


def _filter(color: str | None, *, check: bool) -> int:
    """Standard input to standard output."""
    formatted = _formatted(decode(sys.stdin.buffer.read(MAX_BYTES + 1), _STDIN), color)
    if formatted is None:
        return 2
    if check:
        return int(formatted[0].text != formatted[1])
    output.emit(formatted[1])
    return 0


def _formatted(read: Source | Diagnostic, color: str | None) -> tuple[Source, str] | None:
    """The source and its formatted text; None, after saying why, where it cannot be formatted."""
    if isinstance(read, Diagnostic):
        output.complain([read], color)
        return None
    sources = given({read.path: read.text})
    formatted = format_source(read)
    if isinstance(formatted, str):
        return read, formatted
    output.complain(formatted, color, sources)
    return None
