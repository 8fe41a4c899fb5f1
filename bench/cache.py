"""What a `check` costs that is answered from the cache, beside the bare interpreter.

    python bench/cache.py [--runs N]

Interleaved runs of `python -c pass`, of a cached `python -m wfcheck check`, of the same through the entry point (as the installed
command starts it), and of `--no-cache`; medians in milliseconds and the ratio to the bare interpreter."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "banking"
ENTRY = "import sys; sys.argv = ['wfcheck', 'check', 'banking']; from wfcheck.__main__ import entry; entry()"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "cached, installed command": ["-c", ENTRY],
    "cached, python -m wfcheck": ["-m", "wfcheck", "check", "banking"],
    "--no-cache": ["-m", "wfcheck", "check", "--no-cache", "banking"],
}


def milliseconds(arguments: list[str], folder: Path) -> float:
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    bytecode = str(folder / "bytecode")  # as an installed package has it
    environment = {**known, "XDG_CACHE_HOME": str(folder / "home"), "PYTHONPYCACHEPREFIX": bytecode}
    start = time.perf_counter()
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(EXAMPLE, home / "banking")
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for arguments in COMMANDS.values():
            milliseconds(arguments, home)
        for turn in range(runs):
            for name, arguments in COMMANDS.items():
                if name != "--no-cache" or turn < 3:
                    times[name].append(milliseconds(arguments, home))
    bare = statistics.median(times["python -c pass"])
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:28} {middle:8.1f} ms  {middle / bare:6.2f}x")


if __name__ == "__main__":
    main()
