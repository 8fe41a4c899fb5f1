"""`wfcheck explain`: the page of a diagnostic code."""

from __future__ import annotations

import argparse
from difflib import get_close_matches

from wfcheck.checker.explain import page
from wfcheck.cli import output
from wfcheck.dsl.codes import CODES
from wfcheck.dsl.diagnostic import Diagnostic


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `explain`."""
    parser.add_argument(
        "code", nargs="?", metavar="CODE", help="a code such as WF203; without one, all are listed"
    )


def run(args: argparse.Namespace) -> int:
    """Print the page, or the list of codes."""
    if args.code is None:
        output.emit("".join(f"{code.code}  {code.summary}\n" for code in CODES.values()))
        return 0
    text = page(args.code.upper())
    if text is None:
        return output.complain([_unknown(args.code)])
    output.emit(text)
    return 0


def _unknown(code: str) -> Diagnostic:
    near = get_close_matches(code.upper(), CODES, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`wfcheck explain` lists all codes"
    return Diagnostic("WF808", f"there is no code `{code}`", None, help=hint)
