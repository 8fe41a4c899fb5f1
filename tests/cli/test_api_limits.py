from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck

SPEC = """
tool ping(n: int) { effect read  emits nothing  returns {} }
workflow w(n: int) { if n > 3 { ping(n: n) } }
policy p { small: forbid ping when n < 2 }
"""


@pytest.mark.parametrize("timeout", [5, 5.0, "5s", "5000ms", "0.1m"])
def test_a_time_limit_is_seconds_or_a_duration(tmp_path: Path, timeout: float | str) -> None:
    (tmp_path / "spec.wf").write_text(SPEC)
    assert wfcheck.check(tmp_path, timeout=timeout).ok


@pytest.mark.parametrize("timeout", ["x", "", "0s", 0, -1.0, float("nan")])
def test_no_time_limit_is_bad_input(tmp_path: Path, timeout: float | str) -> None:
    (tmp_path / "spec.wf").write_text(SPEC)
    with pytest.raises(wfcheck.WfError, match="is no time limit"):
        wfcheck.check(tmp_path, timeout=timeout)
