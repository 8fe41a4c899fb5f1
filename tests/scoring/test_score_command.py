"""`wfcheck score`: from a replay's JSON and labels to figures."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wfcheck.checker.scoring.alarms import alarms_of
from wfcheck.checker.scoring.labels import read_labels
from wfcheck.cli.main import main
from wfcheck.dsl.diagnostic import WfError

SPEC = """
tool pay(amount: int) { effect irreversible }
policy p {
  small: forbid pay(amount: > 100)
  none:  forbid pay(amount: < 0)
}
"""


KEYS = (
    "trace",
    "rule",
    "verdict",
    "blame",
    "point_of_no_return",
    "manifestation",
    "breaks",
    "event",
    "source",
    "pointer",
    "line",
)


def run_of(*amounts: int) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Pay."}]
    for number, amount in enumerate(amounts):
        function = {"name": "pay", "arguments": json.dumps({"amount": amount})}
        messages.append(
            {"role": "assistant", "content": "", "tool_calls": [{"id": str(number), "function": function}]}
        )
        messages.append({"role": "tool", "tool_call_id": str(number), "content": "done"})
    return {"messages": messages}


@pytest.fixture(name="folder")
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("pay.wf").write_text(SPEC)
    runs = [run_of(5, 500), run_of(500, 7), run_of(1), run_of(-3)]
    Path("runs.jsonl").write_text("".join(json.dumps(run) + "\n" for run in runs))
    assert main(["replay", "pay.wf", "runs.jsonl", "--output-format", "json", "--output", "report.json"]) == 1
    return tmp_path


def scored(capsys: pytest.CaptureFixture[str], labels: str, *more: str) -> dict[str, Any]:
    Path("labels.csv").write_text(labels)
    capsys.readouterr()
    assert main(["score", "report.json", "--labels", "labels.csv", "--output-format", "json", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("folder")
def test_by_messages(capsys: pytest.CaptureFixture[str]) -> None:
    labels = "trace,step\nruns.jsonl#1,3\nruns.jsonl#2,3\nruns.jsonl#3,-1\nruns.jsonl#4,\n"
    found = scored(capsys, labels, "--steps", "message")
    assert found["summary"]["step_accuracy"] == {"hits": 1, "of": 2, "value": 0.5}
    assert found["summary"]["false_alarms"] == {"hits": 1, "of": 2, "value": 0.5}
    assert found["summary"]["mean_step_error"] == 1.0  # named 3 and 1, labelled 3 and 3
    assert found["summary"]["exact_f1"] == 0.4  # one true, two false, one missed
    assert found["rules"] == [
        {"rule": "p.small", "runs": 2, "exact": 1, "false": 0},
        {"rule": "p.none", "runs": 1, "exact": 0, "false": 1},
    ]


@pytest.mark.usefixtures("folder")
def test_by_events_and_agents(capsys: pytest.CaptureFixture[str]) -> None:
    # Events: input, llm, call, result, llm, call, result.
    found = scored(capsys, "trace,step,agent\n1,5,\n2,2,\n", "--traces", "runs.jsonl")
    assert found["summary"]["step_accuracy"]["hits"] == 2
    assert found["summary"]["unlabelled"] == 2
    assert found["summary"]["agent_accuracy"]["of"] == 0


@pytest.mark.usefixtures("folder")
def test_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    Path("labels.jsonl").write_text('{"trace": "1", "step": 5}\n\n{"trace": "3", "success": true}\n')
    assert main(["score", "report.json", "--labels", "labels.jsonl"]) == 0
    shown = capsys.readouterr().out
    assert "step named exactly                 1/1 (100.0 %)" in shown
    assert "safe runs with any alarm           0/1 (0.0 %)" in shown


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ("", "no column"),
        ("run,step\na,1\n", "no column"),
        ("trace,step\nruns.jsonl#1\n", "not as many fields"),
        ("trace,step\nruns.jsonl#1,soon\n", "whole number"),
        ("trace,step\nruns.jsonl#1,-2\n", "whole number"),
        ("trace,success\nruns.jsonl#1,perhaps\n", "true or false"),
        ("trace,colour\nruns.jsonl#1,red\n", "nothing that is said"),
        ("trace,step\nruns.jsonl#9,1\n", "no run is called"),
        ("trace,step\nruns.jsonl#1,1\n1,1\n", "labelled twice"),
        ('{"trace": 3}\n', "must name a run"),
        ('{"trace": "1", "step": true}\n', "whole number"),
        ('{"trace": "1"}\n[]\n', "no JSON object"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_bad_labels_are_refused(capsys: pytest.CaptureFixture[str], labels: str, why: str) -> None:
    Path("labels.csv").write_text(labels)
    assert main(["score", "report.json", "--labels", "labels.csv"]) == 2
    shown = capsys.readouterr().err
    assert "WF721" in shown
    assert why in shown


@pytest.mark.parametrize(
    "report",
    ["", "{}", "[1]", '{"schema": "wfcheck.replay/1"}', '{"schema": "wfcheck.replay/1", "results": [3]}'],
)
def test_bad_reports_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], report: str) -> None:
    (tmp_path / "r.json").write_text(report)
    (tmp_path / "l.csv").write_text("trace\n")
    assert main(["score", str(tmp_path / "r.json"), "--labels", str(tmp_path / "l.csv")]) == 2
    assert "WF720" in capsys.readouterr().err


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(HOSTILE)
def test_any_shape_of_a_report_is_read_or_refused(value: Any) -> None:
    with suppress(WfError):
        alarms_of(
            {
                "results": [{"trace": "t", "rule": "r", "verdict": "violated", **value}]
                if isinstance(value, dict)
                else value
            }
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text('trace,step\n\r"#/1-{}: é', max_size=60).map(str.encode))
def test_any_bytes_are_labels_or_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "labels.csv"
    for head in (b"", b"trace,step\n", b'{"trace": '):
        file.write_bytes(head + data)
        with suppress(WfError):
            read_labels(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WfError):
        read_labels(tmp_path / "none.csv")


def test_marks() -> None:
    def mark(event: int, message: int) -> dict[str, Any]:
        return {
            "event": event,
            "source": {"file": "f", "line": 1, "pointer": f"/2/traj/{message}/tool_calls/0"},
        }

    broken = {
        "trace": "t",
        "rule": "r",
        "verdict": "violated",
        "blame": mark(2, 1),
        "point_of_no_return": {"event": 2},
        "manifestation": mark(9, 6),
        "breaks": [mark(9, 6), mark(12, 8)],
    }
    report = {"results": [broken, {"trace": "u", "rule": "r", "verdict": "holds"}]}

    def steps(**how: Any) -> list[int]:
        return [alarm.step for alarm in alarms_of(report, **how).runs["t"]]

    assert steps() == [2]
    assert steps(unit="message") == [1]
    assert steps(unit="message", marked="point-of-no-return") == [1]
    assert steps(unit="message", marked="manifestation") == [6, 8]
    assert alarms_of(report).runs["u"] == ()
