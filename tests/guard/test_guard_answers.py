"""The guard's manners: what it answers to odd questions, and where it comes from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import wfcheck
from wfcheck import Allow, Ask, Deny, Event

SPEC = """
principal boss is human
principal clerk is agent
tool pay(to: text, amount: int) -> any { effect irreversible  returns {}  emits nothing }
tool note(text: text) -> any { effect write  returns {}  emits nothing }
workflow handle(request: text from {user}) as clerk { note(text: "begun") }
workflow other(request: text from {user}) { note(text: "begun") }
track spent: int = 0 { on pay(_, _): spent + amount }
policy money {
  approved: require approve(by: boss, shows: args) before pay(amount: > 10)
  kept: always spent <= 50
  ## Notes come before payments.
  noted: require note before pay
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "spec.wf"
    file.write_text(SPEC)
    return file


def call(tool: str, **args: object) -> Event:
    return Event(kind="call", seq=0, tool=tool, call=f"{tool}{sorted(args.items())}", args_requested=args)


def returned(event: Event) -> Event:
    return Event(kind="result", seq=0, tool=event.tool, call=event.call, result="ok")


def test_ask_then_allow_once(spec: Path) -> None:
    guard = wfcheck.Guard(spec)
    assert isinstance(guard.before(call("note", text="a")), Allow)
    assert guard.after(returned(call("note", text="a"))) == ()
    pay = call("pay", to="x", amount=20)
    assert guard.before(pay) == Ask("boss", {"to": "x", "amount": 20}, "pay", "money.approved")
    assert guard.before(pay) == guard.before(pay)  # asking changes nothing
    other = Event(kind="approve", seq=0, tool="pay", args_requested={"to": "y", "amount": 20}, actor="boss")
    guard.after(other)
    assert isinstance(guard.before(pay), Ask)  # an approval is for the very call
    guard.after(
        Event(kind="approve", seq=0, tool="pay", args_requested={"to": "x", "amount": 20}, actor="boss")
    )
    assert isinstance(guard.before(pay), Allow)
    guard.after(returned(pay))
    assert isinstance(guard.before(pay), Ask)  # and counts once


def test_no_question_where_an_approval_would_not_help(spec: Path) -> None:
    guard = wfcheck.Guard(spec)
    assert guard.before(call("pay", to="x", amount=20)) == Deny(
        "money.noted", "evidence missing before `pay`", "Notes come before payments."
    )
    guard.before(call("note", text="a"))
    guard.after(returned(call("note", text="a")))
    answer = guard.before(call("pay", to="x", amount=60))
    assert isinstance(answer, Deny)
    assert answer.rule == "money.kept"


def test_calls_under_way_count_together(spec: Path) -> None:
    """Each alone would keep the budget."""
    guard = wfcheck.Guard(spec, without="money.approved")
    guard.before(call("note", text="a"))
    guard.after(returned(call("note", text="a")))
    assert isinstance(guard.before(call("pay", to="x", amount=30)), Allow)
    answer = guard.before(call("pay", to="y", amount=30))
    assert isinstance(answer, Deny)
    assert (answer.rule, answer.because) == ("money.kept", "unknown")
    guard.after(Event(kind="fail", seq=0, tool="pay", call=call("pay", to="x", amount=30).call, error="no"))
    assert isinstance(guard.before(call("pay", to="y", amount=30)), Allow)


@pytest.mark.parametrize(
    "event",
    [
        Event(kind="result", seq=0, tool="note"),
        Event(kind="call", seq=0),
        {"kind": "nothing"},
        {"kind": "call", "tool": 3},
        {"kind": "call", "tool": "note", "more": 1},
        {},
        None,
        7,
    ],
)
def test_what_is_no_attempt_is_denied(spec: Path, event: object) -> None:
    guard = wfcheck.Guard(spec)
    answer = guard.before(event)  # type: ignore[arg-type]
    assert isinstance(answer, Deny)
    assert answer.because == "error"
    assert isinstance(guard.before(call("note", text="a")), Allow)


def test_what_is_not_known_is_denied(spec: Path) -> None:
    guard = wfcheck.Guard(spec)
    guard.before(call("note", text="a"))
    guard.after(returned(call("note", text="a")))
    answer = guard.before(Event(kind="call", seq=0, tool="pay", args_requested={"to": "x"}))
    assert isinstance(answer, Deny)
    assert answer.because == "unknown"


@pytest.mark.parametrize("asked", ["clear", "decide"])
def test_an_exception_is_a_denial(spec: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """Whichever way the question takes, when it is judged and when it counts."""
    guard = wfcheck.Guard(spec)
    decider = type(guard._decider)
    if asked == "decide":
        monkeypatch.setattr(decider, "clear", lambda *_: False)
    with monkeypatch.context() as judging:
        judging.setattr(decider, asked, lambda *_: 1 / 0)
        answer = guard.before(call("note", text="a"))
        assert isinstance(answer, Deny)
        assert answer.rule == "guard"
    guard.after(Event(kind="input", seq=0, actor="user", text="hello"))
    assert isinstance(guard.before(call("note", text="a")), Allow)  # nothing had happened
    with monkeypatch.context() as counting:
        counting.setattr(decider, "skip" if asked == "clear" else "settle", lambda *_: 1 / 0)
        assert isinstance(guard.before(call("note", text="b")), Deny)
    assert isinstance(guard.before(call("note", text="b")), Deny)  # half of it may have happened


def test_what_is_not_understood_closes_the_guard(spec: Path) -> None:
    guard = wfcheck.Guard(spec)
    (breach,) = guard.after({"kind": "nothing"})
    assert breach.rule == "guard"
    assert isinstance(guard.before(call("note", text="a")), Deny)


def test_a_breach_that_nobody_could_stop_is_told(spec: Path) -> None:
    guard = wfcheck.Guard(spec)
    (breach,) = guard.after(call("pay", to="x", amount=1))
    assert (breach.rule, breach.sure) == ("money.noted", True)


def test_unknown_names(spec: Path) -> None:
    for wrong in ({"workflow": "nobody"}, {"without": "money.nothing"}):
        with pytest.raises(wfcheck.WfError, match="WF806"):
            wfcheck.Guard(spec, **wrong)  # type: ignore[arg-type]


def test_a_compiled_policy_needs_no_parser(spec: Path, tmp_path: Path) -> None:
    policy = wfcheck.compile_guard(spec, "handle")
    file = tmp_path / "policy"
    file.write_bytes(policy.data)
    assert policy.data == wfcheck.compile_guard(spec, "handle").data
    assert (
        wfcheck.GuardPolicy.read(policy.data).hash == policy.hash != wfcheck.compile_guard(spec, "other").hash
    )
    code = f"""
import sys, wfcheck
guard = wfcheck.Guard(open({str(file)!r}, "rb").read())
answer = guard.before({{"kind": "call", "tool": "pay", "args_requested": {{"to": "x", "amount": 1}}}})
print(answer.rule, sorted({{"z3", "lark", "networkx", "wfcheck.dsl.parsing.parser"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "money.noted []\n"


def test_changed_policies_are_refused(spec: Path) -> None:
    data = wfcheck.compile_guard(spec).data
    for place in range(0, len(data) - 1, max(1, len(data) // 60)):
        with pytest.raises(wfcheck.WfError, match="WF814"):
            wfcheck.GuardPolicy.read(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    for odd in (b"", b"{}", b"null\nnull\n", data[:-40], b"\xff" * 10):
        with pytest.raises(wfcheck.WfError, match="WF814"):
            wfcheck.GuardPolicy.read(odd)


def test_no_question_that_would_itself_break_a_rule(tmp_path: Path) -> None:
    file = tmp_path / "secret.wf"
    file.write_text("""
secrecy hr
principal boss is human
principal clerk is agent
tool look(q: text) -> text { effect read  returns {hr}  emits nothing }
tool post(text: text) -> any { effect irreversible  returns {}  emits nothing }
policy p {
  approved: require approve(by: boss, shows: args) before post
  quiet: forbid flow hr -> boss
}
""")
    guard = wfcheck.Guard(file)
    assert isinstance(guard.before(call("post", text="hello")), Ask)
    guard.before(call("look", q="x"))
    guard.after(
        Event(kind="result", seq=0, tool="look", call=call("look", q="x").call, result="salary 7731 XQ-44-Z")
    )
    answer = guard.before(call("post", text="salary 7731 XQ-44-Z"))
    assert isinstance(answer, Deny)
    assert answer.rule == "p.approved"
    assert "`p.quiet`" in answer.reason
