"""`python -m wfcheck` and the `wfcheck` command."""

from __future__ import annotations

import sys
import time

from wfcheck.checker.cache import answers


def entry() -> None:
    """Run the command line, or answer it from the cache, and exit with its code."""
    started = time.time_ns()
    question = answers.question(sys.argv[1:])
    code = None if question is None else answers.serve(question)
    if code is None:
        from wfcheck.cli.main import main

        code = main(keeper=None if question is None else answers.Keeper(question, started))
    sys.exit(code)


if __name__ == "__main__":
    entry()
