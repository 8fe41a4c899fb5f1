"""Options that several subcommands share, and how they meet the configuration: the command line wins."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wfcheck.checker import config
from wfcheck.checker.report.formats import FORMATS


def add_paths(parser: argparse.ArgumentParser) -> None:
    """PATH..., by default the current folder."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help=".wf files or folders (default: the current folder)"
    )


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Which rules."""
    parser.add_argument(
        "--policy", action="append", metavar="FILE", help="rules of this file apply too (repeatable)"
    )
    parser.add_argument(
        "--rule", action="append", metavar="NAME", help="only these rules; globs (repeatable)"
    )


def add_output(parser: argparse.ArgumentParser, formats: tuple[str, ...] = FORMATS) -> None:
    """Where the report goes and what it looks like."""
    parser.add_argument("--output-format", choices=formats, help="text (default) or a machine format")
    parser.add_argument("--output", metavar="FILE", help="write the report to a file")
    add_voice(parser)


def add_voice(parser: argparse.ArgumentParser) -> None:
    """How loud and how colourful."""
    voice = parser.add_mutually_exclusive_group()
    voice.add_argument("-q", "--quiet", action="store_true", help="only what needs attention")
    voice.add_argument(
        "-v", "--verbose", action="store_true", help="more detail: of a proof its cores, notes and time"
    )
    parser.add_argument("--color", choices=config.COLORS, help="colour the text (default: on a terminal)")


def duration(text: str) -> float:
    """An argparse type: `10s`, `500ms`, `2m`, or seconds."""
    value = config.seconds(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"`{text}` is no duration; try 10s or 500ms")
    return value


def whole(text: str) -> int:
    """An argparse type: a number from 0."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number from 0")
    return int(text)


def settle(args: argparse.Namespace, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Each option from the command line, else from the configuration, else its default.

    Raises:
        WfError: the configuration is wrong.
    """
    found = config.load(Path.cwd()).values
    settled = {}
    for name, default in defaults.items():
        given = getattr(args, name, None)
        settled[name] = given if given is not None else found.get(name.replace("_", "-"), default)
    return settled
