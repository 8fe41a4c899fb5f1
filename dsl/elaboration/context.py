"""What elaboration knows and collects: one `Context` per program, one frozen `Env` per place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.diagnostic import Diagnostic, Label, Severity
from wfcheck.dsl.elaboration.entity import (
    BUILTINS,
    CALLABLE,
    MISSING,
    Entity,
    Imported,
    Kinds,
    Names,
    article,
)
from wfcheck.dsl.elaboration.names import did_you_mean, dotted
from wfcheck.dsl.source import Source, Span
from wfcheck.dsl.types import Type

__all__ = [
    "BUILTINS",
    "CALLABLE",
    "MISSING",
    "Budget",
    "CallElaborator",
    "Context",
    "Entity",
    "Env",
    "EventElaborator",
    "EventScope",
    "Imported",
    "Kinds",
    "Loaded",
    "Names",
    "article",
    "root",
]

MAX_SUGGESTIONS = 300


@attrs.frozen
class EventScope:
    """An elaborated event pattern. `names`: what plain names stand for in a condition beside it (arguments, `result`, binders).
    `record`: the type of `last(EVENT)`, and of what `any earlier EVENT: body` can name in its body."""

    pattern: core.EventPattern
    names: Mapping[str, core.Expr]
    record: Type


class EventElaborator(Protocol):
    """Elaborates a surface event; installed by the driver as `Context.events` (see `elaborate_event`)."""

    def __call__(self, context: Context, env: Env, event: syntax.Event) -> EventScope: ...


class CallElaborator(Protocol):
    """What a workflow body does with a call of a tool, release or workflow inside an expression: it emits the step and
    returns the variable that holds the result. `env.lazy` tells that the place may not be evaluated."""

    def __call__(self, env: Env, call: syntax.Apply, callee: Entity) -> core.Expr: ...


@attrs.define
class Budget:
    """What one expression may still cost: definitions may double at every level. `depth`: how deep the elaborator stands in it;
    `fresh` numbers renamed binders."""

    left: int = 0
    depth: int = 0
    fresh: int = 0


@attrs.frozen
class Env:
    """Where an expression stands. `names`: what plain names stand for here, before anything declared.

    `it`: the type of `it`, if there is one. `rule`: registers, `known`, `now`, `last`, `any earlier` and the text layer may be
    used. `call`: how calls of tools, releases and workflows are hoisted; None: they are refused. `what` names the place in
    messages (`a condition of a rule`). `present`: expressions known not to be `none`. The rest is kept by the elaborator."""

    module: str
    names: Mapping[str, core.Expr] = attrs.field(factory=dict)
    it: Type | None = None
    rule: bool = False
    call: CallElaborator | None = None
    what: str = "an expression"
    lazy: bool = False
    present: frozenset[core.Expr] = frozenset()
    inlining: tuple[str, ...] = ()
    budget: Budget = attrs.Factory(Budget)
    earlier: bool = False
    generic: bool = False  # a definition on its own: the types of its arguments are not known yet

    def bind(self, names: Mapping[str, core.Expr]) -> Env:
        """The same place with more names; new ones hide old ones, and what was known of those."""
        hidden = {value.name for value in names.values() if isinstance(value, core.Variable)}
        kept = frozenset(place for place in self.present if root(place) not in hidden)
        return attrs.evolve(self, names={**self.names, **names}, present=kept)


def root(place: core.Expr) -> str | None:
    """The name of the variable that a chain of fields starts from; None for any other expression."""
    while isinstance(place, core.Field):
        place = place.base
    return place.name if isinstance(place, core.Variable) else None


@attrs.frozen
class Loaded:
    """A parsed module and the paths of the modules its imports name (None: could not be loaded). `skipped`: it has
    syntax errors, so declarations may be missing."""

    path: str
    source: Source
    tree: syntax.Module
    imports: tuple[str | None, ...]
    library: bool
    skipped: bool


_DECLARED = re.compile(
    r"\b(?:secrecy|influence|group|type|principal|channel|store|tool|release|track|table|define|assume|workflow|policy)"
    r"\s+([^\n{=(:]{1,500})"
)
_ASSIGNED = re.compile(r"(\w+)`?[ \t]*=(?!=)")


def written_names(text: str) -> frozenset[str]:
    """The names that a text seems to declare or assign, whether or not it parses."""
    heads = " ".join(_DECLARED.findall(text))
    return frozenset((*re.findall(r"\w+", heads), *_ASSIGNED.findall(text)))


@attrs.define
class Context:
    """One per program: the modules, the names, what was declared so far, and every diagnostic."""

    modules: dict[str, Loaded] = attrs.Factory(dict)
    roots: tuple[str, ...] = ()
    names: dict[str, Names] = attrs.Factory(dict)
    diagnostics: list[Diagnostic] = attrs.Factory(list)
    used_imports: set[tuple[str, int, str | None]] = attrs.Factory(set)
    events: EventElaborator | None = None
    tags: dict[str, core.Tag] = attrs.Factory(dict)
    declared_tags: frozenset[str] = frozenset()
    groups: dict[str, core.Group] = attrs.Factory(dict)
    types: dict[str, Type] = attrs.Factory(dict)
    pending_types: set[str] = attrs.Factory(set)
    principals: dict[str, core.Principal] = attrs.Factory(dict)
    channels: dict[str, core.Channel] = attrs.Factory(dict)
    stores: dict[str, core.Store] = attrs.Factory(dict)
    tools: dict[str, core.Tool] = attrs.Factory(dict)
    releases: dict[str, core.Release] = attrs.Factory(dict)
    register_types: dict[str, Type] = attrs.Factory(dict)
    registers: dict[str, core.Register] = attrs.Factory(dict)
    tables: dict[str, core.Table] = attrs.Factory(dict)
    assumptions: list[core.Assumption] = attrs.Factory(list)
    workflows: dict[str, core.Workflow] = attrs.Factory(dict)
    workflow_sizes: dict[str, int] = attrs.Factory(dict)
    rules: list[core.Rule] = attrs.Factory(list)
    tests: list[core.Test] = attrs.Factory(list)
    exhausted: set[str] = attrs.Factory(set)  # definitions that were reported as too large or too deep
    _written: dict[str, frozenset[str]] = attrs.Factory(dict)
    _suggestions: int = 0
    _seen: set[tuple[str, str, Span | None, str | None]] = attrs.Factory(set)

    def report(
        self,
        code: str,
        message: str,
        span: Span | None,
        *,
        severity: Severity = Severity.ERROR,
        labels: Iterable[tuple[Span | None, str]] = (),
        notes: Iterable[str] = (),
        help: str | None = None,  # noqa: A002 - the word of `Diagnostic`
        file: str | None = None,
    ) -> None:
        """Adds a diagnostic, once: an expression that is inlined twice is wrong in one place. Labels without a place
        (of what is built in) are left out."""
        key = (code, message, span, file)
        if key in self._seen:
            return
        self._seen.add(key)
        places = tuple(Label(place, text) for place, text in labels if place is not None)
        self.diagnostics.append(Diagnostic(code, message, span, severity, places, tuple(notes), help, file))

    def add(self, diagnostic: Diagnostic) -> None:
        """Adds a diagnostic of another stage."""
        self.diagnostics.append(diagnostic)

    def lookup(self, module: str, parts: tuple[str, ...], kinds: Kinds) -> Entity | None:
        """The entity of a name of one part (`pay`) or two (`org.pay`), without a diagnostic; marks its import as used."""
        scope = self.names[module]
        if len(parts) == 1:
            found = scope.find(parts[0], kinds)
            if isinstance(found, Imported):
                self.used_imports.add((module, found.index, parts[0] if found.listed else None))
                return found.entity
            return found or BUILTINS.get(parts[0])
        prefix = scope.prefixes.get(parts[0])
        if prefix is None or len(parts) != 2:
            return None
        self.used_imports.add((module, prefix.index, None))
        inside = self.names.get(prefix.entity.symbol)
        if inside is None:
            return None
        return (inside.policies if kinds == {"policy"} else inside.own).get(parts[1])

    def parts(self, module: str, name: syntax.Expr | syntax.Ident) -> tuple[str, ...] | None:
        """The parts of a name; an identifier such as `org.pay` has two, unless it is a quoted name that holds a point."""
        if not isinstance(name, syntax.Ident) or "." not in name.text:
            return dotted(name)
        plain = self.names[module].find(name.text, frozenset())
        return tuple(name.text.split(".")) if plain is None else (name.text,)

    def resolve(
        self, module: str, name: syntax.Expr | syntax.Ident, kinds: Kinds, what: str
    ) -> Entity | None:
        """The entity that `name` (also `org.x`) stands for. Unknown, or of another kind than `kinds`: reported, and None.
        `what` says what is wanted, with its article: `a tool`."""
        parts = self.parts(module, name)
        if parts is None:
            self.report("WF204", f"{what} is named here by a name, not by an expression", name.span)
            return None
        entity = self.lookup(module, parts, kinds)
        if entity is None:
            self._unknown(module, parts, name.span, kinds, what)
        elif entity.kind in kinds:
            return entity
        elif entity.kind != MISSING:
            self._wrong_kind(module, parts, name.span, entity, kinds, what)
        return None

    def candidates(self, module: str, kinds: Kinds, prefix: str | None = None) -> set[str]:
        """The plain names of these kinds that can be said in a file (or after a prefix)."""
        scope = self.names[module]
        if prefix is not None:
            inside = self.names.get(scope.prefixes[prefix].entity.symbol)
            return set() if inside is None else inside.declared(kinds)
        builtin = {name for name, entity in BUILTINS.items() if entity.kind in kinds}
        return scope.visible(kinds) | builtin

    def _unknown(self, module: str, parts: tuple[str, ...], span: Span, kinds: Kinds, what: str) -> None:
        scope = self.names[module]
        last = parts[-1]
        prefix = parts[0] if len(parts) > 1 else None
        if prefix is not None and prefix not in scope.prefixes:
            help_ = self.suggest(prefix, lambda: scope.prefixes)
            self.report("WF203", f"no import is called `{prefix}`", span, help=help_)
            return
        origin = module if prefix is None else scope.prefixes[prefix].entity.symbol
        if origin not in self.names or self.hidden(origin, last):
            return
        help_ = self.suggest(last, lambda: self.candidates(module, kinds, prefix))
        self.report("WF201", f"{what} called `{'.'.join(parts)}` is not known here", span, help=help_)

    def unseen(self, module: str, parts: tuple[str, ...]) -> bool:
        """Whether a name of one or two parts may stand for something that could not be loaded (see `hidden`)."""
        if len(parts) == 1:
            return self.hidden(module, parts[0])
        prefix = self.names[module].prefixes.get(parts[0])
        return prefix is not None and prefix.entity.symbol not in self.names

    def hidden(self, module: str, name: str) -> bool:
        """Whether the name may well be declared where we cannot see: in an import that failed, or in a declaration that the
        parser had to skip. It is then not reported a second time as unknown."""
        if self.names[module].incomplete:
            return True
        loaded = self.modules.get(module)
        if loaded is None or not loaded.skipped:
            return False
        if module not in self._written:
            self._written[module] = written_names(loaded.source.text)
        return name in self._written[module]

    def suggest(self, name: str, candidates: Callable[[], Iterable[str]]) -> str | None:
        """The help for an unknown name. In a file with hundreds of them nobody reads the last, and looking is not cheap."""
        self._suggestions += 1
        return did_you_mean(name, candidates()) if self._suggestions <= MAX_SUGGESTIONS else None

    def _wrong_kind(
        self, module: str, parts: tuple[str, ...], span: Span, entity: Entity, kinds: Kinds, what: str
    ) -> None:
        self.report(
            "WF202",
            f"`{'.'.join(parts)}` is {article(entity.kind)}, where {what} is wanted",
            span,
            labels=[(entity.span, "declared here")],
            help=self.suggest(parts[-1], lambda: self.candidates(module, kinds)),
        )
