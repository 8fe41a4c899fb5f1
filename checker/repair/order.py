"""Candidates for rules about what comes before or after what: an approval, a piece of evidence, a step in another place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product

import attrs

from wfcheck.checker.repair.edits import Candidate, Edit
from wfcheck.checker.repair.guards import sites
from wfcheck.checker.repair.job import Job, call_text, denied, passed, said, same_type
from wfcheck.checker.repair.naming import Called
from wfcheck.checker.repair.places import Place, after, before, out, spread
from wfcheck.dsl import core, syntax
from wfcheck.dsl.types import BOOL, OptionType

WAYS = 6
"""Ways to fill in the arguments of one piece of evidence that are tried."""


def preceded(job: Job, body: core.Before) -> Iterator[Candidate]:
    """Evidence directly before each judged call."""
    for call, place, judged in sites(job, body.judged):
        for choice in body.evidence.choices:
            if choice.kind == "approve":
                yield from approved(job, place, choice.by)
            elif choice.kind == "call":
                found = (_each(body, e, call, place) for e in _evidence(job, choice, judged, call, place))
                yield from (_placed(e, place, first=True) for e in found if e is not None)
        yield from moved(job, body.evidence, place, first=True)


def followed(job: Job, body: core.After) -> Iterator[Candidate]:
    """Evidence directly after each judged call."""
    for call, place, judged in sites(job, body.judged):
        for choice in body.evidence.choices:
            if choice.kind == "call":
                found = (_each(body, e, call, place) for e in _evidence(job, choice, judged, call, place))
                yield from (_placed(e, place, first=False) for e in found if e is not None)
        yield from moved(job, body.evidence, place, first=False)


def _each(
    body: core.Before | core.After, evidence: Evidence, call: core.Call, place: Place
) -> Evidence | None:
    """Evidence for each element of what a rule walks; None where that cannot be said."""
    if body.binder is None or body.source is None:
        return evidence
    walked = said(body.source, passed(call, place))
    if walked is None:
        return None
    loop = spread(f"for {body.binder} in {walked}", place.indent, list(evidence.statements))
    return attrs.evolve(evidence, statements=(loop,))


def approved(job: Job, place: Place, by: str | None) -> Iterator[Candidate]:
    """An approval of the very call; by any human where nobody is named."""
    call = call_text(place)
    people = [p.symbol for p in job.program.principals.values() if p.kind == "human"]
    for principal in [by] if by is not None else people:
        found = job.called(place, principal)
        if call is not None and found is not None:
            statement = f"approve {call} by {found.text}"
            tool = call.split("(", 1)[0].strip()
            title = f"have `{found.text}` approve `{tool}` before it is called"
            yield Candidate(title, (before(place, statement), *found.edits))


def approver(job: Job, wanted: frozenset[str]) -> Iterator[Candidate]:
    """Another principal who approves. `wanted`: by symbol; none: any human."""
    people = wanted or frozenset(p.symbol for p in job.program.principals.values() if p.kind == "human")
    for step, place in job.steps:
        if not isinstance(step, core.Approve) or not isinstance(place.statement, syntax.ApproveStatement):
            continue
        for principal in sorted(people - {step.principal}):
            found = job.called(place, principal)
            if found is not None:
                span = place.statement.principal.span
                edit = Edit(span.file, span.start, span.end, found.text)
                yield Candidate(f"have `{found.text}` approve instead", (edit, *found.edits), bold=True)


# ---------------------------------------------------------------- evidence


@attrs.frozen
class Evidence:
    """A call as a statement, and what has to be tested of its result. `statements`: in order. `asserts`: an argument is a constant
    out of the rule, so that the call says what the rule wants to hear."""

    tool: str
    statements: tuple[str, ...]
    edits: tuple[Edit, ...]
    asserts: bool = False


def _placed(evidence: Evidence, place: Place, *, first: bool) -> Candidate:
    judged = (call_text(place) or "the call").split("(", 1)[0].strip()
    put = before if first else after
    where = "before" if first else "after"
    title = f"call `{evidence.tool.strip('`')}` {where} `{judged.strip('`')}`"
    edits = (put(place, *evidence.statements), *evidence.edits)
    return Candidate(title, edits, bold=evidence.asserts)


def _evidence(
    job: Job, choice: core.EventChoice, judged: core.EventChoice, call: core.Call, place: Place
) -> Iterator[Evidence]:
    given = passed(call, place)
    bound = {t.name: given[n] for n, t in judged.tests if isinstance(t, core.Bind) and n in given}
    for symbol in sorted(choice.subjects):
        found = job.called(place, symbol)
        tool = job.program.tools[symbol]
        if found is None:
            continue
        ways = [list(_fillings(job, p, choice, given, bound, place, call)) for p in tool.parameters]
        for values in islice(product(*ways), WAYS):
            pairs = zip(tool.parameters, values, strict=True)
            words = ", ".join(f"{p.name}: {v}" for p, v in pairs if v is not None)
            asserts = any(
                isinstance(t, core.Compare) and isinstance(t.value, core.Literal) for _, t in choice.tests
            )
            for made in _checked(job, choice, tool, found, f"{found.text}({words})", place):
                yield attrs.evolve(made, asserts=asserts)


def _fillings(
    job: Job,
    parameter: core.Param,
    choice: core.EventChoice,
    given: Mapping[str, str],
    bound: Mapping[str, str],
    place: Place,
    call: core.Call,
) -> Iterator[str | None]:
    """What may be passed for a parameter of the evidence, the likeliest first; None: it is left out."""
    test = dict(choice.tests).get(parameter.name)
    match test:
        case core.Same() | core.SameCall() if parameter.name in given:
            yield given[parameter.name]
            return
        case core.Bind(name=name) if name in bound:
            yield bound[name]
            return
        case core.Compare(op="==", value=value):
            text = said(value, {})
            yield from () if text is None else (text,)
            return
    if parameter.optional or isinstance(parameter.type, OptionType):
        yield None
        return
    judged = {p.name: p.type for p in job.program.tools[call.tool].parameters}
    if parameter.name in given and same_type(judged[parameter.name], parameter.type):
        yield given[parameter.name]
    fits = [n for n, t in job.types(place).items() if same_type(t, parameter.type)]
    yield from (name for name in fits if name != given.get(parameter.name))


def _checked(
    job: Job, choice: core.EventChoice, tool: core.Tool, found: Called, text: str, place: Place
) -> Iterator[Evidence]:
    """The call, and where the pattern asks for a result, a stop where it is another one."""
    name = found.text
    if choice.result is None:
        yield Evidence(name, (text,), found.edits)
        return
    wanted = said(choice.result.value, {}) if isinstance(choice.result, core.Compare) else None
    if wanted is None:
        return
    assert isinstance(choice.result, core.Compare)
    variable = _fresh(f"{tool.symbol.partition('@')[0]}_result", job.types(place))
    if same_type(tool.result, BOOL) and choice.result.op == "==" and wanted in ("true", "false"):
        bad = f"not {variable}" if wanted == "true" else variable
    else:
        bad = denied(f"{variable} {choice.result.op} {wanted}")
    stop = spread(f"if {bad}", place.indent, [f'stop "`{name}` said otherwise"'])
    yield Evidence(name, (f"{variable} = {text}", stop), found.edits)


def _fresh(name: str, taken: Mapping[str, object]) -> str:
    number = 1
    made = name
    while made in taken:
        number += 1
        made = f"{name}_{number}"
    return made


# ---------------------------------------------------------------- steps in other places


def moved(job: Job, event: core.EventPattern, judged: Place, *, first: bool) -> Iterator[Candidate]:
    """A step of the pattern that is there already, to before or after a judged one."""
    for step, place in job.steps:
        if place is judged or place in judged.above or len(place.block.statements) == 1:
            continue
        if _of(step, event):
            yield move(place, judged, first=first)


def _of(step: core.Statement, event: core.EventPattern) -> bool:
    for choice in event.choices:
        match step:
            case core.Call(tool=tool) if choice.kind == "call" and tool in choice.subjects:
                return True
            case core.Call(tool=tool) if choice.kind in ("read", "fail") and tool in choice.subjects:
                return True
            case core.Approve() if choice.kind == "approve":
                return True
    return False


def move(place: Place, where: Place, *, first: bool) -> Candidate:
    """A statement to before or after another one."""
    put = (before if first else after)(where, place.text)
    words = "before" if first else "after"
    title = f"move `{_short(place.text)}` {words} `{_short(where.text)}`"
    return Candidate(title, (out(place), put), bold=True)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:37] + "..."


def apart(job: Job, body: core.Forbid) -> Iterator[Candidate]:
    """Of `forbid E after F until G`: E before F, F after E, or G before E."""
    assert body.after is not None
    judged = [place for _, place, _ in sites(job, body.event)]
    armed = [place for step, place in job.steps if _of(step, body.after) or _reads(job, step, body.after)]
    for one in judged:
        for other in armed:
            if one is not other and one.block is other.block:
                yield move(one, other, first=True)
                yield move(other, one, first=False)
    for choice in () if body.until is None else body.until.choices:
        for call, place, found in sites(job, body.event):
            if choice.kind == "approve":
                yield from approved(job, place, choice.by)
            elif choice.kind == "call":
                yield from (_placed(e, place, first=True) for e in _evidence(job, choice, found, call, place))


def _reads(job: Job, step: core.Statement, event: core.EventPattern) -> bool:
    """Whether a call brings in what a `read(..)` is about."""
    tags = frozenset(tag for c in event.choices if c.kind == "read" for tag in c.subjects)
    if not tags or not isinstance(step, core.Call):
        return False
    return any(tags & returned.tags for returned in job.program.tools[step.tool].returns)
