"""A policy ready for guarding, as bytes: versioned, hashed, and read back without a parser.

The program is written as a list of nodes, parts before wholes, each part once. Nothing in it is evaluated: a node names one of the
classes of the core language, or a kind of plain value."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import attrs
import msgspec

from wfcheck.checker.guard.nodes import MalformedError, read_nodes, write_nodes
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, WfError

FORMAT = "wfpolicy"
VERSION = 1


@attrs.frozen(slots=False)
class GuardPolicy:
    """The rules of a program, or of one of its workflows, without those named in `without`."""

    program: core.Program = attrs.field(repr=False)
    workflow: str | None = None
    without: tuple[str, ...] = ()

    @staticmethod
    def of(program: core.Program, workflow: str | None = None, without: Sequence[str] = ()) -> GuardPolicy:
        """The policy of a program.

        Raises:
            WfError: there is no such workflow or rule.
        """
        if workflow is not None and workflow not in program.workflows:
            raise _unknown(f"there is no workflow `{workflow}`", sorted(program.workflows))
        names = [rule.name for rule in program.rules]
        for name in without:
            if name not in names:
                raise _unknown(f"there is no rule `{name}`", sorted(names))
        return GuardPolicy(attrs.evolve(program, tests=()), workflow, tuple(sorted(without)))

    @cached_property
    def data(self) -> bytes:
        """The policy as bytes: one line that names the format, then the program."""
        body = msgspec.json.encode(
            {"workflow": self.workflow, "without": self.without, "nodes": write_nodes(self.program)}
        )
        head = {"format": FORMAT, "version": VERSION, "sha256": hashlib.sha256(body).hexdigest()}
        return msgspec.json.encode(head) + b"\n" + body + b"\n"

    @cached_property
    def hash(self) -> str:
        """What tells policies apart: the hash of their bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @staticmethod
    def read(data: bytes) -> GuardPolicy:
        """The policy of such bytes.

        Raises:
            WfError: they are not a policy, of another version, or were changed.
        """
        head, _, rest = data.partition(b"\n")
        body = rest.removesuffix(b"\n")
        try:
            header = msgspec.json.decode(head, type=_Header)
            if header.format != FORMAT or header.version != VERSION:
                raise MalformedError("the format or its version is not known")
            if header.sha256 != hashlib.sha256(body).hexdigest():
                raise MalformedError("the hash does not fit: it was changed or cut off")
            made = msgspec.json.decode(body, type=_Body)
            program = read_nodes(made.nodes)
        except (
            msgspec.MsgspecError,
            MalformedError,
            ValueError,
            TypeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise _unusable(error) from None
        if not isinstance(program, core.Program):
            raise _unusable(MalformedError("it holds no program"))
        return GuardPolicy(program, made.workflow, tuple(made.without))

    def compiled(self) -> CompiledPolicy:
        """The rules as monitors, made once. Who acts where an event does not say: the principal of the workflow."""
        return self._compiled

    @cached_property
    def _compiled(self) -> CompiledPolicy:
        every = compile_policy(self.program)
        chosen = tuple((rule, monitor) for rule, monitor in every.rules if self._applies(rule))
        made = attrs.evolve(every, rules=chosen)
        if self.workflow is None:
            return made
        actor = self.program.workflows[self.workflow].principal or "user"
        return attrs.evolve(made, catalogue=attrs.evolve(made.catalogue, actor=actor))

    def _applies(self, rule: core.Rule) -> bool:
        here = self.workflow is None or not rule.workflows or self.workflow in rule.workflows
        return here and rule.name not in self.without


class _Header(msgspec.Struct):
    format: str
    version: int
    sha256: str


class _Body(msgspec.Struct):
    workflow: str | None
    without: list[str]
    nodes: list[list[object]]


def _unknown(message: str, known: Sequence[str]) -> WfError:
    help_ = f"known are {', '.join(f'`{name}`' for name in known[:20])}" if known else None
    return WfError(Diagnostic("WF806", message, None, help=help_))


def _unusable(error: Exception) -> WfError:
    why = str(error) if isinstance(error, MalformedError) else "it is not a policy"
    return WfError(
        Diagnostic(
            "WF814", f"the policy cannot be used: {why}", None, help="compile it again from its `.wf` files"
        )
    )
