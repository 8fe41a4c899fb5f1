"""A guard that is killed again and again, at any point of its work, answers as one that never was.

Children of this process guard a random host and are killed from outside after a random time, or kill themselves halfway through a
write. More rounds with `WFCHECK_FUZZ_SECONDS`."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import msgspec
import pytest

import wfcheck
from wfcheck.checker.guard import snapshot
from wfcheck.checker.guard.answers import Answer
from wfcheck.checker.guard.guard import Guard
from wfcheck.checker.guard.log import decoded
from wfcheck.checker.guard.mark import SLOT, Mark
from wfcheck.checker.guard.policy import GuardPolicy
from wfcheck.checker.traces.event import Event

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("WFCHECK_FUZZ_SECONDS", "0"))
ROUNDS = 120
TRACED = ("order.payee", "order.secret")
KEPT = 150
"""So many lines lie between two states that are written down."""


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def policies() -> list[GuardPolicy]:
    """Without rules about where values came from; several rules at a time."""
    program = wfcheck.load(HERE / "guarded.wf").program
    names = [rule.name for rule in program.rules]
    rng = random.Random(3)
    made = []
    for _ in range(6):
        some = rng.sample([n for n in names if n not in TRACED], 5)
        made.append(GuardPolicy.of(program, None, [n for n in names if n not in some]))
    return made


def told(answer: Answer) -> str:
    return f"{type(answer).__name__.lower()} {getattr(answer, 'rule', '')}".strip()


def _child(policy: GuardPolicy, log: Path, seed: int, pipe: int, harm: str) -> NoReturn:
    """Guards a host until it is killed."""
    rng = random.Random(seed)
    _harmed(rng, harm)
    guard = Guard(policy, log, "written", state_every=KEPT)
    host: Any = _module("scenes").Host(guard, seed)
    host.number = seed * 1_000_000
    host.clock = (
        host.clock.replace(minute=0) + (host.clock.replace(minute=1) - host.clock.replace(minute=0)) * seed
    )
    given = 0
    while True:
        host.run(1)
        for _, answer, _ in host.answers[given:]:
            os.write(pipe, f"{told(answer)}\n".encode())
        given = len(host.answers)


def _harmed(rng: random.Random, harm: str) -> None:
    """Let this process end itself halfway through a step, after some time."""
    left = rng.randrange(1, 120)

    def late() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    def die() -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    write, mark, replace = os.write, Mark.write, Path.replace
    if harm == "line":

        def torn(file: int, data: bytes) -> int:
            if b'"sha256"' in data and late():
                write(file, data[: rng.randrange(len(data))])
                die()
            return write(file, data)

        os.write = torn
    elif harm == "mark":

        def marked(self: Mark, count: int, digest: bytes) -> None:
            if late() and self.memory is not None:
                at, cut = (SLOT if count & 1 else 0), rng.randrange(SLOT)
                self.memory[at : at + cut] = (b"%020d %b\n" % (count, digest))[:cut]
                die()
            mark(self, count, digest)

        Mark.write = marked  # type: ignore[method-assign]
    elif harm == "state":
        snapshot._write = lambda path, body, _: (path.write_bytes(body[: rng.randrange(len(body))]), die())
    elif harm == "rename":
        Path.replace = lambda self, other: die() if rng.random() < 0.7 else replace(self, other)  # type: ignore[method-assign,assignment]


def _killed(policy: GuardPolicy, log: Path, seed: int, rng: random.Random) -> list[str]:
    """The answers that a guard gave before it was killed."""
    harm = rng.choice(("outside", "outside", "line", "mark", "state", "rename"))
    out, pipe = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(out)
            _child(policy, log, seed, pipe, harm)
        finally:
            os._exit(3)
    os.close(pipe)
    with os.fdopen(out, "rb") as stream:
        if harm == "outside":
            data = os.read(out, 1)
            time.sleep(rng.random() * 0.03)
            os.kill(child, signal.SIGKILL)
            data += stream.read()
        else:
            data = _until_dead(stream, child)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the guard ended by itself"
    return [line.decode() for line in data.split(b"\n")[:-1]]


def _until_dead(stream: Any, child: int) -> bytes:
    """What a child says that ends itself; the others are killed when they have said enough."""
    said = b""
    while chunk := os.read(stream.fileno(), 1 << 16):
        said += chunk
        if said.count(b"\n") > 400:
            os.kill(child, signal.SIGKILL)
            said += stream.read()
            break
    return said


class Twin:
    """A guard that is never killed, and told what the log says."""

    def __init__(self, policy: GuardPolicy, log: Path) -> None:
        self.guard, self.log, self.read, self.answers = Guard(policy), log, 0, 0

    def follow(self) -> list[str]:
        """Take in the new lines; the answers that they hold."""
        with self.log.open("rb") as file:
            file.seek(self.read)
            lines = file.readlines()
        given = []
        for line in lines:
            assert line.endswith(b"\n")
            self.read += len(line)
            record = msgspec.json.decode(line)
            if record.get("op") == "after":
                self.guard.after(_event(record))
            elif record.get("op") == "before":
                given.append(told(self.guard.before(_event(record))))
                assert given[-1] == f"{record['answer']} {record['rule']}".strip()
        return given


def _event(record: dict[str, Any]) -> Event:
    return decoded(msgspec.json.encode(record["event"]))


def _probes(rng: random.Random) -> list[Event]:
    made = []
    for number in range(8):
        tool = rng.choice(("pay", "log", "wipe", "fetch"))
        args: dict[str, Any] = {
            "pay": {"to": rng.choice("ab"), "amount": rng.randint(1, 5)},
            "log": {"to": rng.choice("ab")},
            "fetch": {"who": ["a"]},
            "wipe": {},
        }[tool]
        made.append(
            Event(
                kind="call", seq=0, tool=tool, call=f"p{number}", args_requested=args, actor="clerk", session="s",
                run=rng.choice(("r1", "r2")), time="2026-01-02T00:00:00",
            )
        )  # fmt: skip
    return made


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("number", range(6))
def test_killed_hundreds_of_times(policies: list[GuardPolicy], tmp_path: Path, number: int) -> None:
    policy, log = policies[number], tmp_path / "log"
    rng, twin, kills, given = random.Random(number), Twin(policies[number], tmp_path / "log"), 0, 0
    until = time.monotonic() + SECONDS / 6
    while kills < ROUNDS // 6 or time.monotonic() < until:
        kills += 1
        answers = _killed(policy, log, 1000 * number + kills, rng)
        with Guard(policy, log, "written", state_every=KEPT) as restored:
            logged = iter(twin.follow())
            assert all(
                answer in logged for answer in answers
            )  # in this order: none was given that is not in the log
            given += len(answers)
            for probe in _probes(rng):
                assert told(restored.before(probe)) == told(twin.guard.before(probe)), (kills, probe)
            twin.read = log.stat().st_size
    assert given > kills


def test_a_start_takes_in_what_came_after_the_state_only(
    policies: list[GuardPolicy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[object] = []
    again = Guard._again
    monkeypatch.setattr(Guard, "_again", lambda self, record: taken.append(record) or again(self, record))
    for policy in policies:
        log = tmp_path / policy.hash
        twin = Twin(policy, log)
        for number in range(4):
            with Guard(policy, log, "written", state_every=40) as guard:
                host = _module("scenes").Host(guard, number)
                host.number = number * 1000
                host.run(60)
                twin.follow()
                count = guard.head and guard.head[0]
            taken.clear()
            with Guard(policy, log, "written", state_every=40) as guard:
                assert len(taken) < 45 < (count or 0)
                for probe in _probes(random.Random(number)):
                    assert told(guard.before(probe)) == told(twin.guard.before(probe))
                twin.read = log.stat().st_size


def _with_state(policy: GuardPolicy, log: Path) -> Path:
    with Guard(policy, log, "written", state_every=30) as guard:
        _module("scenes").Host(guard, 5).run(60)
    state = snapshot.path_of(log)
    assert state.exists()
    return state


def test_a_state_that_its_line_does_not_vouch_for_is_not_used(
    policies: list[GuardPolicy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    state = _with_state(policies[0], log)
    whole = state.read_bytes()
    starts: list[object] = []
    read = snapshot.read_state
    monkeypatch.setattr(
        "wfcheck.checker.guard.guard.read_state", lambda *given: starts.append(read(*given)) or starts[-1]
    )
    rng = random.Random(1)
    changed = [
        whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in rng.sample(range(len(whole)), 60)
    ]
    for data in (b"", whole[:-1], whole * 2, b"\xff\n\xff", *changed):
        state.write_bytes(data)
        with Guard(policies[0], log, "written", state_every=0) as guard:
            assert guard.head is not None
    assert starts == [None] * len(starts)
    state.write_bytes(whole)
    Guard(policies[0], log, "written", state_every=0).close()
    assert starts[-1] is not None


def test_lines_after_the_state_are_still_insisted_on(policies: list[GuardPolicy], tmp_path: Path) -> None:
    log = tmp_path / "log"
    _with_state(policies[0], log)
    lines = log.read_bytes().splitlines(keepends=True)
    for cut in (
        lines[:-1],
        [*lines[:-3], lines[-1]],
        [*lines[:-1], lines[-1].replace(b'"seq":0', b'"seq":1')],
    ):
        log.write_bytes(b"".join(cut))
        with pytest.raises(wfcheck.WfError, match="WF813"):
            Guard(policies[0], log)
