"""Print the shell commands of one README section, so that CI runs exactly what a reader would type."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def commands(section: str) -> str:
    """The first ```sh block below the heading `section`."""
    text = Path(__file__).resolve().parent.parent.joinpath("README.md").read_text(encoding="utf-8")
    pattern = rf"^## {re.escape(section)}$.*?^```sh\n(.*?)^```$"
    match = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise SystemExit(f"README.md has no section {section!r} with a shell block")
    return match.group(1).strip()


if __name__ == "__main__":
    sys.stdout.write(commands(sys.argv[1]) + "\n")
