from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.config import load, seconds
from wfcheck.dsl.diagnostic import Diagnostic, WfError


def problems(folder: Path) -> tuple[Diagnostic, ...]:
    with pytest.raises(WfError) as caught:
        load(folder)
    return caught.value.diagnostics


def test_without_a_file_there_are_no_settings(tmp_path: Path) -> None:
    assert load(tmp_path).values == {}


def test_the_nearest_file_wins_and_wfcheck_toml_goes_first(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "wfcheck.toml").write_text("seed = 1\n")
    assert load(inner).values == {"seed": 1}
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load(inner).values == {"seed": 1}
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.wfcheck]\nseed = 2\n")
    assert load(inner).values == {"seed": 2}
    (tmp_path / "a" / "wfcheck.toml").write_text("seed = 3\n")
    assert load(inner).values == {"seed": 3}


def test_values_are_settled(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "wfcheck.toml").write_text(
        'policy = ["org.wf"]\nrule = "money.*"\ntimeout = "500ms"\noutput-format = "json"\nlenient = true\n'
    )
    assert load(inner).values == {
        "policy": (str(tmp_path / "org.wf"),),
        "rule": ("money.*",),
        "timeout": 0.5,
        "output-format": "json",
        "lenient": True,
    }
    assert load(tmp_path).values["policy"] == ("org.wf",)


def test_an_unknown_key_is_located_and_a_near_one_proposed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.wfcheck]\nseed = 1\ntimout = 3\nzzz = 1\n")
    first, second = problems(tmp_path)
    assert (first.code, first.help) == ("WF801", "did you mean `timeout`?")
    assert first.span is not None
    assert (first.span.file, first.span.line, first.span.column, first.span.end_column) == (
        "pyproject.toml",
        3,
        1,
        7,
    )
    assert second.code == "WF801"
    assert "timeout" in (second.help or "")


@pytest.mark.parametrize(
    "line",
    [
        "seed = -1", "seed = true", "seed = 1.5", 'timeout = "soon"', "timeout = 0", "timeout = true", 'output-format = "xml"',
        "policy = [1]", "rule = 3", "lenient = 1", 'workflow = ""', 'color = ["auto"]', "baseline = []",
    ],
)  # fmt: skip
def test_values_of_the_wrong_kind_are_located(tmp_path: Path, line: str) -> None:
    (tmp_path / "wfcheck.toml").write_text(f"\n{line}\n")
    (found,) = problems(tmp_path)
    assert found.code == "WF802"
    assert found.help
    assert found.span is not None
    assert found.span.line == 2


@pytest.mark.parametrize("text", ["seed =", "[a\n", "seed = 1\nseed = 2\n", "a" * 50, "x = " + "[" * 100_000])
def test_broken_toml_is_a_located_diagnostic(tmp_path: Path, text: str) -> None:
    (tmp_path / "wfcheck.toml").write_text(text)
    (found,) = problems(tmp_path)
    assert found.code == "WF803"
    assert found.span is not None


def test_someone_elses_broken_pyproject_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[broken")
    (tmp_path / "wfcheck.toml").unlink(missing_ok=True)
    assert load(tmp_path).values == {}


def test_bytes_that_are_no_text_are_reported(tmp_path: Path) -> None:
    (tmp_path / "wfcheck.toml").write_bytes(b"seed = 1 # \xff")
    (found,) = problems(tmp_path)
    assert (found.code, found.notes) == ("WF803", ("byte 11 is not UTF-8",))


def test_a_table_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nwfcheck = 3\n")
    (found,) = problems(tmp_path)
    assert found.code == "WF802"


@pytest.mark.parametrize(
    ("text", "value"), [("10s", 10.0), ("500ms", 0.5), ("2m", 120.0), ("1h", 3600.0), ("3", 3.0)]
)
def test_durations(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "s", "1 s", "1d", "1e3", "nan", "9" * 20])
def test_what_is_no_duration(text: str) -> None:
    assert seconds(text) is None
