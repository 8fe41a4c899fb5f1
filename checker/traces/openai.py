"""Message lists in the style of the OpenAI API: chat logs, agent benchmark runs (`messages`, `traj`), one run or many.

A user message is an `input`, a model's message an `llm` (and a `say` where it asks for no call), a requested call a `call`,
a tool message a `result`, or a `fail` where it carries an error. System messages are text of the workflow: a `message` from
`system`. Denials and times cannot be seen in this format. The conversation is all there is: an approval that it does not show was
not given. In a tau-bench run (`traj`) a result that begins with `Error:` is a failure: so its environment reports one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from wfcheck.checker.traces.building import UNSTEPPED, RunBuilder, arguments_of
from wfcheck.checker.traces.event import CONVERSATION, Completeness, Json
from wfcheck.checker.traces.messages import ITEMS, Message, is_structural, messages_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.trace import Item, Problem, Trace
from wfcheck.dsl.diagnostic import Severity

COMPLETENESS: Mapping[str, Completeness] = {
    **{kind: shown for kind, shown in UNSTEPPED.items() if kind != "approve"},
    "time": "absent",
    "args_executed": "absent",
    CONVERSATION: "full",
}
_LISTS = ("messages", "traj")
_FAILURE_OF = {"traj": "Error:"}
_SYSTEM = frozenset({"system", "developer"})


def recognises(value: Json) -> bool:
    """A run, a message, a list of messages, or a list of runs."""
    if isinstance(value, list):
        return bool(value) and recognises(value[0])
    return isinstance(value, dict) and (_messages_key(value) is not None or is_message(value))


def is_message(value: Json) -> bool:
    """One message on its own, or an item of the Responses API."""
    return isinstance(value, dict) and (isinstance(value.get("role"), str) or _is_item(value))


def is_preface(value: Json) -> bool:
    """A first line that describes the runs after it."""
    return isinstance(value, dict) and value.keys() == {"metadata"}


def _is_item(value: dict[str, Json]) -> bool:
    return value.get("type") in ITEMS and "call_id" in value


def has_blocks(message: dict[str, Json]) -> bool:
    """Whether calls or answers stand elsewhere than in `tool_calls` and messages of tools."""
    if (
        "parts" in message
        or message.get("type") in ITEMS
        or isinstance(message.get("additional_kwargs"), dict)
    ):
        return True
    content = message.get("content")
    return isinstance(content, list) and any(isinstance(b, dict) and is_structural(b) for b in content)


def _messages_key(value: dict[str, Json]) -> str | None:
    return next((key for key in _LISTS if isinstance(value.get(key), list)), None)


def read_value(value: Json, file: str, line: int, lenient: bool) -> Iterator[Item]:
    """The runs in one JSON value that stood at `line`."""
    name = f"{file}#{line}"
    if isinstance(value, list) and not (value and is_message(value[0])):
        for index, run in enumerate(value):
            yield from _run(run, f"{file}#/{index}", file, line, f"/{index}", lenient)
    else:
        yield from _run(value, name, file, line, "", lenient)


def _run(value: Json, name: str, file: str, line: int, pointer: str, lenient: bool) -> Iterator[Item]:
    key = _messages_key(value) if isinstance(value, dict) else None
    if isinstance(value, list):
        places = [(line, f"{pointer}/{index}") for index in range(len(value))]
        yield from read_messages(value, places, name, file, lenient)
    elif key is not None:
        places = [(line, f"{pointer}/{key}/{index}") for index in range(len(value[key]))]
        yield from read_messages(value[key], places, name, file, lenient, _FAILURE_OF.get(key))
    else:
        yield Problem("WF707", "not a run: no list `messages` or `traj`", file, line, pointer)


def read_messages(
    messages: list[Json],
    places: list[tuple[int, str]],
    name: str,
    file: str,
    lenient: bool,
    failure: str | None = None,
) -> Iterator[Item]:
    """One run; `places` are the line and pointer of each message. A run with an error is dropped unless `lenient`. `failure`: how
    the text of a result begins that tells of a failure."""
    builder = _Builder(file, failure=failure)
    for index, (message, (line, pointer)) in enumerate(zip(messages, places, strict=True)):
        builder.line, builder.pointer = line, pointer
        builder.message(message, last=index + 1 == len(messages))
    yield from builder.problems
    errors = [p for p in builder.problems if p.severity is Severity.ERROR]
    if errors and not lenient:
        return
    losses = tuple(f"{p.message} at line {p.line} `{p.pointer}`" for p in errors)
    start = places[0][0] if places else 1
    told = failure is not None or _tells_failures(messages, builder)
    shown: Mapping[str, Completeness] = COMPLETENESS if told else {**COMPLETENESS, "fail": "absent"}
    yield Trace(name, file, start, "openai", tuple(builder.events), shown, losses)


def _tells_failures(messages: Sequence[Json], builder: RunBuilder) -> bool:
    """Whether answers of tools say how they ended, or there are none: in most lists an error is a text like any other."""
    kinds = {event.kind for event in builder.events}
    if "fail" in kinds or "result" not in kinds:
        return True
    return any(isinstance(m, dict) and ("error" in m or _has_results(m.get("content"))) for m in messages)


def _has_results(content: Json) -> bool:
    return isinstance(content, list) and any(
        isinstance(block, dict) and (block.get("type") == "tool_result" or "is_error" in block)
        for block in content
    )


def text_of(content: Json) -> str | None:
    """The text of a message's content, or None where the content is of another shape."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        return None
    pieces = [_block_text(block) for block in content]
    return None if None in pieces else "\n".join(p for p in pieces if p)


