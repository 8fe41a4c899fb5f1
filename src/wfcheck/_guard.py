"""The guard as `wfcheck.Guard` offers it: made from a specification, or from a policy compiled earlier."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from wfcheck.checker.guard.guard import Guard as Core
from wfcheck.checker.guard.log import Sync
from wfcheck.checker.guard.policy import GuardPolicy

if TYPE_CHECKING:
    from wfcheck._api import Spec

    Policy: TypeAlias = str | Path | Iterable[str | Path] | Spec | GuardPolicy | bytes


class Guard(Core):
    """See `wfcheck.checker.guard.guard.Guard`.

    ```
    guard = wfcheck.Guard("refunds.wf", workflow="handle", log="decisions.jsonl")
    match guard.before(wfcheck.Event(kind="call", seq=0, tool="refund", call="c1", args_requested={"amount": 5})):
        case wfcheck.Allow(): ...
        case wfcheck.Deny(rule=rule, reason=reason, help=help): ...
        case wfcheck.Ask(approver=approver, shows=shows): ...
    guard.after(wfcheck.Event(kind="result", seq=1, tool="refund", call="c1", result="done"))
    ```
    """

    def __init__(
        self,
        spec: Policy,
        workflow: str | None = None,
        log: str | Path | None = None,
        *,
        without: str | Iterable[str] = (),
        sync: Sync = "always",
        state_every: int = 100_000,
    ) -> None:
        """A guard at its start, or where its log says that it was.

        Args:
            spec: the paths of a specification, a loaded one, or a policy from `compile_guard` (as such, or as its bytes).
            workflow: only the rules in scope of this workflow count, and its principal acts where an event does not say who.
            log: the file of the decision log; made if it is not there.
            without: names of rules that are not guarded.
            sync: `always`: an answer is on the disk before it is given. `written`: it is with the operating system.
            state_every: after so many lines of the log what the guard remembers is written beside it, for a quick start; 0: never.

        Raises:
            WfError: something is wrong with the specification, a rule cannot be guarded, or the log cannot be used.
        """
        super().__init__(compile_guard(spec, workflow, without=without), log, sync, state_every)


def compile_guard(
    spec: Policy, workflow: str | None = None, *, without: str | Iterable[str] = ()
) -> GuardPolicy:
    """A policy for guards: versioned, hashed (`hash`), and as bytes (`data`) read back without a parser.

    Raises:
        WfError: something is wrong with the specification, or there is no such workflow or rule.
    """
    from wfcheck._api import Spec, load

    names = (without,) if isinstance(without, str) else tuple(without)
    if isinstance(spec, bytes):
        spec = GuardPolicy.read(spec)
    if isinstance(spec, GuardPolicy):
        same = workflow is None and not names
        return (
            spec if same else GuardPolicy.of(spec.program, workflow or spec.workflow, (*spec.without, *names))
        )
    loaded = spec if isinstance(spec, Spec) else load(spec)
    return GuardPolicy.of(loaded.program, workflow, names)
