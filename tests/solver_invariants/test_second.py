"""The second solver: agrees with the first, obeys its limits, and whatever it does wrong is `unknown`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck.solver import build as b
from wfcheck.solver import second
from wfcheck.solver.backend import Child, solve
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term
from wfcheck.solver.verdict import Sat, Unknown, Unsat

pytestmark = pytest.mark.skipif(not second.available(), reason="cvc5 is an extra")

X, Y, R = b.symbol("x", Sort.INT), b.symbol("y", Sort.INT), b.symbol("r", Sort.REAL)
P, T, U = b.symbol("p", Sort.BOOL), b.symbol("t", Sort.TEXT), b.symbol("u", Sort.TEXT)

numbers = st.recursive(
    st.sampled_from([X, Y, b.integer(0), b.integer(3), b.fn("f", Sort.INT, T), b.floor(R)]),
    lambda inner: st.one_of(
        st.builds(lambda a, c: b.add(a, c), inner, inner),
        st.builds(lambda n, a: b.mul(b.integer(n), a), st.integers(-3, 3), inner),
    ),
    max_leaves=4,
)
atoms = st.one_of(
    st.builds(b.le, numbers, numbers),
    st.builds(b.eq, numbers, numbers),
    st.sampled_from([P, b.eq(T, U), b.eq(T, b.text("a")), b.lt(R, b.real(X)), b.eq(U, b.text("b"))]),
)
formulas = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(b.not_, inner), st.builds(b.and_, inner, inner), st.builds(b.or_, inner, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(formulas, st.lists(formulas, max_size=3))
def test_two_solvers_never_disagree(formula: Term, assumed: list[Term]) -> None:
    named = [(f"a{i}", term) for i, term in enumerate(assumed)]
    first, other = solve(formula, named), second.check(formula, named)
    assert not isinstance(first, Unknown)
    assert other.status == ("sat" if isinstance(first, Sat) else "unsat")
    if isinstance(first, Unsat):
        kept = [(name, term) for name, term in named if name in other.core]
        assert isinstance(solve(formula, kept), Unsat)


@pytest.mark.parametrize(
    "text",
    [
        '(set-option :regular-output-channel "said")',
        "(assert true)(exit)",
        "(assert false)(reset)",
        "(define-fun-rec f ((x Int)) Bool (f x))",
        '(include "other")',
        "(assert missing)",
        "(assert (= 1",
        "(check-sat)",
    ],
)
def test_a_text_that_does_more_than_declare_and_assert_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert second.check_text(text).status == "unknown"
    assert not list(tmp_path.iterdir())


def test_a_selector_is_a_declared_name_and_nothing_else() -> None:
    text = "(declare-const a!0 Bool)(assert (=> a!0 false))"
    assert second.check_text(text, ["a!0"]) == second.Opinion("unsat", ("a!0",))
    assert second.check_text(text).status == "sat"
    assert second.check_text(text, ["(not a!0)"]).status == "unknown"
    assert second.check_text(text, ["a!1"]).status == "unknown"


def test_a_question_that_is_too_hard_is_unknown_in_time() -> None:
    a, c, d = (b.symbol(n, Sort.INT) for n in "acd")
    cubes = b.add(b.mul(a, b.mul(a, a)), b.mul(c, b.mul(c, c)), b.mul(d, b.mul(d, d)))
    assert second.check(b.eq(cubes, b.integer(114)), seconds=1.0).status == "unknown"
    assert second.check(b.and_(b.lt(X, Y), b.lt(Y, X))).status == "unsat"


READ = "import sys,struct,json,time\nn=struct.unpack('>I',sys.stdin.buffer.read(4))[0]\nq=json.loads(sys.stdin.buffer.read(n))\n"
SEND = (
    "d=json.dumps({'number':q['number'],**a}).encode()\nsys.stdout.buffer.write(struct.pack('>I',len(d))+d)\n"
)
FAULTS = {
    "hangs": READ + "time.sleep(60)",
    "dies": "raise SystemExit(1)",
    "answers another status": READ + "a={'status':'proved'}\n" + SEND,
    "claims an unknown core": READ + "a={'status':'unsat','core':['a!7']}\n" + SEND,
    "answers another question": READ + "a={'status':'unsat','core':[],'number':0}\n" + SEND,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_child_is_never_believed(fault: str) -> None:
    child = Child((sys.executable, "-c", FAULTS[fault]))
    try:
        opinion = second.check(b.lt(X, Y), seconds=0.5, child=child)
        assert opinion.status == "unknown"
        assert opinion.reason
    finally:
        child.close()


def test_without_cvc5_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "available", lambda: False)
    assert second.check(b.FALSE) == second.Opinion("unknown", (), "cvc5 is not installed")


def test_one_file_imports_cvc5_and_none_at_start() -> None:
    root = Path(__file__).parents[2]
    folders = [root / "solver", root / "checker", root / "src", root / "dsl"]
    found = [p.name for f in folders for p in sorted(f.rglob("*.py")) if "import cvc5" in p.read_text()]
    assert found == ["cvc5_backend.py"]
    code = "import sys, wfcheck.solver.second as s; s.available(); sys.exit('cvc5' in sys.modules or 'z3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
