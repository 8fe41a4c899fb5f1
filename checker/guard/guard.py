"""The guard: asked before an event, told after it, with a log from which it goes on after a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import msgspec

from wfcheck.checker.guard.answers import GUARD, Allow, Answer, Ask, Breach, Deny, failed
from wfcheck.checker.guard.deciding import Decider
from wfcheck.checker.guard.log import Log, Record, Sync, decoded, encoded, open_log, unusable
from wfcheck.checker.guard.policy import GuardPolicy
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

    def __init__(self, policy: GuardPolicy, log: str | Path | None = None, sync: Sync = "always") -> None:
        """A guard at its start, or where its log says that it was.

        Args:
            policy: the rules.
            log: the file of the decision log; made if it is not there.
            sync: `always`: an answer is on the disk before it is given. `written`: it is with the operating system, so that it
                survives the end of the process, but not of the machine.

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
        if log is not None:
            self._log, records = open_log(Path(log), policy.hash, sync)
            self._restore(records)

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
        given = _event(event)
        data = b""
        if self._log is not None:
            data = encoded(given)
            given = decoded(data)
        answer, view = self._decider.decide(given)
        self._broken = True  # unless all of this comes to its end
        if self._log is not None:
            self._log.append("before", data, *_told(answer))
        self._decider.settle(given, answer, view)
        self._broken = False
        return answer

    def _after(self, event: Event | Mapping[str, Json]) -> tuple[Breach, ...]:
        given = _event(event)
        if self._log is not None:
            data = encoded(given)
            given = decoded(data)
            self._log.append("after", data)
        return self._decider.learn(given)

    def _restore(self, records: list[Record]) -> None:
        assert self._log is not None
        for number, record in enumerate(records):
            try:
                same = self._again(record)
            except Exception as error:  # noqa: BLE001 - a log that was taken in once may still be forged
                same, words = False, _words(error)
            else:
                words = "its policy gives another answer"
            if not same:
                path = self._log.path
                self._log.close()
                raise unusable(path, f"line {number + 2} does not follow from those before it: {words}")

    def _again(self, record: Record) -> bool:
        """Take in an entry; whether the answer is the one that it holds."""
        if record.op == "after":
            self._decider.learn(record.event)
            return True
        answer, view = self._decider.decide(record.event)
        self._decider.settle(record.event, answer, view)
        return _told(answer) == (record.answer, record.rule)


def _event(event: Event | Mapping[str, Json]) -> Event:
    return event if isinstance(event, Event) else msgspec.convert({"seq": 0, **event}, Event)


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
