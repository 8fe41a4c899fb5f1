"""`require ARG from only SET` by definition, scalar by scalar of the argument.

Where the workflow computed the value, data flow decides: a scalar without tags and marks is a literal of the workflow, one that
comes whole from one allowed place stands, one that comes from none of them does not. Where an oracle made it, each of its tokens
must stand in some allowed source of the session so far; others that hold it do not matter, and what stands nowhere was invented."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.reference import marks, sides
from wfcheck.checker.reference.evaluate import Truth, judged
from wfcheck.checker.reference.matching import Matcher
from wfcheck.checker.reference.syntactic import statements
from wfcheck.checker.reference.tokens import Token, at, below, found_in, leaves, stands_in, tokens
from wfcheck.checker.reference.truths import all_of, any_of, both, negated
from wfcheck.checker.reference.values import NOTHING, Atom, Labelled, Record, Unknown, build, raised
from wfcheck.dsl import core, types
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import expressions, subexpressions

Sources = tuple[core.AllowedSource, ...]
_UNSEEN = Unknown("an allowed source is not among the events")
_ELSEWHERE = Unknown("the value comes from several places, or from a source under a condition")


def origins(program: core.Program) -> Iterator[core.FlowEnd]:
    """Where values enter: results, parameters, stores, models."""
    yield from (core.ResultEnd(tool, ()) for tool in program.tools)
    yield from (core.StoreEnd(store) for store in program.stores)
    for workflow in program.workflows.values():
        yield from (core.ParameterEnd(None, parameter.name, ()) for parameter in workflow.parameters)


def from_only(matcher: Matcher, body: core.FromOnly, marked: bool) -> Iterator[tuple[int, Truth]]:
    """At each call of the target's tool: whether some scalar of the argument is foreign. A result is no target of its own."""
    target = body.target
    if isinstance(target, core.ResultEnd):
        return
    asking = Asking(matcher, marked)
    for index, event in enumerate(matcher.log.events):
        if event.kind == "call" and matcher.log.tool_name(index) == target.tool:
            yield index, asking.foreign_argument(index, target, body.sources)


