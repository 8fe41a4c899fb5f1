"""Which bit stands for which tag, and the masks that rules and transfer functions ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.walk import statements

MODEL = "model"
USER = "user"
VIA_APPROVE = "via approve"
INFLUENCE_KINDS = frozenset({"influence", "principal", "tool", "builtin"})


@attrs.frozen
class VirtualSource:
    """A source of a flow rule that is no tag: it has a bit of its own, which the releases in `dropped_by` take away."""

    end: core.FlowEnd
    dropped_by: frozenset[str]

    @property
    def symbol(self) -> str:
        """A name that no declared tag can have."""
        except_via = ",".join(sorted(self.dropped_by))
        return f"source {self.end!r} except {except_via}"


@attrs.frozen(slots=False)
class Table:
    """`bits`: one power of two per tag, per virtual source, and per secrecy tag that an approval may have shown."""

    program: core.Program
    bits: Mapping[str, int]
    sources: tuple[VirtualSource, ...]

    def mask(self, symbols: Iterable[str]) -> int:
        """The union of the bits. A symbol that the table does not know is a defect, never an empty mask."""
        result = 0
        for symbol in symbols:
            result |= self.bits[symbol]
        return result

    def symbols(self, mask: int) -> tuple[str, ...]:
        """The declared tags in a mask, in declaration order (virtual sources and approval marks left out)."""
        return tuple(t for t in self.program.tags if self.bits[t] & mask)

    @cached_property
    def secrecy(self) -> int:
        """All secrecy tags."""
        return self.mask(s for s, t in self.program.tags.items() if t.kind == "secrecy")

    @cached_property
    def influence(self) -> int:
        """All influence tags: declared ones, principals, tools, `user` and `model`, and the residues that stand for such."""
        plain = frozenset(s for s, t in self.program.tags.items() if t.kind in INFLUENCE_KINDS)
        plain |= self.program.principals.keys() | {MODEL, USER}
        released = (residue(d) for d, r in self.program.releases.items() if r.removes & plain)
        return self.mask(plain) | self.mask(released)

    @cached_property
    def every_tag(self) -> int:
        """What a value without any declaration carries: every tag of the program that is no residue."""
        return self.mask(s for s, t in self.program.tags.items() if t.kind != "residue")

    def shown(self, secrecy: str) -> int:
        """The bit that says: a value that depends on an approval for which something with this tag was shown."""
        return self.bits[_shown(secrecy)]

    def stands_for(self, tags: Iterable[str], except_via: frozenset[str]) -> int:
        """The tags, and every residue that stands for one of them unless it is named in `except_via`."""
        wanted = frozenset(tags)
        mask = self.mask(wanted)
        for release in self.program.releases.values():
            if release.symbol not in except_via and release.removes & wanted:
                mask |= self.bits[residue(release.symbol)]
        if "approve" not in except_via:
            mask |= self.mask(_shown(tag) for tag in wanted if tag in self._secrecy_tags)
        return mask

    def approval_marks(self, mask: int) -> int:
        """The residue of an approval for which a value with this mask was shown."""
        marks = self.bits[VIA_APPROVE]
        for tag in self._secrecy_tags:
            if mask & self._all_that_stand_for[tag]:
                marks |= self.shown(tag)
        return marks

    @cached_property
    def _secrecy_tags(self) -> Mapping[str, None]:
        return {s: None for s, t in self.program.tags.items() if t.kind == "secrecy"}

    @cached_property
    def _all_that_stand_for(self) -> Mapping[str, int]:
        return {tag: self.stands_for((tag,), frozenset()) for tag in self._secrecy_tags}

    @cached_property
    def _released(self) -> Mapping[str, tuple[int, int]]:
        return {d: self._effect(r) for d, r in self.program.releases.items()}

    def _effect(self, release: core.Release) -> tuple[int, int]:
        removed = self.mask(release.removes)
        for source in self.sources:
            if release.symbol in source.dropped_by:
                removed |= self.bits[source.symbol]
        return removed, self.bits[residue(release.symbol)]

    def released(self, release: str, mask: int) -> int:
        """What a release leaves of a mask: less the removed tags, plus its residue."""
        removed, left = self._released[release]
        return (mask & ~removed) | left

    def approved(self, principal: str, shown: int) -> int:
        """What an approval adds to the control label of what follows it."""
        trusted = self.mask(self._trusted(principal))
        steering = shown & self.influence & ~trusted
        drop = self.mask(s.symbol for s in self.sources if "approve" in s.dropped_by)
        virtual = shown & self._virtual & ~drop
        return steering | virtual | self.mask((principal,)) | self.approval_marks(shown)

    @cached_property
    def _virtual(self) -> int:
        return self.mask(s.symbol for s in self.sources)

    @cached_property
    def result_sources(self) -> Mapping[str, tuple[tuple[core.FieldPath, int], ...]]:
        """By tool: the parts of its result that rules name as sources, with their bits."""
        found: dict[str, list[tuple[core.FieldPath, int]]] = {}
        for source in self.sources:
            if isinstance(source.end, core.ResultEnd):
                found.setdefault(source.end.tool, []).append((source.end.path, self.bits[source.symbol]))
        return {tool: tuple(parts) for tool, parts in found.items()}

    @cached_property
    def argument_sources(self) -> Mapping[tuple[str, str], tuple[tuple[core.FieldPath, int], ...]]:
        """By tool and argument: its parts that rules name as sources, with their bits."""
        found: dict[tuple[str, str], list[tuple[core.FieldPath, int]]] = {}
        for source in self.sources:
            if isinstance(end := source.end, core.ArgumentEnd):
                found.setdefault((end.tool, end.argument), []).append((end.path, self.bits[source.symbol]))
        return {argument: tuple(parts) for argument, parts in found.items()}

    @cached_property
    def step_sources(self) -> Mapping[str, int]:
        """By step: the bits of the rules that name it as a source."""
        found: dict[str, int] = {}
        for source in self.sources:
            if isinstance(end := source.end, core.AgentEnd):
                found[end.step] = found.get(end.step, 0) | self.bits[source.symbol]
        return found

    @cached_property
    def store_sources(self) -> Mapping[str, int]:
        """By store: the bits of the rules that name it as a source."""
        found: dict[str, int] = {}
        for source in self.sources:
            if isinstance(end := source.end, core.StoreEnd):
                found[end.store] = found.get(end.store, 0) | self.bits[source.symbol]
        return found

    def _trusted(self, principal: str) -> frozenset[str]:
        found = self.program.principals.get(principal)
        return frozenset({principal}) if found is None else found.trusts | {principal}


def _shown(secrecy: str) -> str:
    return f"shown {secrecy}"


def residue(release: str) -> str:
    """The tag that a release leaves behind."""
    return f"via {release}"


def build_table(program: core.Program, sources: Iterable[VirtualSource] = ()) -> Table:
    """One bit per tag of the program and per virtual source, in a fixed order."""
    unique = tuple(dict.fromkeys(sources))
    symbols = [*program.tags, *sorted(_mentioned(program) - program.tags.keys())]
    symbols += [_shown(s) for s, t in program.tags.items() if t.kind == "secrecy"]
    symbols += [s.symbol for s in unique]
    return Table(program, {s: 1 << i for i, s in enumerate(dict.fromkeys(symbols))}, unique)


def _mentioned(program: core.Program) -> frozenset[str]:
    found = {MODEL, USER, VIA_APPROVE, *program.principals}
    for release in program.releases.values():
        found |= release.removes | {residue(release.symbol)}
    for principal in program.principals.values():
        found |= principal.trusts | (principal.clears or frozenset())
    for tool in program.tools.values():
        found |= frozenset().union(*(r.tags for r in tool.returns), *(tags for _, tags in tool.accepts))
    for store in program.stores.values():
        found |= store.holds
    for channel in program.channels.values():
        found |= channel.clears or frozenset()
    for workflow in program.workflows.values():
        found |= frozenset().union(*(p.sources or () for p in workflow.parameters))
        found |= _approvers(workflow)
    return frozenset(found)


def _approvers(workflow: core.Workflow) -> frozenset[str]:
    asked = (core.Approve, core.Ask)
    return frozenset(s.principal for s in statements(workflow.body) if isinstance(s, asked))
