"""`wfcheck explain`: the page of a diagnostic code, a built-in rule or a verdict."""

from __future__ import annotations

import argparse
from difflib import get_close_matches

from wfcheck.checker.explain import page, pages
from wfcheck.cli import output
from wfcheck.dsl.codes import CODES
from wfcheck.dsl.diagnostic import Diagnostic


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `explain`."""
    text = "a code such as WF203, a built-in rule such as builtin.sight, or a verdict such as VACUOUS; without one, all are listed"
    parser.add_argument("name", nargs="?", metavar="CODE", help=text)


def run(args: argparse.Namespace) -> int:
    """Print the page, or the list of pages."""
    if args.name is None:
        output.emit("".join(f"{name}  {_summary(name)}\n" for name in pages()))
        return 0
    text = page(args.name) or page(args.name.upper()) or page(args.name.lower())
    if text is None:
        return output.complain([_unknown(args.name)])
    output.emit(text)
    return 0


def _summary(name: str) -> str:
    return CODES[name].summary if name in CODES else pages()[name].split("\n")[0].partition(": ")[2]


def _unknown(name: str) -> Diagnostic:
    near = get_close_matches(name.upper(), CODES, n=1) or get_close_matches(name, pages(), n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`wfcheck explain` lists all pages"
    return Diagnostic("WF808", f"there is no page about `{name}`", None, help=hint)
