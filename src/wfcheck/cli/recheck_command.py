"""`wfcheck recheck`: re-establish certificates without the prover."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wfcheck import __version__
from wfcheck.cli import options, output

if TYPE_CHECKING:
    from wfcheck.checker.certificate.recheck import Outcome

_CODES = {"confirmed": 0, "refuted": 1, "undecided": 3}
_WORDS = {"confirmed": "CONFIRMED", "refuted": "REFUTED", "undecided": "UNDECIDED"}
_INSTALL = "pip install wfcheck[recheck]"


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `recheck`."""
    parser.add_argument("certificates", nargs="+", metavar="CERT", help="certificates, or folders of them")
    parser.add_argument(
        "--timeout",
        type=options.duration,
        default=30.0,
        metavar="DURATION",
        help="per question to the second solver (default: 30s)",
    )
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    parser.add_argument("-q", "--quiet", action="store_true", help="only what is not confirmed")


def run(args: argparse.Namespace) -> int:
    """Check every certificate, say what became of each, and end with the worst."""
    from wfcheck.checker.certificate.recheck import recheck

    found: list[Outcome] = []
    unread: list[Any] = []
    for path in _files(args.certificates):
        try:
            found.append(recheck(path, __version__, args.timeout))
        except OSError as error:
            unread.append(_unreadable(str(path), error))
    sys.stdout.write(_json(found) if args.output_format == "json" else _text(found, quiet=args.quiet))
    code = output.complain(unread)
    return code or _code(found)


def _code(found: list[Outcome]) -> int:
    codes = {_CODES[outcome.status] for outcome in found}
    return next((code for code in (1, 3) if code in codes), 0)


def _files(names: list[str]) -> list[Path]:
    """The certificates that are named; of a folder, all `.json` files in it."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        found += sorted(path.glob("*.json")) if path.is_dir() else [path]
    return found


def _text(found: list[Outcome], *, quiet: bool) -> str:
    from wfcheck.checker.report.escape import counted, visible

    lines = []
    for outcome in found:
        if quiet and outcome.status == "confirmed":
            continue
        about = f"{visible(outcome.rule)} in {visible(outcome.workflow)}" if outcome.rule else ""
        lines.append(f"{_WORDS[outcome.status]:<10} {visible(outcome.path)}  {about}".rstrip())
        if outcome.part:
            lines.append(f"  {outcome.part}: {visible(outcome.why)}")
    if any(o.status == "undecided" and "not installed" in o.why for o in found):
        lines.append(f"help: install the second solver with `{_INSTALL}`")
    confirmed = sum(outcome.status == "confirmed" for outcome in found)
    lines.append(f"{confirmed} of {counted(len(found), 'certificate')} confirmed")
    return "\n".join(lines) + "\n"


def _json(found: list[Outcome]) -> str:
    results = [
        {
            "certificate": o.path, "workflow": o.workflow or None, "rule": o.rule or None, "status": o.status,
            "part": o.part or None, "why": o.why or None,
        }
        for o in found
    ]  # fmt: skip
    return (
        json.dumps({"schema": "wfcheck.recheck/1", "version": __version__, "results": results}, indent=1)
        + "\n"
    )


def _unreadable(file: str, error: OSError) -> Any:
    from wfcheck.dsl.diagnostic import Diagnostic

    why = (error.strerror or "it cannot be opened").lower()
    code = "WF001" if isinstance(error, FileNotFoundError) else "WF003"
    return Diagnostic(code, f"`{file}` cannot be read", None, notes=(why,), file=file)
