"""The decision log: a guard killed at any point goes on with the same answers; a log that was touched is refused."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

import wfcheck
from wfcheck import Allow, Deny, Event
from wfcheck.checker.guard.answers import Answer
from wfcheck.checker.guard.guard import Guard
from wfcheck.checker.guard.policy import GuardPolicy

HERE = Path(__file__).parent
RULES = (
    "order.approved",
    "order.logged",
    "order.per_to",
    "order.sum",
    "order.window",
    "order.kept",
    "order.streak",
)


@pytest.fixture(scope="module")
def policy() -> GuardPolicy:
    program = wfcheck.load(HERE / "guarded.wf").program
    return GuardPolicy.of(program, None, [r.name for r in program.rules if r.name not in RULES])


def _again(policy: GuardPolicy, log: Path) -> tuple[Guard, list[str]]:
    """A guard without a log that is told the same, and the answers that it gave."""
    guard, answers = Guard(policy), []
    for line in log.read_bytes().splitlines()[1:]:
        record = msgspec.json.decode(line)
        event = msgspec.convert(record["event"], Event)
        if record["op"] == "after":
            guard.after(event)
        else:
            answers.append(_told(guard.before(event)))
            assert answers[-1] == f"{record['answer']} {record['rule']}".strip()
    return guard, answers


def _told(answer: Answer) -> str:
    return f"{type(answer).__name__.lower()} {getattr(answer, 'rule', '')}".strip()


def _probes() -> list[Event]:
    where = {"session": "s", "time": "2026-01-02T00:00:00", "actor": "clerk"}
    made = []
    for number in range(30):
        rng = random.Random(number)
        tool = rng.choice(("pay", "log", "wipe", "fetch"))
        args = {
            "pay": {"to": rng.choice("ab"), "amount": rng.randint(1, 5)},
            "log": {"to": rng.choice("ab")},
        }.get(tool, {})
        run = rng.choice(("r1", "r2"))
        made.append(
            Event(kind="call", seq=0, tool=tool, call=f"p{number}", args_requested=args, run=run, **where)
        )
    return made


@pytest.mark.parametrize("sync", ["always", "written"])
def test_a_killed_guard_goes_on(policy: GuardPolicy, tmp_path: Path, sync: str) -> None:
    log = tmp_path / "log.jsonl"
    log.with_suffix(".policy").write_bytes(policy.data)
    given: list[str] = []
    rng = random.Random(sync)
    for round_ in range(6):
        command = [sys.executable, str(HERE / "crashing.py"), str(log), str(round_), sync]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            given += [child.stdout.readline().strip() for _ in range(rng.randrange(10, 60))]
            time.sleep(rng.random() * 0.01)
            child.send_signal(signal.SIGKILL)
            given += [line.strip() for line in child.stdout if line.endswith("\n")]
        with Guard(policy, log, "written") as restored:
            assert restored.head is not None
            twin, answers = _again(policy, log)
            assert restored.head[0] == len(log.read_bytes().splitlines()) - 1
            assert [_told(restored.before(e)) for e in _probes()] == [
                _told(twin.before(e)) for e in _probes()
            ]
    assert len(given) > 50
    kept = iter(answers)
    assert all(told in kept for told in given)  # in this order: no answer was given that is not in the log


def _filled(policy: GuardPolicy, log: Path) -> list[bytes]:
    with Guard(policy, log, "written") as guard:
        for event in _probes()[:8]:
            guard.before(event)
    return log.read_bytes().splitlines(keepends=True)


def _refused(policy: GuardPolicy, log: Path) -> str:
    with pytest.raises(wfcheck.WfError) as caught:
        Guard(policy, log)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "WF813"
    return diagnostic.message


def test_a_last_line_that_was_cut_off_is_dropped(policy: GuardPolicy, tmp_path: Path) -> None:
    """At every place at which the writing can have ended, before the line was acknowledged."""
    log = tmp_path / "log"
    lines = _filled(policy, log)
    whole = b"".join(lines)
    torn = lines[-1]
    for cut in (1, 5, len(torn) // 2, len(torn) - 1):
        log.write_bytes(whole + torn[:cut])
        with Guard(policy, log) as guard:
            assert guard.head is not None
            assert guard.head[0] == 8
            assert guard.head[1].encode() in whole.splitlines()[-1]
        assert log.read_bytes() == whole


def test_an_acknowledged_line_that_is_cut_off_is_missed(policy: GuardPolicy, tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = _filled(policy, log)
    whole = b"".join(lines)
    for cut in (1, len(lines[-1]) - 1, len(lines[-1]), len(lines[-1]) + len(lines[-2])):
        log.write_bytes(whole[:-cut])
        assert "not all there" in _refused(policy, log)


def test_every_changed_byte_is_noticed(policy: GuardPolicy, tmp_path: Path) -> None:
    log = tmp_path / "log"
    whole = b"".join(_filled(policy, log))
    rng = random.Random(3)
    for place in sorted(rng.sample(range(len(whole) - 1), 150)):
        log.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        _refused(policy, log)


@pytest.mark.parametrize("change", ["dropped", "swapped", "doubled"])
def test_lines_are_chained(policy: GuardPolicy, tmp_path: Path, change: str) -> None:
    log = tmp_path / "log"
    lines = _filled(policy, log)
    made = {
        "dropped": [*lines[:3], *lines[4:]],
        "swapped": [*lines[:3], lines[4], lines[3], *lines[5:]],
        "doubled": [*lines[:4], lines[3], *lines[4:]],
    }[change]
    log.write_bytes(b"".join(made))
    assert "was changed, or a line before it is missing" in _refused(policy, log)


def test_the_mark_beside_the_log_is_needed(policy: GuardPolicy, tmp_path: Path) -> None:
    log = tmp_path / "log"
    _filled(policy, log)
    head = Path(f"{log}.head")
    kept = head.read_bytes()
    head.unlink()
    assert "is missing" in _refused(policy, log)
    head.write_bytes(kept[:-2])
    assert "was changed" in _refused(policy, log)


def test_one_guard_a_log_and_one_policy(policy: GuardPolicy, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Guard(policy, log):
        assert "another guard" in _refused(policy, log)
    assert "another policy" in _refused(GuardPolicy.of(policy.program), log)


def test_forged_answers_are_noticed(policy: GuardPolicy, tmp_path: Path) -> None:
    """Whoever can compute hashes still cannot make the policy say something else."""
    import hashlib

    log = tmp_path / "log"
    lines = _filled(policy, log)
    assert any(b'"answer":"deny"' in line for line in lines)
    last, forged = b"", []
    for line in lines:
        body = line[: -len(b',"sha256":"') - 64 - 3].replace(b'"answer":"deny"', b'"answer":"allow"')
        last = hashlib.sha256(last + body).hexdigest().encode()
        forged.append(b'%b,"sha256":"%b"}\n' % (body, last))
    log.write_bytes(b"".join(forged))
    Path(f"{log}.head").write_bytes(b"%020d %b\n" % (len(forged) - 1, last) * 2)
    assert "its policy gives another answer" in _refused(policy, log)


def test_a_log_that_cannot_be_written_denies(
    policy: GuardPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = Guard(policy, tmp_path / "log")
    allowed = Event(kind="call", seq=0, tool="log", call="1", args_requested={"to": "a"}, actor="clerk")
    monkeypatch.setattr("os.write", lambda *_: 0)
    assert isinstance(guard.before(allowed), Deny)
    monkeypatch.undo()
    assert isinstance(guard.before(allowed), Deny)  # what the log holds is not known any more


def test_values_that_a_log_cannot_hold_deny(policy: GuardPolicy, tmp_path: Path) -> None:
    with Guard(policy, tmp_path / "log") as guard:
        for odd in (object(), {3: object()}, "\ud800"):
            bad = Event(kind="call", seq=0, tool="log", call="1", args_requested={"to": odd}, actor="clerk")
            assert isinstance(guard.before(bad), Deny)
        fine = Event(kind="call", seq=0, tool="log", call="1", args_requested={"to": "a"}, actor="clerk")
        assert isinstance(guard.before(fine), Allow)
