"""What a call is given reaches where the same call sends it."""

from __future__ import annotations

from pathlib import Path

from wfcheck import check

SPEC = Path(__file__).with_name("own_argument.wf")


def test_an_argument_of_the_sending_call_is_never_proved_away() -> None:
    verdicts = {(r.workflow, r.rule): r.verdict.value for r in check(SPEC).results}
    assert verdicts["w", "p.own"] in {"VIOLATED", "POSSIBLE", "UNKNOWN"}
    assert verdicts["repaired", "r.other"] in {"PROVED", "VACUOUS"}