@attrs.frozen
class Asking:
    """One question about one log. `marked`: its run marked where values entered."""

    matcher: Matcher
    marked: bool

    # ------------------------------------------------------------ the value

    def foreign_argument(self, index: int, target: core.ArgumentEnd, sources: Sources) -> Truth:
        """Whether some scalar of the argument of a call, at the target's path, comes from elsewhere."""
        log = self.matcher.log
        tool = log.tool(index)
        parameter = None if tool is None else tool.parameter(target.argument)
        type_ = types.ANY if parameter is None else parameter.type
        tree = log.tree(index, target.argument)
        exact = tree is not None
        if tree is None:
            known = log.arguments(index).get(target.argument, Atom(Unknown("no such argument"), NOTHING))
            label = (log.events[index].argument_labels or {}).get(target.argument, ())
            tree = raised(known, frozenset(label))
        return any_of(
            self._foreign(index, atom, _type_at(type_, (*target.path, *place)), sources, exact)
            for part in at(tree, target.path)
            for place, atom in leaves(part)
        )

    def _foreign(self, index: int, atom: Atom, type_: Type, sources: Sources, exact: bool) -> Truth:
        if atom.value is None:
            return False
        if isinstance(atom.value, Unknown):
            return atom.value
        named = {f"via {name}" for source in sources for name in source.via}
        if sides.MODEL in atom.label or _residues(atom.label) - named:
            return self._foreign_made(index, atom.value, type_, sources)
        return self._foreign_copy(index, atom, sources, exact)

    def _foreign_copy(self, index: int, atom: Atom, sources: Sources, exact: bool) -> Truth:
        """By data flow alone. `exact`: the label is that of this very scalar."""
        label, sure = atom.label, exact and self.marked
        if not label and self.marked:
            return False
        entered = {marks.mark(end) for end in origins(self.matcher.log.program)}
        open_ = [s for s in sources if self._gate(index, s) is True]
        tags = NOTHING.union(*(plain_tags(s) for s in open_))
        wanted = {marks.mark(s.end) for s in open_}
        named = {f"via {name}" for s in sources for name in s.via}
        raw = {t for t in label if t.startswith(sides.MARK) and not marks.origin(t)[1]}
        firsts = {marks.origin(t)[0] for t in label if t.startswith(sides.MARK)}
        residues = _residues(label)
        own = frozenset(t for t in label if not t.startswith((sides.MARK, "via ")))
        whole = len(firsts & entered) <= 1 and residues <= named
        released = residues and residues <= named and not raw and bool(tags)
        if sure and whole and (firsts & wanted or (own and own <= tags)):
            return False
        if sure and released and sides.influence(self.matcher.log.program, own) <= tags:
            return False
        loose = [s for s in sources if self._gate(index, s) is not False and s not in open_]
        if not sure or loose or label & tags or firsts & wanted or residues & named:
            return _ELSEWHERE
        return True

    def _foreign_made(self, index: int, value: core.Value, type_: Type, sources: Sources) -> Truth:
        """Broken if a token stands in no allowed source, and a model (or a release that the rule does not name) made it. Words
        that may be prose break nothing."""
        if any(sides.MODEL in plain_tags(s) and self._gate(index, s) is True for s in sources):
            return False
        return any_of(self._invented(index, token, sources) for token in tokens(value, type_))

    def _invented(self, index: int, token: Token, sources: Sources) -> Truth:
        granted = any_of(self._grants(index, token, source) for source in sources)
        if granted is not False:
            return negated(granted)
        if token.loose:
            return Unknown("the words may name something, or be prose")
        return self._made(index, token)

    def _made(self, index: int, token: Token) -> Truth:
        """Whether the token surely was in what a model or a release said, and not in a text of the workflow."""
        log = self.matcher.log
        if any(stands_in(token, value) is not False for value in _literals(log.program)):
            return Unknown("it also stands in the text of the workflow")
        if log.events[index].agent is not None:
            return True
        answers = (i for i in log.before(index, False) if log.events[i].kind in ("llm", "release"))
        made = any_of(found_in(token, log.result(i)) for i in answers)
        return True if made is True else Unknown("what the model said was worked on")

    # ------------------------------------------------------------ the sources

    def _gate(self, index: int, source: core.AllowedSource) -> Truth:
        """Whether a source counts at a call, for all of what it brought; a designated one is asked piece by piece."""
        if source.designated is not None:
            return Unknown("it depends on where the source itself was found")
        return judged(source.when, self.matcher.environment(index, {}))

    def _grants(self, index: int, token: Token, source: core.AllowedSource) -> Truth:
        """Whether the token stands in what the source brought before."""
        log = self.matcher.log
        gate = judged(source.when, self.matcher.environment(index, {}))
        if gate is False:
            return False
        if isinstance(source.end, core.LiteralEnd):
            rows = log.program.tables[source.end.table].rows
            return both(gate, any_of(found_in(token, build(row)) for row in rows))
        found: list[Truth] = [_UNSEEN] if self._hidden(source.end) else []
        for earlier in log.before(index, per_session=True):
            found += self._brought(earlier, token, source)
            found.append(self._passed_on(earlier, token, source))
        return both(gate, any_of(found))

    def _brought(self, index: int, token: Token, source: core.AllowedSource) -> Iterator[Truth]:
        """For each scalar that the event brought and that is the source's: whether it holds the token."""
        for place, atom in leaves(self._value(index)):
            here = stands_in(token, atom.value)
            if here is not False:
                own = self._owns(index, place, source.end)
                if own is not False and source.designated is not None:
                    own = both(own, self._designated(index, place, source.designated))
                yield both(here, own)

    def _value(self, index: int) -> Labelled:
        log = self.matcher.log
        event = log.events[index]
        if event.kind == "call":
            return Record(log.arguments(index), NOTHING)
        return log.result(index) if event.result is not None or event.text is None else build(event.text)

    def _passed_on(self, index: int, token: Token, source: core.AllowedSource) -> Truth:
        """A release that the rule names lends its value, if what it did not remove is allowed."""
        event, program = self.matcher.log.events[index], self.matcher.log.program
        if event.kind != "release" or event.step not in source.via:
            return False
        label = frozenset(t for t in event.labels or () if not t.startswith((sides.MARK, "via ")))
        allowed: Truth = sides.influence(program, label) <= plain_tags(source)
        return both(
            found_in(token, self._value(index)),
            allowed or Unknown("the release left tags that are not allowed"),
        )

    def _owns(self, index: int, place: core.FieldPath, end: core.FlowEnd) -> Truth:
        """Whether the scalar at a place of what the event brought is what the end names."""
        log = self.matcher.log
        event = log.events[index]
        match end:
            case core.TagEnd(tags=tags):
                return self._carries(index, place, tags)
            case core.PrincipalEnd(principal=principal):
                return event.kind == "input" and event.actor == principal
            case core.ResultEnd(tool=tool, path=path):
                named = event.kind == "result" and log.tool_name(index) == tool and below(path, place)
                return self._no_echo(index, place) if named else False
            case core.ArgumentEnd(tool=tool, argument=argument, path=path):
                named = event.kind == "call" and log.tool_name(index) == tool
                return named and below((argument, *path), place)
            case core.ParameterEnd(parameter=parameter, path=path):
                return event.kind == "input" and event.step == parameter and below(path, place)
            case core.StoreEnd(store=store):
                return event.kind == "recall" and event.store == store
            case core.AgentEnd(step=step):
                return event.kind == "llm" and event.step == step
            case core.CallEnd(event=pattern):
                if event.kind == "call":
                    return False
                fresh = self._no_echo(index, place) if event.kind == "result" else True
                return both(self.matcher.holds(pattern, index), fresh)
            case _:
                return False

    def _carries(self, index: int, place: core.FieldPath, tags: frozenset[str]) -> Truth:
        """By what was declared of the source; a tag that only went through it is no evidence of a copy."""
        log = self.matcher.log
        event = log.events[index]
        match event.kind:
            case "input":
                more = tags & frozenset(event.labels or ())
                return True if event.actor in tags else _perhaps(bool(more))
            case "llm":
                return sides.MODEL in tags
            case "recall" | "message" | "release":
                return _perhaps(bool(tags & frozenset(event.labels or ())))
            case "result" if (tool := log.tool(index)) is not None:
                env = self.matcher.environment(index, {})
                here = [r for r in tool.returns if r.tags & tags and below(r.path, place)]
                declared = any_of(judged(r.condition, env) for r in here)
                through = _perhaps(tool.pure and bool(tags & frozenset(event.labels or ())))
                return any_of([both(declared, self._no_echo(index, place)), through])
            case _:
                return False

    def _no_echo(self, index: int, place: core.FieldPath) -> Truth:
        """The result of a side effect may only say again what it was given, but for its fresh parts."""
        tool = self.matcher.log.tool(index)
        if tool is None:
            return Unknown("the tool is not declared")
        fresh = tool.effect is core.Effect.READ or any(below(path, place) for path in tool.fresh)
        return True if fresh else Unknown("the result of a side effect may be an echo")

    def _designated(self, index: int, place: core.FieldPath, inner: core.FromOnly) -> Truth:
        """Whether the call (or the same element of its result) that the scalar belongs to came from allowed sources itself."""
        log, target = self.matcher.log, inner.target
        if log.tool_name(index) != target.tool or log.events[index].kind != "result":
            return False
        if isinstance(target, core.ArgumentEnd):
            return negated(self.foreign_argument(log.call_of(index), target, inner.sources))
        parts = [
            atom.value
            for other, atom in leaves(log.result(index))
            if below(target.path, other) and _beside(place, other)
        ]
        found = [t for v in parts if not isinstance(v, Unknown) for t in tokens(v, types.ANY)]
        if not found:
            return False if parts else Unknown("the part of the result is not recorded")
        start = log.call_of(index)
        return all_of(any_of(self._grants(start, t, s) for s in inner.sources) for t in found)

    def _hidden(self, end: core.FlowEnd) -> bool:
        """Whether the end may have brought values that no event shows: parameters that are from others than the user."""
        program = self.matcher.log.program
        for workflow in program.workflows.values():
            for parameter in workflow.parameters:
                shown = parameter.sources is not None and sides.USER in parameter.sources
                match end:
                    case core.TagEnd(tags=tags) if not shown:
                        if parameter.sources is None or parameter.sources & tags:
                            return True
                    case core.ParameterEnd(parameter=name) if name == parameter.name:
                        if not shown or _inlined(program, workflow.symbol):
                            return True
                    case _:
                        pass
        return False


