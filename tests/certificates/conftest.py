"""A workflow with proofs of every kind, and its certificates."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Report

SHOP = """
secrecy pii
influence web
channel out clears {}
store box: list<text> holds {}
principal boss is human { trusts {web}  clears {pii} }
tool secret() -> text { effect read  emits nothing  returns {pii} }
tool price(item: text) -> int {
  effect read  emits nothing  returns {}  ensures fair: result >= 0  ensures capped: result <= 100
}
tool pay(amount: int) { effect irreversible  emits out  returns {}  requires positive: amount >= 0 }
tool send(body: text) { effect irreversible  emits out  returns {} }
release mask(x: text) -> text removes {pii}

policy p {
  safe: forbid flow pii -> send except via mask
  user_only: require send.body from only {user, via mask}
  top: forbid pay when amount > 100
  asked: require approve(by: boss, shows: args) before pay
  never: forbid secret after pay
}

workflow shop(item: text from {user}, names: list<text> from {user}) {
  s = secret()
  m = mask(s)
  cost = price(item)
  approve pay(amount: cost) by boss
  pay(cost)
  for n in names {
    remember m into box
    send(n)
  }
  send(m)
}

workflow again(item: text from {user}) {
  x = recall box
  for y in x { send(y) }
  cost = price(item)
  if cost >= 0 and cost <= 100 { approve pay(amount: cost) by boss  pay(cost) }
}
"""


LOOP = """
tool send(body: text) { effect irreversible  emits nothing  returns {} }
tool more() -> bool { effect read  emits nothing  returns {} }
policy p { few: limit count(send) <= 10 per run }
workflow w(t: text from {user}) {
  n = 0
  go = true
  repeat while go and n < 10 {
    send(t)
    n = n + 1
    go = more()
  }
}
"""


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a rule that an invariant proves."""
    home = tmp_path_factory.mktemp("loop")
    spec = home / "loop.wf"
    spec.write_text(LOOP, encoding="utf-8")
    report = check([spec], rules=["p.few"], certificates=home / "proofs", version="1")
    (result,) = report.results
    assert result.certificate is not None, result
    return Path(result.certificate)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Report]:
    """The spec, the folder of its certificates, and the report."""
    home = tmp_path_factory.mktemp("shop")
    spec = home / "shop.wf"
    spec.write_text(SHOP, encoding="utf-8")
    folder = home / "proofs"
    report = check([spec], certificates=folder, version="1")
    return spec, folder, report
