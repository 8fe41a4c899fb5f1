"""`python -m wfcheck` and the `wfcheck` command."""

from __future__ import annotations

import sys

from wfcheck.cli.main import main


def entry() -> None:
    """Run the command line and exit with its code."""
    sys.exit(main())


if __name__ == "__main__":
    entry()
