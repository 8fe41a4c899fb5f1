"""How time and memory grow with the size of a workflow and the number of flow rules.

    python bench/scale.py [--sizes 100,1000,10000,100000] [--rules 1,10,100] [--shapes straight,branchy,loopy,nested]
                          [--text-up-to 10000] [--repeat 3]

Every figure is processor time of a process of its own (the machine may be shared), the least of `--repeat` runs:

* start: a bare interpreter, and one that only imports z3, to compare with;
* labels: the fixpoint alone, with every flow rule's sources;
* check: all rules, of a program that is already in memory (labels included);
* front: lexing, parsing, names and types of the same workflow as text;
* cold: `wfcheck check` on the file, from the start of the process to its end;
* memory: the peak of the process that checks (resident set), interpreter, libraries and program included.

Growth is the time per step, compared with that at 1,000 steps (1 is linear); cold runs are compared with `import z3`."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import attrs

HERE = Path(__file__).resolve().parent
BASE_SIZE = 1000


@attrs.frozen
class Cost:
    """Seconds of processor time, and the process's peak memory in megabytes."""

    seconds: float
    memory: float


# ---------------------------------------------------------------- one measurement, inside a process of its own


def measure(kind: str, shape: Any, size: int, rules: int) -> dict[str, float]:
    """Prepare, then time the one thing; what comes out must be right."""
    sys.path.insert(0, str(HERE))
    import scale_programs as made

    if kind == "front":
        text = made.text(shape, size, rules)
        seconds = _timed(lambda: made.elaborated(text))
    else:
        program = made.program(shape, size, rules)
        seconds = _timed(_labels(program) if kind == "labels" else _check(program))
    return {"seconds": seconds, "memory": _peak()}


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _labels(program: Any) -> Callable[[], object]:
    from wfcheck.checker.labels.analysis import analyse
    from wfcheck.checker.rules.flow import virtual_sources

    sources = [source for rule in program.rules for source in virtual_sources(program, rule)]
    return lambda: analyse(program, sources)


def _check(program: Any) -> Callable[[], object]:
    from wfcheck.checker.tasks import check_program

    def work() -> None:
        checked = check_program(program)
        verdicts = {result.verdict.value for result in checked.results}
        if checked.errors or not verdicts <= {"PROVED", "VACUOUS"}:
            sys.exit(f"the rules should hold, found {sorted(verdicts)}, errors {checked.errors}")

    return work


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ---------------------------------------------------------------- processes


def process(command: Sequence[str]) -> tuple[Cost, str]:
    """Run to the end; processor time of the process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(
            f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-800:]}{done.stdout[-300:]}"
        )
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, 0.0), done.stdout


def _environment() -> dict[str, str]:
    """Bytecode is compiled once, as in an installed package."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(Path(gettempdir()) / "wfcheck-scale-bytecode"), **known}


def least(repeat: int, once: Callable[[], Cost]) -> Cost:
    """The quickest of some runs: noise only adds."""
    return min((once() for _ in range(repeat)), key=lambda cost: cost.seconds)


def inside(kind: str, shape: str, size: int, rules: int) -> Cost:
    """One measurement in a fresh process."""
    command = [sys.executable, __file__, "--one", kind, shape, str(size), str(rules)]
    return Cost(**json.loads(process(command)[1]))


def cold(folder: Path, shape: Any, size: int, rules: int) -> Cost:
    """The command line on a file."""
    sys.path.insert(0, str(HERE))
    import scale_programs as made

    path = folder / f"{shape}{size}_{rules}.wf"
    path.write_text(made.text(shape, size, rules))
    return process([sys.executable, "-m", "wfcheck", "check", str(path)])[0]


# ---------------------------------------------------------------- tables


def rows(options: argparse.Namespace, z3: Cost) -> Iterator[str]:
    """One line per shape, size and number of rules."""
    yield "| shape | steps | rules | labels | check | front | cold | cold / import z3 | growth: labels, check, front | memory |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    with TemporaryDirectory() as folder:
        for shape in options.shapes:
            for rules in options.rules:
                base: dict[str, float] = {}
                for size in options.sizes:
                    yield row(options, Path(folder), shape, size, rules, base, z3)


def row(
    options: argparse.Namespace,
    folder: Path,
    shape: str,
    size: int,
    rules: int,
    base: dict[str, float],
    z3: Cost,
) -> str:
    """Measure one case and say it in a line; `base` keeps the times per step at 1,000."""
    repeat = options.repeat if size <= BASE_SIZE * 10 else 1
    found = {"labels": least(repeat, lambda: inside("labels", shape, size, rules))}
    found["check"] = least(repeat, lambda: inside("check", shape, size, rules))
    if size <= options.text_up_to:
        found["front"] = least(repeat, lambda: inside("front", shape, size, rules))
        found["cold"] = least(repeat, lambda: cold(folder, shape, size, rules))
    if size == BASE_SIZE:
        base.update({kind: cost.seconds / size for kind, cost in found.items()})
    cells = [shape, f"{size:,}", str(rules)]
    cells += [
        f"{found[k].seconds:.3f} s" if k in found else "-" for k in ("labels", "check", "front", "cold")
    ]
    cells.append(f"{found['cold'].seconds / z3.seconds:.1f}" if "cold" in found else "-")
    cells.append(", ".join(_growth(found, base, size)))
    cells.append(f"{found['check'].memory:.0f} MB")
    return "| " + " | ".join(cells) + " |"


def _growth(found: dict[str, Cost], base: dict[str, float], size: int) -> Iterable[str]:
    for kind in ("labels", "check", "front"):
        known = kind in found and kind in base
        yield f"{found[kind].seconds / size / base[kind]:.1f}" if known else "-"


def main() -> None:
    """Measure and print tables for docs/measurements.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="100,1000,10000,100000")
    parser.add_argument("--rules", default="1,10,100")
    parser.add_argument("--shapes", default="straight,branchy,loopy,nested")
    parser.add_argument("--text-up-to", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--one", nargs=4, metavar=("KIND", "SHAPE", "SIZE", "RULES"))
    options = parser.parse_args()
    if options.one:
        kind, shape, size, rules = options.one
        print(json.dumps(measure(kind, shape, int(size), int(rules))))
        return
    options.sizes = [int(n) for n in options.sizes.split(",")]
    options.rules = [int(n) for n in options.rules.split(",")]
    options.shapes = options.shapes.split(",")
    bare = least(5, lambda: process([sys.executable, "-c", "pass"])[0])
    z3 = least(5, lambda: process([sys.executable, "-c", "import z3"])[0])
    print(f"bare interpreter {bare.seconds * 1000:.0f} ms; import z3 {z3.seconds * 1000:.0f} ms\n")
    for line in rows(options, z3):
        print(line, flush=True)


if __name__ == "__main__":
    main()
