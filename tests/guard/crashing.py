"""A host that goes on until it is killed: `python crashing.py LOG SEED SYNC`. Prints every answer after it was given."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from scenes import Host

import wfcheck
from wfcheck.checker.guard.answers import Answer


class Telling(Host):
    def attempt(self, event: wfcheck.Event) -> None:
        before = len(self.answers)
        super().attempt(event)
        for _, answer, _ in self.answers[before : before + 1]:
            tell(_told(answer))


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _told(answer: Answer) -> str:
    return f"{type(answer).__name__.lower()} {getattr(answer, 'rule', '')}".strip()


log, seed, sync = sys.argv[1], int(sys.argv[2]), sys.argv[3]
guard = wfcheck.Guard(
    Path(log).with_suffix(".policy").read_bytes(), log=log, sync="always" if sync == "always" else "written"
)
tell("ready")
host = Telling(guard, seed)
host.number = seed * 1_000_000
while True:
    host.run(50)