def _block_text(block: Json) -> str | None:
    if isinstance(block, str):
        return block
    if not isinstance(block, dict):
        return None
    text = block.get("text", block.get("content", ""))
    return text if isinstance(text, str) else ""


@attrs.define
class _Builder(RunBuilder):
    """The events of one run of messages. `failure`: how the text of a failed call's result begins."""

    failure: str | None = None

    def message(self, message: Json, last: bool) -> None:
        """The events of the message at hand."""
        if isinstance(message, dict) and has_blocks(message):
            self._blocks(message, last)
            return
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            self.problem("WF707", "a message must be an object with a text `role`")
            return
        text = text_of(message.get("content"))
        if text is None:
            self.problem("WF707", "`content` must be text, null or a list of blocks", "/content")
            return
        role = message["role"]
        if role == "user":
            self.add("input", actor="user", text=text)
        elif role in _SYSTEM:
            self.add("message", actor="system", text=text)
        elif role == "assistant":
            self._assistant(message, text, last)
        elif role in ("tool", "function"):
            self._tool(message, text)
        else:
            self.problem("WF707", f"unknown role `{role[:40]}`", "/role")

    def _blocks(self, message: dict[str, Json], last: bool) -> None:
        """A message whose calls or answers stand among its content, or an item of the Responses API."""
        kind = message.get("type")
        role = "tool" if isinstance(kind, str) and kind.endswith("_output") else "assistant"
        try:
            found = messages_of([message], role)
        except MalformedError as error:
            self.problem(error.code, str(error))
            return
        for part in found:
            for answer in part.answers:
                opened = self.close(answer.id, answer.tool)
                if opened is not None:
                    self.answer(opened, answer.result, answer.error)
            if part.role == "user" and part.text:
                self.add("input", actor="user", text=part.text)
            elif part.role == "system" and part.text:
                self.add("message", actor="system", text=part.text)
            elif part.text or part.requests:
                self._spoken(part, last)

    def _spoken(self, part: Message, last: bool) -> None:
        self.add("llm", text=part.text)
        for request in part.requests:
            self.call(request.tool, request.id, args_requested=request.arguments)
        if part.text and not part.requests:
            self.add("say", text=part.text)
            if last:
                self.add("end")

    def _assistant(self, message: dict[str, Json], text: str, last: bool) -> None:
        calls = message.get("tool_calls") or []
        if not isinstance(calls, list):
            self.problem("WF707", "`tool_calls` must be a list", "/tool_calls")
            return
        self.add("llm", text=text)
        for index, call in enumerate(calls):
            self._call(call, f"/tool_calls/{index}")
        legacy = message.get("function_call")
        if legacy is not None:
            self._call(legacy, "/function_call")
        elif not calls:
            if text:
                self.add("say", text=text)
            if last:
                self.add("end")

    def _call(self, call: Json, below: str) -> None:
        function = call.get("function") if isinstance(call, dict) else None
        body = function if isinstance(function, dict) else call
        if not isinstance(body, dict):
            self.problem("WF707", "a call must be an object", below)
            return
        name = function if isinstance(function, str) else body.get("name")
        if not isinstance(name, str) or not name:
            self.problem("WF707", "a call must name its function", below)
            return
        try:
            arguments = arguments_of(body.get("arguments", body.get("args")))
        except MalformedError as error:
            self.problem(error.code, str(error), below)
            self.open(call.get("id"), name, below)
            return
        self.call(name, call.get("id"), below, args_requested=arguments)

    def _tool(self, message: dict[str, Json], text: str) -> None:
        given = message.get("tool_call_id")
        opened = self.close(given or None, message.get("name"), "/tool_call_id" if given else "")
        if opened is not None:
            failed = self.failure is not None and text.startswith(self.failure)
            self.answer(opened, text, message.get("error") or (text if failed else None))
