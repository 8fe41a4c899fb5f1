"""`wfcheck import`: a starter spec from a catalogue of tools or an exported graph."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wfcheck.cli import output

KINDS = ("mcp", "openai-tools", "langgraph", "openai-agents", "agentspex", "gh-aw")
_STDIN = "<standard input>"


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `import`."""
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("source", metavar="FILE", help="the dumped catalogue or graph; `-` is standard input")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the starter to a file")


def run(args: argparse.Namespace) -> int:
    """Print the starter, or write it to a file that is not there yet."""
    from wfcheck.checker.importers.kinds import starter

    text = starter(args.kind, _text(args.source), _STDIN if args.source == "-" else args.source)
    if args.output is None:
        output.emit(text)
        return 0
    return output.complain(output.create(text, args.output))


def _text(name: str) -> str:
    from wfcheck.checker.importers.reading import LARGEST, bad

    try:
        if name == "-":
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise bad(name, f"it is larger than {LARGEST} bytes")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad(name, f"byte {error.start} is not UTF-8") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be opened"
        raise bad(name, why.lower()) from None
