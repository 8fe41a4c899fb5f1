"""The guard: asked before an event, told after it, with a log from which it goes on after a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import msgspec

from wfcheck.checker.guard.answers import ALLOW, GUARD, Allow, Answer, Ask, Breach, Deny, failed
from wfcheck.checker.guard.deciding import Decider
from wfcheck.checker.guard.log import Log, Sync, decoded, encoded, open_log, unusable
from wfcheck.checker.guard.policy import GuardPolicy
from wfcheck.checker.guard.snapshot import read_state, write_state
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.traces.decisions import Record
from wfcheck.checker.traces.event import Event, Json
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, WfError

BROKEN = "the guard failed earlier and denies everything until it is started again"


class Guard:
    """Decides events of running agents by the rules of a policy.

    Whoever runs agents asks `before` each call (or `say`, `ask`, `message`, `remember`, `recall`, `release`, normal `end`) and tells
    `after` it of everything else that happens: results, failures, inputs, answers of models, approvals, denials by people. An allowed
    event counts as having happened. One guard serves any number of sessions and runs, told apart by `session` and `run`; its answers
    are given one after the other, from whatever thread.

    Anything that goes wrong is a denial, and so is whatever is not known. A guard whose state or log may be wrong denies everything.
    """

    def __init__(
        self,
        policy: GuardPolicy,
        log: str | Path | None = None,
        sync: Sync = "always",
        state_every: int = 100_000,
    ) -> None:
        """A guard at its start, or where its log says that it was.

        Args:
            policy: the rules.
            log: the file of the decision log; made if it is not there.
            sync: `always`: an answer is on the disk before it is given. `written`: it is with the operating system, so that it
                survives the end of the process, but not of the machine.
            state_every: after so many lines of the log what the guard remembers is written beside it, so that a start takes in the
                lines after that only. 0: never.

        Raises:
            WfError: the policy has rules that no guard can judge, or the log cannot be used.
        """
        self.policy = policy
        compiled = policy.compiled()
        self._decider = Decider.start(compiled)
        _insist(self._decider, compiled.rules)
        self._lock = Lock()
        self._broken = False
        self._log: Log | None = None
        self._every, self._due = state_every, state_every
        if log is not None:
            self._open(Path(log), compiled, sync)

    @property
    def head(self) -> tuple[int, str] | None:
        """How many entries the log has, and the hash of the last; kept elsewhere, it shows whether the log was changed."""
        return None if self._log is None else self._log.head

    def before(self, event: Event | Mapping[str, Json]) -> Answer:
        """Whether the event may happen. Never raises."""
        with self._lock:
            if self._broken:
                return failed(BROKEN)
            try:
                return self._before(event)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is a denial
                return failed(f"the event cannot be judged: {_words(error)}")

    def after(self, event: Event | Mapping[str, Json]) -> tuple[Breach, ...]:
        """Learn that an event happened. What it broke, although nobody could stop it; of an event that cannot be understood,
        that, and from then on everything is denied. Never raises."""
        with self._lock:
            if self._broken:
                return (Breach(GUARD, BROKEN, sure=False),)
            self._broken = True
            try:
                breaches = self._after(event)
            except Exception as error:  # noqa: BLE001 - what is not understood may have been anything
                return (Breach(GUARD, f"the event cannot be understood: {_words(error)}", sure=False),)
            self._broken = False
            self._note()
            return breaches

    def close(self) -> None:
        """Let go of the log; everything is denied from then on."""
        with self._lock:
            self._broken = True
            if self._log is not None:
                self._log.close()
                self._log = None

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _before(self, event: Event | Mapping[str, Json]) -> Answer:
        given, data = event if isinstance(event, Event) else _event(event), b""
        log, decider = self._log, self._decider
        if log is not None:
            data = encoded(given)
            given = decoded(data)
        if decider.clear(given):
            self._broken = True  # unless all of this comes to its end
            if log is not None:
                log.allowed(data)
            decider.skip(given)
            self._broken = False
            self._note()
            return ALLOW
        answer, view = decider.decide(given)
        self._broken = True
        if log is not None:
            log.answered(data, *_told(answer))
        decider.settle(given, answer, view)
        self._broken = False
        self._note()
        return answer

    def _after(self, event: Event | Mapping[str, Json]) -> tuple[Breach, ...]:
        given = event if isinstance(event, Event) else _event(event)
        if self._log is not None:
            data = encoded(given)
            given = decoded(data)
            self._log.told(data)
        return self._decider.learn(given)

    def _note(self) -> None:
        """Take down what is remembered, from time to time."""
        log = self._log
        if log is None or not self._every or log.count < self._due:
            return
        self._due = log.count + self._every
        try:
            write_state(log, self._decider, self.policy.hash)
        except OSError:
            self._broken = True  # what the log holds is not known any more; what was answered stands

    def _open(self, path: Path, compiled: CompiledPolicy, sync: Sync) -> None:
        log = open_log(path, sync)
        try:
            start = read_state(path, Decider.start(compiled), self.policy.hash)
            if start is not None:
                self._decider = start.decider
            self._restore(log, None if start is None else (start.count, start.size, start.last))
        except BaseException:
            log.close()
            raise
        self._log = log
        self._due = log.count + self._every if start is None else start.count + self._every

    def _restore(self, log: Log, start: tuple[int, int, bytes] | None) -> None:
        for record in log.records(self.policy.hash, self.policy.compiled().catalogue.actor, start):
            try:
                same = record.op == "state" or self._again(record)
            except Exception as error:  # noqa: BLE001 - a log that was taken in once may still be forged
                same, words = False, _words(error)
            else:
                words = "its policy gives another answer"
            if not same:
                raise unusable(
                    log.path, f"line {log.count + 1} does not follow from those before it: {words}"
                )

    def _again(self, record: Record) -> bool:
        """Take in an entry; whether the answer is the one that it holds."""
        event = record.event
        if event is None:
            return False
        if record.op == "after":
            self._decider.learn(event)
            return True
        if self._decider.clear(event):
            self._decider.skip(event)
            return (record.answer, record.rule) == ("allow", "")
        answer, view = self._decider.decide(event)
        self._decider.settle(event, answer, view)
        return _told(answer) == (record.answer, record.rule)


def _event(event: Mapping[str, Json]) -> Event:
    return msgspec.convert({"seq": 0, **event}, Event)


def _told(answer: Answer) -> tuple[str, str]:
    match answer:
        case Allow():
            return "allow", ""
        case Deny(rule=rule):
            return "deny", rule
        case Ask(rule=rule):
            return "ask", rule


def _words(error: Exception) -> str:
    """What went wrong, bounded and on one line."""
    text = str(error) or "no reason is given"
    return "".join(c if c.isprintable() else " " for c in text)[:200]


def _insist(decider: Decider, rules: Sequence[tuple[core.Rule, object]]) -> None:
    """A rule that cannot be judged would be kept by denying everything: better to say so at the start."""
    idle = decider.watch.idle
    for rule, _ in rules:
        if rule.name in idle and rule.not_applicable is None and not isinstance(rule.body, core.Meta):
            message = f"a guard cannot judge the rule `{rule.name}`: {idle[rule.name]}"
            advice = f'leave it to `wfcheck check`, and start the guard without it: `without=["{rule.name}"]`'
            raise WfError(Diagnostic("WF815", message, rule.span, help=advice, file=rule.file))
