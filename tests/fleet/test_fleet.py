"""Many runs on many cores: the report is that of one core, whatever is interrupted, and however the work is cut."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import wfcheck
from wfcheck import stdlib
from wfcheck.checker.fleet import pool, units, work
from wfcheck.checker.fleet.journal import Journal
from wfcheck.checker.fleet.run import How, replay_fleet
from wfcheck.checker.fleet.units import Unit, files_of, pieces_of, units_of
from wfcheck.checker.fleet.work import Options, judge_unit
from wfcheck.checker.naming import plain_replay
from wfcheck.checker.replay.collecting import Outcome
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.checker.replay.run import replay
from wfcheck.checker.traces.trace import Piece
from wfcheck.dsl.core import Program
from wfcheck.dsl.diagnostic import WfError
from wfcheck.dsl.elaboration.elaborate import load

SPEC = """
tool history() -> list<text> { effect read returns {} }
tool pay(to: text, amount: int) { effect irreversible }
policy p {
  payee: require pay.to from only {user}
  small: forbid pay when amount > 5
  seldom: limit count(pay) <= 2 per run
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("spec") / "rules.wf"
    path.write_text(SPEC, encoding="utf-8")
    return load([path], library=stdlib.load)[0]


@pytest.fixture(scope="module")
def options(program: Program) -> Options:
    return Options.of(program, "test")


def _run(rng: random.Random) -> dict[str, object]:
    messages: list[dict[str, object]] = [{"role": "user", "content": f"pay {rng.choice('abc')} please"}]
    for number in range(rng.randint(1, 4)):
        call = {
            "id": f"c{number}",
            "function": "pay",
            "args": {"to": rng.choice("abcd"), "amount": rng.randint(1, 6)},
        }
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": "ok"},
        ]
    return {"messages": messages}


def _files(folder: Path, count: int, runs: int) -> Path:
    """Files with a run a line, one with a line that cannot be read, one that is one run, one without any."""
    rng = random.Random(count)
    folder.mkdir(exist_ok=True)
    for number in range(count):
        lines = [json.dumps(_run(rng)) for _ in range(runs)]
        if number == 3:
            lines[runs // 2] = "{"
        (folder / f"f{number:03}.jsonl").write_text("\n".join(lines) + "\n" * (number % 2), encoding="utf-8")
    (folder / "one.json").write_text(json.dumps(_run(rng)), encoding="utf-8")
    (folder / "none.jsonl").write_text("\n\n", encoding="utf-8")
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "SLICE", 1_500)
    monkeypatch.setattr(units, "BATCH", 2_000)


def _plain(program: Program, report: ReplayReport) -> ReplayReport:
    return plain_replay(report, program.files)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("lenient", [False, True])
def test_the_report_does_not_depend_on_how_the_work_is_cut(
    program: Program, tmp_path: Path, lenient: bool
) -> None:
    folder = _files(tmp_path / "runs", 6, 12)
    paths = [folder, tmp_path / "missing", folder / "one.json"]
    whole = _plain(program, replay(program, paths, lenient=lenient))
    options = Options.of(program, "test", lenient=lenient)
    alone, three = (replay_fleet(options, paths, How(jobs)) for jobs in (1, 3))
    assert alone == whole
    assert three == whole
    assert json.dumps(alone.json()) == json.dumps(three.json()) == json.dumps(whole.json())
    assert whole.summary["violated"]
    assert len(list(units_of([f for f in files_of([folder]) if isinstance(f, units.Part)]))) > 8


@pytest.mark.usefixtures("small")
def test_slices_hold_every_line_once(tmp_path: Path) -> None:
    for seed in range(20):
        rng = random.Random(seed)
        lines = [json.dumps(_run(rng)) for _ in range(rng.randint(1, 30))]
        path = tmp_path / f"s{seed}.jsonl"
        text = "".join(line + rng.choice(["\n", "\r\n", "\n\n"]) for line in lines)
        path.write_bytes((text if seed % 2 else text.rstrip()).encode())
        (file,) = files_of([path])
        assert isinstance(file, units.Part)
        whole = list(pieces_of(Unit((file,)), lenient=False))
        cut = [piece for unit in units_of([file]) for piece in pieces_of(unit, lenient=False)]
        assert cut == whole
        assert len(whole) == len(lines)