def plain_tags(source: core.AllowedSource) -> frozenset[str]:
    """The tags that a source without a designation allows."""
    if source.designated is not None:
        return NOTHING
    match source.end:
        case core.TagEnd(tags=tags):
            return tags
        case core.PrincipalEnd(principal=principal):
            return frozenset({principal})
        case _:
            return NOTHING


def _residues(label: frozenset[str]) -> frozenset[str]:
    return frozenset(tag for tag in label if tag.startswith("via "))


def _perhaps(carries: bool) -> Truth:
    return Unknown("the tag came along with the value") if carries else False


def _beside(place: core.FieldPath, other: core.FieldPath) -> bool:
    """Whether two places lie in the same elements of the lists that both go through."""
    for one, two in zip(place, other, strict=False):
        if one != two:
            return not (one.startswith("[") and two.startswith("["))
    return True


def _type_at(type_: Type, path: core.FieldPath) -> Type:
    for step in path:
        bare = types.base(type_)
        if isinstance(bare, types.OptionType):
            bare = types.base(bare.base)
        match bare:
            case types.RecordType():
                type_ = bare.field(step) or types.ANY
            case types.ListType(item=item) | types.SetType(item=item):
                type_ = item
            case types.MapType(value=entry):
                type_ = entry
            case _:
                return types.ANY
    return type_


def _literals(program: core.Program) -> Iterator[core.Value]:
    """Every scalar in the text of the workflows."""
    for workflow in program.workflows.values():
        for statement in statements(workflow.body):
            for expression in expressions(statement):
                for part in subexpressions(expression):
                    if isinstance(part, core.Literal):
                        yield from (
                            a.value for _, a in leaves(build(part.value)) if not isinstance(a.value, Unknown)
                        )


def _inlined(program: core.Program, symbol: str) -> bool:
    return any(
        isinstance(s, core.Scope) and s.workflow == symbol
        for w in program.workflows.values()
        for s in statements(w.body)
    )
