"""What of a spec could be dropped or said more strictly, as text for people."""

from __future__ import annotations

from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.excerpt import place
from wfcheck.checker.report.style import Style
from wfcheck.checker.result import Coverage, Dropped, Stronger


def write_coverage(coverage: Coverage, style: Style) -> str:
    """What no rule notices, one line each; with a verbose style also who notices the rest."""
    lines = [style.paint("bold", "coverage")]
    for item in coverage.dropped:
        if item.noticed is None or style.verbosity > 0:
            lines += _item(item, style)
    lines += [_stronger(item) for item in coverage.stronger]
    return "\n".join([*lines, f"  {_summary(coverage)}"]) + "\n"


def _item(item: Dropped, style: Style) -> list[str]:
    word = "UNCOVERED" if item.noticed is None else "covered"
    color = "yellow" if item.noticed is None else "green"
    line = f"  {style.paint(color, f'{word:<14}')} {place(item.span)}  {item.kind} `{visible(item.text)}`"
    if item.noticed is not None:
        return [f"{line}: noticed by {visible(item.noticed)}"]
    held = ", ".join(visible(rule) for rule in item.rules[:8]) + (", ..." if len(item.rules) > 8 else "")
    after = f"proved with and without it: {held}" if held else "no rule is proved that could notice"
    return [line, f"      {after}"]


def _stronger(item: Stronger) -> str:
    return f"  note           {place(item.span)}  {visible(item.rule)}: {visible(item.text)}"


def _summary(coverage: Coverage) -> str:
    covered = len(coverage.dropped) - len(coverage.uncovered)
    text = f"{covered} of {counted(len(coverage.dropped), 'part')} are noticed by a rule if dropped"
    return text + (
        f"; {coverage.left} not tried, for want of time or because it makes no sense" if coverage.left else ""
    )