@pytest.mark.usefixtures("small")
def test_what_is_finished_is_not_done_again(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, state = _files(tmp_path / "runs", 6, 12), tmp_path / "state"
    first = replay_fleet(options, [folder], How(1, state))
    done: list[Unit] = []
    monkeypatch.setattr(pool, "judge_unit", lambda o, u: done.append(u) or judge_unit(o, u))
    assert replay_fleet(options, [folder], How(1, state)) == first
    assert not done
    with (folder / "f001.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(_run(random.Random(0))) + "\n")
    again = replay_fleet(options, [folder], How(1, state))
    assert again.traces == first.traces + 1
    assert {part.path for unit in done for part in unit.parts} == {str(folder / "f001.jsonl")}


@pytest.mark.usefixtures("small")
def test_other_rules_are_other_work(program: Program, tmp_path: Path) -> None:
    folder, state = _files(tmp_path / "runs", 2, 5), tmp_path / "state"
    for rules in ((), ("p.small",), ("p.payee",)):
        chosen = Options.of(program, "test", rules=rules)
        noted = replay_fleet(chosen, [folder], How(1, state))
        assert noted == replay_fleet(chosen, [folder], How(1))
    assert Options.of(program, "test").digest == Options.of(program, "test").digest


@pytest.mark.usefixtures("small")
def test_a_state_that_is_cut_anywhere_is_gone_on_from(options: Options, tmp_path: Path) -> None:
    folder, state = _files(tmp_path / "runs", 4, 8), tmp_path / "state"
    whole = replay_fleet(options, [folder], How(1, state))
    full = state.read_bytes()
    rng = random.Random(0)
    for length in [0, 1, 37, 38, 39, len(full) - 1, *(rng.randrange(len(full)) for _ in range(12))]:
        state.write_bytes(full[:length])
        assert replay_fleet(options, [folder], How(1, state)) == whole, length
        assert state.read_bytes() == full, length


def test_a_state_with_a_changed_byte_is_not_believed(options: Options, tmp_path: Path) -> None:
    folder, state = _files(tmp_path / "runs", 2, 5), tmp_path / "state"
    whole = replay_fleet(options, [folder], How(1, state))
    full = state.read_bytes()
    for at in range(full.index(b"\n") + 1, len(full), 211):
        state.write_bytes(full[:at] + bytes([full[at] ^ 1]) + full[at + 1 :])
        assert replay_fleet(options, [folder], How(1, state)) == whole, at


def test_a_file_of_the_same_name_elsewhere_is_another_file(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, runs in (("a", 3), ("b", 3)):
        (tmp_path / name).mkdir()
        _files(tmp_path / name / "runs", runs, 5)
    other = next(iter(sorted((tmp_path / "b" / "runs").iterdir())))
    other.write_bytes(other.read_bytes()[::-1])
    for file in [*tmp_path.glob("?/runs/*")]:
        os.utime(file, ns=(1, 1))
    for name in "ab":
        monkeypatch.chdir(tmp_path / name)
        assert replay_fleet(options, ["runs"], How(1, tmp_path / "state")) == replay_fleet(
            options, ["runs"], How(1)
        )


def test_a_file_that_is_no_state_is_left_alone(options: Options, tmp_path: Path) -> None:
    state = tmp_path / "notes"
    for text in ("notes of mine\n", '{"format":"wfcheck.fleet","version":2}\n'):
        state.write_text(text, encoding="utf-8")
        with pytest.raises(WfError) as caught:
            Journal.open(state, options)
        assert caught.value.diagnostics[0].code == "WF823"
        assert state.read_text(encoding="utf-8") == text


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failure_of_ours_is_told_and_the_other_runs_are_judged(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    folder = _files(tmp_path / "runs", 4, 10)

    def failing(unit: Unit, *, lenient: bool) -> Iterator[Piece]:
        if any("f001" in part.path for part in unit.parts):
            raise ZeroDivisionError
        yield from pieces_of(unit, lenient=lenient)

    whole = replay_fleet(options, [folder], How(1))
    monkeypatch.setattr(work, "pieces_of", failing)
    report = replay_fleet(options, [folder], How(jobs, tmp_path / "state"))
    assert report.exit_code == 70
    assert all("ZeroDivisionError" in text and "f001" in text for text in report.defects)
    assert {r.trace for r in report.results} == {r.trace for r in whole.results if "f001" not in r.trace}
    monkeypatch.undo()
    assert replay_fleet(options, [folder], How(1, tmp_path / "state")).traces == whole.traces


@pytest.mark.usefixtures("small")
def test_a_process_that_dies_takes_its_own_runs_alone(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _files(tmp_path / "runs", 5, 10)
    whole = replay_fleet(options, [folder], How(1))

    def dying(unit: Unit, *, lenient: bool) -> Iterator[Piece]:
        if any("f002" in part.path for part in unit.parts):
            os.kill(os.getpid(), signal.SIGKILL)
        yield from pieces_of(unit, lenient=lenient)

    monkeypatch.setattr(work, "pieces_of", dying)
    report = replay_fleet(options, [folder], How(2))
    assert report.defects
    assert all("f002" in text for text in report.defects)
    assert {r.trace for r in report.results} == {r.trace for r in whole.results if "f002" not in r.trace}


def test_no_more_than_some_units_are_under_way(options: Options, tmp_path: Path) -> None:
    folder = _files(tmp_path / "runs", 1, 1)
    (file,) = (f for f in files_of([folder / "one.json"]) if isinstance(f, units.Part))
    taken: list[int] = []

    def endless() -> Iterator[Unit]:
        for number in range(60):
            taken.append(number)
            yield Unit((file,))

    found = pool.work(options, endless(), 2, None)
    for seen in range(1, 40):
        next(found)
        assert len(taken) <= seen + pool.AHEAD * 2 + 1
    found.close()  # type: ignore[attr-defined]


def test_outcomes_keep_everything(options: Options, tmp_path: Path) -> None:
    import msgspec

    folder = _files(tmp_path / "runs", 4, 10)
    for unit in units_of([f for f in files_of([folder]) if isinstance(f, units.Part)]):
        outcome = judge_unit(options, unit)
        assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


def _command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "wfcheck", "replay", *map(str, words)]


def test_a_program_that_is_too_deep_to_be_sent_is_replayed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules.wf").write_text(SPEC, encoding="utf-8")
    runs = tmp_path / "runs.jsonl"
    runs.write_text("".join(json.dumps(_run(random.Random(n))) + "\n" for n in range(9)), encoding="utf-8")
    wanted = wfcheck.replay(tmp_path / "rules.wf", runs)
    monkeypatch.setattr(work.pickle, "dumps", _too_deep)
    found = wfcheck.replay(tmp_path / "rules.wf", runs, jobs=2)
    assert (found.results, found.traces, found.defects) == (wanted.results, 9, ())
    with pytest.raises(WfError, match="nested too deeply"):
        wfcheck.replay(tmp_path / "rules.wf", runs, resume=tmp_path / "state")
    assert not (tmp_path / "state").exists()


def _too_deep(*_given: object) -> bytes:
    raise RecursionError


def test_a_killed_replay_goes_on_and_says_the_same(tmp_path: Path) -> None:
    spec = tmp_path / "rules.wf"
    spec.write_text(SPEC, encoding="utf-8")
    folder, state = tmp_path / "runs", tmp_path / "state"
    folder.mkdir()
    rng = random.Random(0)
    for number in range(400):
        text = "\n".join(json.dumps(_run(rng)) for _ in range(3))
        (folder / f"f{number:03}.jsonl").write_text(text, encoding="utf-8")
    words = _command(spec, folder, "--output-format", "json", "--jobs", "2")
    whole = subprocess.run(words, capture_output=True, check=False)
    assert whole.returncode == 1
    begun = subprocess.Popen([*words, "--resume", str(state)], stdout=subprocess.PIPE, start_new_session=True)
    while begun.poll() is None and (not state.exists() or state.read_bytes().count(b"\n") < 2):
        time.sleep(0.02)
    os.killpg(begun.pid, signal.SIGKILL)
    begun.communicate()
    noted = state.read_bytes().count(b"\n")
    again = subprocess.run([*words, "--resume", str(state)], capture_output=True, check=False)
    assert noted >= 2
    assert state.read_bytes().count(b"\n") > noted or begun.returncode == 1
    assert again.stdout == whole.stdout
    assert again.returncode == whole.returncode


def test_parquet_has_a_row_for_each_run_and_rule(program: Program, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from wfcheck import _api

    folder = _files(tmp_path / "runs", 3, 10)
    report = _api.replay(tuple(program.roots), folder, parquet=tmp_path / "out.parquet")
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(r["trace"], r["rule"], r["verdict"]) for r in rows] == [
        (r.trace, r.rule, r.verdict) for r in report.results
    ]
    for row, result in zip(rows, report.results, strict=True):
        assert row["breaks"] == [mark.event for mark in result.breaks]
        assert row["blame_why"] == (result.blame and result.blame.why)
        assert row["manifestation_line"] == (
            result.manifestation and result.manifestation.source and result.manifestation.source.line
        )


def test_parquet_is_written_in_groups(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from wfcheck.checker.fleet import parquet as writing

    monkeypatch.setattr(writing, "GROUP", 20)
    monkeypatch.setattr(units, "BATCH", 2_000)
    file = writing.ParquetFile.open(tmp_path / "out.parquet")
    report = replay_fleet(options, [_files(tmp_path / "runs", 4, 10)], How(1, sink=file.add))
    file.close()
    found = parquet.ParquetFile(tmp_path / "out.parquet")
    assert found.metadata.num_rows == len(report.results)
    assert found.metadata.num_row_groups > 2


@pytest.mark.usefixtures("small")
def test_dask_says_the_same(options: Options, tmp_path: Path) -> None:
    pytest.importorskip("dask")
    from wfcheck.checker.fleet.dask_runner import replay_on_dask

    paths = [_files(tmp_path / "runs", 5, 10), tmp_path / "missing"]
    assert json.dumps(replay_on_dask(options, paths, scheduler="threads").json()["results"]) == json.dumps(
        replay_fleet(options, paths, How(1)).json()["results"]
    )
    made = replay_on_dask(options, paths, scheduler="processes", num_workers=2)
    assert made.summary == replay_fleet(options, paths, How(1)).summary


def test_the_worker_of_spark_says_the_same(options: Options, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    import msgspec

    from wfcheck.checker.fleet.spark_runner import arrow_worker

    folder = _files(tmp_path / "runs", 5, 10)
    files = [f for f in files_of([folder]) if isinstance(f, units.Part)]
    texts = [msgspec.json.encode(unit).decode() for unit in units_of(files)]
    batch = arrow.record_batch([arrow.array(texts)], names=["unit"])
    rows = [row for made in arrow_worker(options)([batch]) for row in made.to_pylist()]
    report = replay_fleet(options, [folder], How(1))
    judged = [(r["trace"], r["rule"], r["verdict"]) for r in rows if r["rule"] is not None]
    assert judged == [(r.trace, r.rule, r.verdict) for r in report.results]
    assert len([r for r in rows if r["verdict"] == "unread"]) == len(report.diagnostics)


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="the extra `spark` is not installed")
@pytest.mark.usefixtures("small")
def test_spark_says_the_same(options: Options, tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    from wfcheck.checker.fleet.spark_runner import results_on_spark

    session = SparkSession.builder.master("local[2]").appName("wfcheck").getOrCreate()
    try:
        folder = _files(tmp_path / "runs", 5, 10)
        rows = results_on_spark(session, options, [folder]).collect()
        report = replay_fleet(options, [folder], How(1))
        judged = sorted((r.trace, r.rule, r.verdict) for r in rows if r.rule is not None)
        assert judged == sorted((r.trace, r.rule, r.verdict) for r in report.results)
    finally:
        session.stop()
