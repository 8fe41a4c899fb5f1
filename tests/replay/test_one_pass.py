"""One pass over what is read, event by event: the same verdicts as of whole traces, whatever is forgotten on the way."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Sequence
from pathlib import Path

import attrs
import msgspec
import pytest

from wfcheck import stdlib
from wfcheck.checker.conformance.model import Compiled
from wfcheck.checker.replay import keeping
from wfcheck.checker.replay.judges import judged
from wfcheck.checker.replay.judging import Judged, Setting, judge_whole
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.run import replay
from wfcheck.checker.traces import disorder
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.registry import read_traces, stream_traces
from wfcheck.checker.traces.trace import Opened, Problem, Trace
from wfcheck.dsl.elaboration.elaborate import load

HERE = Path(__file__).parent
HEADER = '{"format": "wftrace", "version": 1}\n'


def _random_events(rng: random.Random, length: int) -> list[Event]:
    spec = importlib.util.spec_from_file_location("random_events", HERE / "random_events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.random_events(rng, length))


@pytest.fixture(scope="module")
def policy() -> CompiledPolicy:
    program, _ = load([HERE / "rules.wf"], library=stdlib.load)
    return compile_policy(program)


def _write(path: Path, events: Sequence[Event]) -> Path:
    lines = (msgspec.json.encode(event).decode() for event in events)
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _told(found: Judged) -> dict[str, tuple[object, ...]]:
    return {
        r.rule: (r.verdict, r.reason, tuple(m.event for m in r.breaks), r.blame and r.blame.mark.event)
        for r in found.results
    }


def _some(policy: CompiledPolicy, rng: random.Random) -> CompiledPolicy:
    count = rng.choice((1, 2, 5, len(policy.rules)))
    return compile_policy(attrs.evolve(policy.program, rules=tuple(rng.sample(policy.program.rules, count))))


@pytest.mark.parametrize("seed", range(60))
def test_looking_ahead_only_where_it_is_asked_for_changes_nothing(policy: CompiledPolicy, seed: int) -> None:
    rng = random.Random(seed)
    chosen = _some(policy, rng)
    trace = Trace("t", "t", 1, "wftrace", tuple(_random_events(rng, 50)))
    assert _told(judge_whole(Setting.of(chosen), trace)) == _told(judge_whole(Setting(chosen), trace))


@pytest.mark.parametrize("ahead", [1, 2, 5])
@pytest.mark.parametrize("seed", range(30))
def test_a_narrow_window_leaves_open_and_never_errs(policy: CompiledPolicy, seed: int, ahead: int) -> None:
    trace = Trace("t", "t", 1, "wftrace", tuple(_random_events(random.Random(seed), 50)))
    whole = judge_whole(Setting(policy), trace)
    narrow = judge_whole(Setting(policy, ahead=ahead), trace)
    for full, less in zip(whole.results, narrow.results, strict=True):
        assert less.verdict in (full.verdict, "insufficient"), (full, less)
        assert {m.event for m in less.breaks} <= {m.event for m in full.breaks}


@pytest.mark.parametrize("seed", range(20))
def test_traces_that_take_turns_in_a_file_are_judged_apart(
    policy: CompiledPolicy, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    apart = {
        name: [msgspec.structs.replace(e, trace=name) for e in _random_events(rng, 25)] for name in "abc"
    }
    left = {name: list(events) for name, events in apart.items()}
    mixed: list[Event] = []
    while any(left.values()):
        name = rng.choice([name for name, events in left.items() if events])
        mixed.append(left[name].pop(0))
    path = _write(tmp_path / "mixed.wftrace.jsonl", mixed)
    found = {
        f.trace.rpartition("#")[2]: f
        for f in judged(Setting.of(policy), stream_traces([path]))
        if isinstance(f, Judged)
    }
    assert found.keys() == apart.keys()
    for name, events in apart.items():
        alone = judge_whole(Setting.of(policy), Trace(name, "f", 1, "wftrace", tuple(events)))
        assert _told(found[name]) == _told(alone)
    order = list(dict.fromkeys(event.trace for event in mixed))
    assert list(found) == order


@pytest.mark.parametrize("linger", [0, 3, 20])
@pytest.mark.parametrize("seed", range(25))
def test_a_forgotten_run_that_goes_on_settles_nothing(policy: CompiledPolicy, seed: int, linger: int) -> None:
    trace = Trace("t", "t", 1, "wftrace", tuple(_random_events(random.Random(seed), 60)))
    whole, short = judge_whole(Setting(policy), trace), judge_whole(Setting(policy, linger=linger), trace)
    for full, less in zip(whole.results, short.results, strict=True):
        assert less.verdict in (full.verdict, "insufficient"), (full, less)
        assert {m.event for m in less.breaks} <= {m.event for m in full.breaks}, (full, less)


@pytest.mark.parametrize("seed", range(10))
def test_runs_that_ended_for_good_are_forgotten_without_a_trace(policy: CompiledPolicy, seed: int) -> None:
    events = []
    for number in range(8):
        part = [e for e in _random_events(random.Random(seed * 100 + number), 12) if e.kind != "end"]
        named = [msgspec.structs.replace(e, session="s", run=f"r{number}") for e in part]
        events += [*named, Event(kind="end", seq=0, session="s", run=f"r{number}")]
    trace = Trace("t", "t", 1, "wftrace", tuple(events))
    whole, short = judge_whole(Setting(policy), trace), judge_whole(Setting(policy, linger=0), trace)
    assert _told(whole) == _told(short)


def test_what_is_kept_does_not_grow_with_the_runs(policy: CompiledPolicy) -> None:
    from wfcheck.checker.replay.judging import Judge

    program = attrs.evolve(policy.program, registers={}, rules=policy.program.rules[:12])
    small = compile_policy(program)
    judge, kept = Judge.start(Setting(small, linger=50), "t", "wftrace", {}), []
    part = [e for e in _random_events(random.Random(3), 12) if e.kind not in ("end", "approve")]
    for number in range(400):
        for event in (*part, Event(kind="end", seq=0)):
            judge.read(event)
            judge.take(msgspec.structs.replace(event, session="s", run=f"r{number}", call=None))
        passing = judge.passing
        assert passing is not None
        kept.append((len(passing.watch.places), len(passing.endings.ended)))
    assert max(kept[200:]) == max(kept[20:60])


def test_breaches_are_listed_up_to_a_number(policy: CompiledPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace("t", "t", 1, "wftrace", tuple(_random_events(random.Random(1), 60)))
    full = {r.rule: r.breaks for r in judge_whole(Setting(policy), trace).results}
    assert max(map(len, full.values())) > 2
    monkeypatch.setattr(keeping, "BREAKS", 2)
    few = judge_whole(Setting(policy), trace)
    for result in few.results:
        assert result.breaks == full[result.rule][:2] or len(result.breaks) < 2


def _two(tmp_path: Path, second: str) -> Path:
    lines = [
        '{"kind": "input", "seq": 0, "trace": "a", "actor": "user", "text": "x"}',
        '{"kind": "input", "seq": 0, "trace": "b", "actor": "user", "text": "x"}',
        second,
        '{"kind": "end", "seq": 5, "trace": "a"}',
        '{"kind": "end", "seq": 5, "trace": "b"}',
    ]
    path = tmp_path / "two.wftrace.jsonl"
    path.write_text(HEADER + "\n".join(lines), encoding="utf-8")
    return path


def test_an_event_out_of_order_drops_its_trace_alone(policy: CompiledPolicy, tmp_path: Path) -> None:
    path = _two(tmp_path, '{"kind": "input", "seq": 0, "trace": "a"}')
    strict = replay(policy.program, [path])
    assert {r.trace for r in strict.results} == {f"{path}#b"}
    assert [d.code for d in strict.diagnostics] == ["WF712"]
    assert all(r.verdict != "holds" for r in strict.results)
    lenient = replay(policy.program, [path], lenient=True)
    assert {r.trace for r in lenient.results} == {f"{path}#a", f"{path}#b"}
    assert not lenient.diagnostics
    assert all(r.verdict != "holds" for r in lenient.results)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"kind": "result", "seq": 1, "trace": "a", "tool": "pay", "call": "c"}', "WF709"),
        ('{"kind": "call", "seq": 1, "trace": "a"}', "WF707"),
        ("{", "WF703"),
        ('{"kind": "call", "seq": "1"}', "WF707"),
    ],
)
def test_what_cannot_be_read_is_lost_to_all_traces_of_the_file(
    policy: CompiledPolicy, tmp_path: Path, line: str, code: str
) -> None:
    report = replay(policy.program, [_two(tmp_path, line)])
    assert [d.code for d in report.diagnostics] == [code]
    assert report.results
    assert all(r.verdict != "holds" for r in report.results)
    plain = replay(policy.program, [_two(tmp_path, '{"kind": "say", "seq": 1, "trace": "a", "text": ""}')])
    assert any(r.verdict == "holds" for r in plain.results)


def test_a_trace_that_was_silent_long_is_paused(
    policy: CompiledPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [
        Event(kind="input", seq=seq, trace=f"t{number}", actor="user", text="x")
        for number in range(6)
        for seq in range(3)
    ]
    path = _write(tmp_path / "many.wftrace.jsonl", events)
    usual = replay(policy.program, [path])
    monkeypatch.setattr("wfcheck.checker.traces.native.stream_native.__defaults__", (1 << 20, 2))
    assert replay(policy.program, [path]) == usual
    _write(path, [*events, Event(kind="end", seq=9, trace="t0")])
    late = replay(policy.program, [path])
    assert [d.message for d in late.diagnostics] == [f"the trace goes on after {disorder.MANY} other ones"]
    assert {r.trace for r in late.results} == {f"{path}#t{n}" for n in range(1, 6)}
    assert all(r.verdict != "holds" for r in late.results)


def test_calls_that_were_never_answered_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disorder, "REMEMBERED", 10)
    group = disorder.Group(Opened("t", "t", 1, "wftrace", {}))
    for number in range(100):
        assert group.admits(Event(kind="call", seq=number, tool="t", call=f"c{number}", id=f"i{number}"))
        assert len(group.calls) + len(group.old_calls) <= 20
        assert len(group.ids) + len(group.old_ids) <= 20
    assert group.admits(Event(kind="result", seq=100, tool="t", call="c3"))
    assert group.admits(Event(kind="result", seq=101, tool="t", call="c97"))
    assert not group.admits(Event(kind="result", seq=102, tool="t", call="c97"))
    assert not group.admits(Event(kind="result", seq=102, tool="u", call="c99"))
    assert not group.admits(Event(kind="call", seq=102, tool="t", call="c98"))
    assert not group.admits(Event(kind="input", seq=102, id="i97"))
    assert group.admits(Event(kind="call", seq=102, tool="t", call="new", id="new"))


def test_a_file_that_breaks_off_says_nothing_of_its_traces(policy: CompiledPolicy, tmp_path: Path) -> None:
    import gzip

    events = [
        Event(kind="input", seq=n, actor="user", text=str(random.Random(n).random())) for n in range(4000)
    ]
    plain = _write(tmp_path / "a.wftrace.jsonl", events)
    packed = tmp_path / "b.wftrace.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes())[:-2000])
    report = replay(policy.program, [packed, plain])
    assert [d.code for d in report.diagnostics] == ["WF713"]
    assert {r.trace for r in report.results} == {str(plain)}
    assert report.results == replay(policy.program, [plain]).results


def test_whole_traces_are_those_that_are_streamed(tmp_path: Path) -> None:
    made = _random_events(random.Random(2), 40)
    events = [msgspec.structs.replace(e, trace=e.session or "") for e in made]
    path = _write(tmp_path / "a.wftrace.jsonl", events)
    whole = {t.name: list(t.events) for t in read_traces([path]) if isinstance(t, Trace)}
    streamed: dict[str, list[Event]] = {}
    for piece in stream_traces([path]):
        assert not isinstance(piece, Problem)
        if isinstance(piece, tuple):
            streamed.setdefault(piece[0].name, []).extend(piece[1])
    assert whole == streamed
    assert {e.source.line for events_ in whole.values() for e in events_ if e.source} == set(
        range(2, len(events) + 2)
    )


class Seen:
    """Keeps all it is shown."""

    def __init__(self) -> None:
        self.indices: list[int] = []
        self.pinned: list[int] = []

    def see(self, index: int, event: Event, places: tuple[tuple[str, str], ...] = ()) -> None:
        del event, places
        self.indices.append(index)

    def pin(self, index: int) -> None:
        assert self.indices[-1] == index
        self.pinned.append(index)

    def done(self) -> object:
        return self


@pytest.mark.parametrize("spec", ["rules.wf", "bank.wf"])
def test_a_recorder_sees_every_event_and_is_told_which_are_spoken_of(spec: str) -> None:
    program, _ = load([HERE / spec], library=stdlib.load)
    trace = Trace("t", "t", 1, "wftrace", tuple(_random_events(random.Random(4), 60)))
    report = replay(program, [trace], recorder=lambda _name: Seen())
    ((name, seen),) = report.recorded
    assert name == "t"
    assert isinstance(seen, Seen)
    assert seen.indices == list(range(len(trace.events)))
    marks = {m.event for r in report.results for m in r.breaks}
    assert marks <= set(seen.pinned)
    assert json.dumps(report.json())
    assert Compiled(program, compile_policy(program).tables).program is program


def test_what_hosts_do_not_record_is_kept_once_for_a_session(tmp_path: Path) -> None:
    spec = tmp_path / "flow.wf"
    spec.write_text(
        "principal bot is agent\n"
        "tool fetch(n: int) -> text { effect read returns {} }\n"
        "policy p { few: limit count(fetch) <= 1 per run }\n"
        "workflow chat(go: text from {user}) as bot { agent helper(go) may { fetch } max 9 steps }\n",
        encoding="utf-8",
    )
    program, problems = load([spec], library=stdlib.load)
    assert not [p for p in problems if p.severity.value == "error"], problems
    events: list[Event] = []
    for number in range(40):
        told = {"session": "s", "run": f"r{number}"}
        events.append(Event(kind="input", seq=0, actor="user", text="go", **told))
        for call in range(1 + (number == 30)):
            name = f"c{number}.{call}"
            events += [
                Event(
                    kind="call", seq=0, tool="fetch", call=name, args_requested={"n": 1}, actor="bot", **told
                ),
                Event(kind="result", seq=0, tool="fetch", call=name, result="x", **told),
            ]
        events.append(Event(kind="end", seq=0, **told))
    compiled = compile_policy(program)
    whole, short = (
        judge_whole(
            Setting(compiled, conformance=Compiled(program, compiled.tables), linger=linger),
            Trace("t", "t", 1, "wftrace", tuple(events)),
        )
        for linger in (10_000, 0)
    )
    assert _told(whole) == _told(short)
    assert [r.verdict for r in whole.results] == ["violated"]
    assert whole.departures == short.departures
    assert whole.near_misses == short.near_misses
