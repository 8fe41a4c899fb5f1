"""Whatever the solver's process does wrong, the answer is Unknown and the next question is answered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wfcheck.solver import build as b
from wfcheck.solver.backend import Child, solve
from wfcheck.solver.sort import Sort
from wfcheck.solver.verdict import Limits, Sat, Unknown, Unsat

QUICK = Limits(seconds=0.5)
X = b.symbol("x", Sort.INT)
FAIR = b.lt(b.integer(3), X)

READ = """
import sys, struct, json, time
n = struct.unpack('>I', sys.stdin.buffer.read(4))[0]
q = json.loads(sys.stdin.buffer.read(n))
"""
SEND = """
d = json.dumps({'number': q['number'], **a} if isinstance(a, dict) else a).encode()
sys.stdout.buffer.write(struct.pack('>I', len(d)) + d)
sys.stdout.buffer.flush()
time.sleep(5)
"""
FAULTS = {
    "hangs": READ + "time.sleep(60)",
    "dies at once": "raise SystemExit(1)",
    "dies on the question": READ + "raise SystemExit(3)",
    "dies in the middle of the answer": READ + "sys.stdout.buffer.write(struct.pack('>I', 100) + b'{')",
    "answers no JSON": READ + "sys.stdout.buffer.write(struct.pack('>I', 3) + b'no!'); sys.stdout.buffer.flush(); time.sleep(5)",
    "answers a list": READ + "a = [1]\n" + SEND,
    "announces a huge answer": READ + "sys.stdout.buffer.write(b'\\xff\\xff\\xff\\xff'); sys.stdout.buffer.flush(); time.sleep(5)",
    "answers another status": READ + "a = {'status': 'proved'}\n" + SEND,
    "claims an unknown core": READ + "a = {'status': 'unsat', 'core': ['a!7']}\n" + SEND,
    "answers another question": READ + "a = {'status': 'unsat', 'core': [], 'number': 0}\n" + SEND,
    "gives no core": READ + "a = {'status': 'unsat'}\n" + SEND,
    "claims a model that is none": READ + "a = {'status': 'sat', 'values': {'s!0': '2'}}\n" + SEND,
    "gives a value that is no number": READ + "a = {'status': 'sat', 'values': {'s!0': 'x'}}\n" + SEND,
    "gives no values": READ + "a = {'status': 'sat'}\n" + SEND,
    "gives up": READ + "a = {'status': 'unknown', 'reason': 'canceled'}\n" + SEND,
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_child_is_never_believed(fault: str) -> None:
    child = Child((sys.executable, "-c", FAULTS[fault]))
    try:
        answer = solve(FAIR, limits=QUICK, child=child)
        assert isinstance(answer, Unknown)
        assert answer.reason
    finally:
        child.close()


def test_a_killed_child_is_started_again() -> None:
    child = Child()
    try:
        assert isinstance(solve(FAIR, child=child), Sat)
        process = child.start()
        process.kill()
        process.wait()
        assert isinstance(solve(FAIR, child=child), Sat)
        assert isinstance(solve(b.and_(FAIR, b.lt(X, b.integer(4))), child=child), Unsat)
    finally:
        child.close()


def test_an_interrupted_question_leaves_no_answer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child()

    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    try:
        assert isinstance(solve(FAIR, child=child), Sat)
        with monkeypatch.context() as patch:
            patch.setattr(Child, "_read", interrupted)
            with pytest.raises(KeyboardInterrupt):
                solve(FAIR, child=child)
        assert isinstance(solve(b.and_(FAIR, b.lt(X, b.ZERO)), child=child), Unsat)
    finally:
        child.close()


def test_a_question_that_is_too_hard_is_unknown_in_time() -> None:
    a, c, d = (b.symbol(n, Sort.INT) for n in "acd")
    cubes = b.add(b.mul(a, b.mul(a, a)), b.mul(c, b.mul(c, c)), b.mul(d, b.mul(d, d)))
    answer = solve(b.eq(cubes, b.integer(114)), limits=Limits(rlimit=3_000_000, seconds=2.0))
    assert isinstance(answer, Unknown)


def test_answers_are_repeatable() -> None:
    first = solve(FAIR, child=(one := Child()))
    second = solve(FAIR, child=(two := Child()))
    one.close()
    two.close()
    assert first == second


def test_the_core_names_only_what_was_needed() -> None:
    y = b.symbol("y", Sort.INT)
    facts = [("positive", b.lt(b.ZERO, X)), ("small", b.lt(y, b.integer(9))), ("equal", b.eq(X, y))]
    assert solve(b.lt(y, b.ZERO), facts) == Unsat(("equal", "positive"))


def test_importing_the_solver_does_not_import_z3() -> None:
    code = "import sys, wfcheck.solver.backend, wfcheck.checker.symbolic.execution; sys.exit('z3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_the_children_import_z3() -> None:
    root = Path(__file__).parents[2] / "solver"
    found = [p.name for p in sorted(root.rglob("*.py")) if "import z3" in p.read_text()]
    assert found == ["horn_backend.py", "z3_backend.py"]


def test_a_child_that_asks_to_be_replaced_is(monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child()
    monkeypatch.setattr(child, "_exchange", lambda _question, _deadline: {"status": "unsat", "retire": True})
    first = child.start()
    assert child.ask({}, 5) == {"status": "unsat", "retire": True}
    assert first.wait(5) is not None
    second = child.start()
    assert second.pid != first.pid
    child.close()
