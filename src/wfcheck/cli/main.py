"""The command line: which subcommand, and what its end means to the shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from wfcheck import __version__
from wfcheck.checker.cache.answers import Keeper

# subcommand -> what `wfcheck --help` says; each lives in wfcheck.cli.<name>_command
COMMANDS = {
    "check": "parse, type-check and prove every rule of every workflow",
    "replay": "replay recorded runs against the rules of a spec",
    "tracediff": "compare the decisions of two recorded runs",
    "mine": "learn an automaton, or rules, from runs that passed",
    "divergence": "where recorded runs leave an automaton of passing ones",
    "score": "compare what a replay reported with labels of the steps where runs went wrong",
    "triage": "look for signs of trouble in recorded runs, without any policy",
    "test": "run the `test` blocks of specs",
    "fmt": "format .wf files in place",
    "fix": "change workflows until what they violate is proved; each change is checked",
    "graph": "draw the typed DAG of a workflow",
    "recheck": "re-establish certificates without the prover",
    "init": "write a first spec that checks",
    "import": "write a starter spec from a catalogue of tools or an exported graph",
    "attest": "check, and state what was checked and found",
    "verify-attestation": "whether what was attested is what is there",
    "explain": "explain a diagnostic code, a built-in rule, a verdict or a rule of a spec",
}
EPILOG = (
    "exit codes: 0 everything proved or held, 1 violated, 2 bad input, 3 undecided, 70 a defect of wfcheck"
)
INTERRUPTED = 130
BROKEN_PIPE = 141
BAD_INPUT = 2
DEFECT = 70


def main(argv: Sequence[str] | None = None, *, keeper: Keeper | None = None) -> int:
    """Run one command; the exit code. Usage errors and `--help` leave through SystemExit, as argparse does. `keeper`: may remember
    the answer of a check."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(words, keeper)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever was not foreseen is our defect
        return _failed(error)
    return code


def _run(words: list[str], keeper: Keeper | None) -> int:
    parser = _parser(words)
    args = parser.parse_args(words, argparse.Namespace(keeper=keeper))
    if args.command is None:
        parser.print_help(sys.stderr)
        return BAD_INPUT
    code: int = args.run(args)
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the subcommand in `words` is filled in, so that the others cost nothing."""
    parser = argparse.ArgumentParser(
        prog="wfcheck",
        description="Formal verification of AI-agent workflows.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"wfcheck {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    wanted = next((word for word in words if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        sub = subparsers.add_parser(name, help=text, description=text, epilog=EPILOG, allow_abbrev=False)
        if name == wanted:
            module = import_module(f"wfcheck.cli.{name.replace('-', '_')}_command")
            module.configure(sub)
            sub.set_defaults(run=module.run)
    return parser


def _forget_stdout() -> None:
    """The reader has gone; nothing may be written at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: Exception) -> int:
    """Bad input says what and where; everything else is our defect."""
    from wfcheck.cli.output import complain
    from wfcheck.dsl.diagnostic import WfError

    if isinstance(error, WfError):
        complain(error.diagnostics)
        return BAD_INPUT
    return report_defect([error])


def report_defect(errors: Sequence[BaseException]) -> int:
    """The traces of a defect of wfcheck and how to report it, to standard error; 70."""
    import traceback

    from wfcheck.checker.report.escape import paragraphs
    from wfcheck.cli.output import note

    text = "".join(line for error in errors for line in traceback.format_exception(error))
    note("\n".join(paragraphs(text)))
    note(
        f"\nwfcheck {__version__} has a defect: this is not the fault of your files.\n"
        "Please report the lines above with the command and, if you may share it, the smallest input that shows it.\n"
    )
    return DEFECT
