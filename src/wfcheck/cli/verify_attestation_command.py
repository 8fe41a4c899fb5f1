"""`wfcheck verify-attestation`: whether what was attested is what is there."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from wfcheck import __version__
from wfcheck.cli import output

if TYPE_CHECKING:
    from wfcheck.checker.attest.statement import Statement
    from wfcheck.checker.attest.verifying import Problem


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `verify-attestation`."""
    parser.add_argument("attestation", metavar="FILE", help="what `wfcheck attest` wrote")
    parser.add_argument(
        "--recheck", action="store_true", help="prove everything again and compare the verdicts"
    )
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    parser.add_argument("-q", "--quiet", action="store_true", help="only what is wrong")


def run(args: argparse.Namespace) -> int:
    """0 if everything is as attested and every rule held, 1 if not, 2 if the statement cannot be read."""
    from wfcheck.checker.attest.verifying import compare, verify

    statement = _read(args.attestation)
    problems = verify(statement, __version__)
    if args.recheck and not problems:
        from wfcheck._api import check

        asked = statement.predicate
        report = check(asked.paths, policy=asked.policies, timeout=asked.timeout, seed=asked.seed)
        problems = compare(statement, report)
    text = _json(problems) if args.output_format == "json" else _text(statement, problems, args)
    output.emit(text)
    return 1 if problems else 0


def _read(name: str) -> Statement:
    from wfcheck.checker.attest.statement import LARGEST, read
    from wfcheck.dsl.diagnostic import Diagnostic, WfError

    try:
        with Path(name).open("rb") as file:
            return read(file.read(LARGEST + 1))
    except OSError as error:
        why = (error.strerror or "it cannot be opened").lower()
    except ValueError as error:
        why = str(error)
    help_ = "give the file that `wfcheck attest -o FILE` wrote"
    message = f"`{name}` is no attestation that can be read"
    raise WfError(Diagnostic("WF821", message, None, notes=(why,), help=help_, file=name))


def _text(statement: Statement, problems: tuple[Problem, ...], args: argparse.Namespace) -> str:
    from wfcheck.checker.report.escape import counted, visible

    lines = [f"{p.kind}: {visible(p.about)}: {visible(p.why)}" for p in problems]
    files, results = (
        counted(len(statement.subject), "file"),
        counted(len(statement.predicate.results), "result"),
    )
    if problems:
        lines.append(f"NOT VERIFIED: {counted(len(problems), 'problem')}")
    elif not args.quiet:
        assumed = sorted({name for r in statement.predicate.results for name in r.assumptions})
        lines += [f"rests on {visible(', '.join(assumed))}"] if assumed else []
        lines.append(f"VERIFIED: {files}, {results}" + (", proved again" if args.recheck else ""))
    return "".join(f"{line}\n" for line in lines)


def _json(problems: tuple[Problem, ...]) -> str:
    listed = [{"kind": p.kind, "about": p.about, "why": p.why} for p in problems]
    value = {
        "schema": "wfcheck.verify-attestation/1", "version": __version__, "verified": not problems, "problems": listed,
    }  # fmt: skip
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"
