"""What it costs to write certificates and to check them again, of workflows that grow.

    python bench/recheck.py [--sizes 100,1000] [--repeat 3]

Three workflows, each of one rule, as text in a file:

* labels: calls whose arguments come from each other, and a `forbid flow` that labels clear;
* guards: payments, each behind a test of its amount, and a `forbid pay when` that a formula clears;
* loop: a loop that counts its calls up to the size, and a `limit count` that an invariant clears.

proof: of the one rule, in this process and of a program that is in memory, without and with its certificate. recheck:
`wfcheck recheck` of the one certificate, with cvc5 in a child that runs already. Z3, cvc5: either solver on the conditions of the
certificate alone. Seconds of wall clock, the least of `--repeat` runs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from wfcheck.checker.certificate.recheck import recheck
from wfcheck.checker.certificate.writing import Writer
from wfcheck.checker.obligation import Limits
from wfcheck.checker.tasks import Selection, check_program
from wfcheck.dsl.elaboration.elaborate import load_all
from wfcheck.solver import second
from wfcheck.solver.backend import shared_child
from wfcheck.stdlib import load, names

TOOLS = """
secrecy pii
channel out clears {}
tool fetch() -> text { effect read  emits nothing  returns {} }
tool secret() -> text { effect read  emits nothing  returns {pii} }
tool mix(a: text) -> text { effect read  emits nothing  returns {} }
tool send(body: text) { effect irreversible  emits out  returns {} }
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
tool more() -> bool { effect read  emits nothing  returns {} }
"""
RULES = {
    "labels": "forbid flow pii -> send",
    "guards": "forbid pay when amount > 100",
    "loop": "limit count(pay) <= {size} per run",
}


def body(shape: str, size: int) -> Iterator[str]:
    """The steps of a workflow."""
    if shape == "labels":
        yield from ("s = secret()", "x = fetch()")
        yield from ("x = mix(x)" for _ in range(size - 3))
        yield "send(x)"
    elif shape == "guards":
        yield from (f"if n + {i} <= 100 {{ pay(n + {i}) }}" for i in range(size // 2))
    else:
        yield f"i = 0\n go = true\n repeat while go and i < {size} {{ pay(n)\n i = i + 1\n go = more() }}"


def text(shape: str, size: int) -> str:
    """The whole spec."""
    rule = RULES[shape].format(size=size)
    steps = "\n  ".join(body(shape, size))
    return f"{TOOLS}\npolicy p {{ r: {rule} }}\nworkflow w(n: int from {{user}}) {{\n  {steps}\n}}\n"


def best(repeat: int, work: Callable[[], object]) -> float:
    """The least time of some runs."""
    found = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def row(shape: str, size: int, repeat: int, folder: Path) -> str:
    """One line of the table."""
    spec, proofs = folder / f"{shape}{size}.wf", folder / f"{shape}{size}"
    spec.write_text(text(shape, size), encoding="utf-8")

    made = load_all([spec], library=load, library_names=names())
    keep = Writer(proofs, (str(spec),), (), made.sources, "bench")

    def proved(keep: Writer | None) -> Callable[[], object]:
        return lambda: check_program(
            made.program, selection=Selection(("p.r",)), limits=Limits(120), keep=keep
        )

    plain = best(repeat, proved(None))
    written = best(repeat, proved(keep))
    (path,) = proofs.glob("*.json")
    outcome = recheck(path, "bench")
    if outcome.status != "confirmed":
        sys.exit(f"{shape} {size}: {outcome}")
    again = best(repeat, lambda: recheck(path, "bench"))
    found = json.loads(path.read_text(encoding="utf-8"))
    first = best(repeat, lambda: [_z3(c) for c in found["conditions"]])
    other = best(repeat, lambda: [second.check_text(c["text"], c["selectors"]) for c in found["conditions"]])
    solvers = f"{first:.3f} s | {other:.3f} s" if found["conditions"] else "- | -"
    kilobytes = path.stat().st_size / 1000
    return f"| {shape} | {size:,} | {plain:.3f} s | {written:.3f} s | {again:.3f} s | {solvers} | {kilobytes:.0f} kB |"


def _z3(condition: dict[str, object]) -> object:
    question = {
        "text": condition["text"], "selectors": condition["selectors"], "wishes": [], "values": [],
        "rlimit": 30_000_000, "milliseconds": 60_000, "tidy": 0,
    }  # fmt: skip
    return shared_child().ask(question, 60)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100,1000")
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    print("| proof by | steps | proof | with certificate | recheck | Z3 | cvc5 | size |")
    print("|---|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for shape in RULES:
            for size in map(int, args.sizes.split(",")):
                print(row(shape, size, args.repeat, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
