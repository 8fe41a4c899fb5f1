"""Model inputs and outputs in the shapes that providers and frameworks record, as plain messages.

Understood: chat messages, lists of them and of `parts` (OpenTelemetry, Gemini), items of the Responses API, content blocks
(Anthropic, Vercel), serialised LangChain messages, and the envelopes around them. What has none of these shapes is text."""

from __future__ import annotations

from typing import Final

import attrs
import msgspec

from wfcheck.checker.traces.building import arguments_of
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.reading import MalformedError, decode

_NESTING = 12
_ROLES: Final = {
    "user": "user", "human": "user", "system": "system", "developer": "system", "assistant": "assistant", "ai": "assistant",
    "model": "assistant", "tool": "tool", "function": "tool", "HumanMessage": "user", "SystemMessage": "system",
    "AIMessage": "assistant", "AIMessageChunk": "assistant", "ToolMessage": "tool", "FunctionMessage": "tool",
}  # fmt: skip
_REQUESTS = (
    "function_call",
    "custom_tool_call",
    "tool_use",
    "tool_call",
    "tool-call",
    "mcp_call",
    "server_tool_use",
)
_ANSWERS = (
    "function_call_output",
    "custom_tool_call_output",
    "tool_result",
    "tool_call_response",
    "tool-result",
)
_LISTS = ("messages", "contents", "choices", "candidates", "generations", "output_messages", "input_messages")
_SYSTEM = ("system", "instructions", "system_instruction", "systemInstruction")

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

ITEMS: Final = (
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "reasoning",
)


@attrs.frozen
class Request:
    """A call that a model asks for."""

    tool: str
    id: str | None
    arguments: dict[str, Json] = attrs.field(eq=False)


@attrs.frozen
class Answer:
    """What the model is told of a call; `id` or `tool` says of which."""

    id: str | None
    tool: str | None
    result: Json = attrs.field(eq=False)
    error: str | None = None


@attrs.frozen
class Message:
    """One message. role: user, system, assistant or tool. `bare`: the recorded value named no role; whoever wrote the text is
    not known, and it may hold whole conversations."""

    role: str
    text: str = ""
    requests: tuple[Request, ...] = ()
    answers: tuple[Answer, ...] = ()
    bare: bool = False


def messages_of(value: Json, role: str) -> list[Message]:
    """The messages in a recorded value; `role` is of text that says nothing of its own. Raises MalformedError."""
    found = _read(value, role, 0)
    return [m for m in found if m.text or m.requests or m.answers]


def opened(value: Json) -> Json:
    """The value that a text prints as a JSON object or list (printed twice or thrice too), else the value itself."""
    for _ in range(3):
        if not isinstance(value, str) or value[:1] not in '{["' or value[-1:] not in '}]"':
            return value
        try:
            value = decode(value.encode("utf-8", "surrogatepass"))
        except MalformedError:
            return value
    return value


def text_of(value: Json) -> str:
    """A value as text: itself, or printed as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return _ENCODER.encode(value).decode()


def _read(value: Json, role: str, depth: int) -> list[Message]:
    value = opened(value)
    if value is None or depth > _NESTING:
        return []
    if isinstance(value, list):
        return _read_list(value, role, depth)
    if isinstance(value, dict):
        return _read_object(value, role, depth)
    return [Message(role, text_of(value), bare=role != "system")]


def _read_list(value: list[Json], role: str, depth: int) -> list[Message]:
    """Messages one after another; bare content blocks are one message together."""
    found: list[Message] = []
    blocks: list[Json] = []
    for item in value:
        if isinstance(item, list) or (isinstance(item, dict) and _role(item) is not None) or _enveloped(item):
            found += _read(item, role, depth + 1)
        else:
            blocks.append(item)
    return [*found, _bare(role, blocks)] if blocks else found


def _bare(role: str, blocks: list[Json]) -> Message:
    return attrs.evolve(_message(role, blocks), bare=role != "system")


def _enveloped(item: Json) -> bool:
    return isinstance(item, dict) and (
        "kwargs" in item or isinstance(item.get("message"), dict) or isinstance(item.get("content"), dict)
        or any(isinstance(item.get(key), list) for key in _LISTS)
    )  # fmt: skip


def _read_object(value: dict[str, Json], role: str, depth: int) -> list[Message]:
    if isinstance(value.get("kwargs"), dict) and isinstance(value.get("id"), list):
        kind = value["id"][-1] if value["id"] else None
        return _read({**value["kwargs"], "role": _ROLES.get(str(kind), role)}, role, depth + 1)
    own = _role(value)
    if own is not None:
        return [_chat(value, own)]
    listed = next((key for key in _LISTS if isinstance(value.get(key), list)), None)
    if listed is not None:
        return _system(value, depth) + _read(value[listed], role, depth + 1)
    for key in ("message", "content", "new_message"):
        if isinstance(value.get(key), dict):
            return _read(value[key], role, depth + 1)
    if value.get("object") == "response" and isinstance(value.get("output"), list):
        return _read(value["output"], role, depth + 1)
    for key in ("prompt", "completion", "output", "input", "text", "content"):
        if isinstance(value.get(key), str | list) and value[key]:
            return _system(value, depth) + _read(value[key], role, depth + 1)
    return [_bare(role, [value])]


def _system(value: dict[str, Json], depth: int) -> list[Message]:
    config = value.get("config")
    given = [value.get(key) for key in _SYSTEM] + [
        config.get(key) for key in _SYSTEM if isinstance(config, dict)
    ]
    return [m for item in given if item for m in _read(item, "system", depth + 1)]


def _role(value: dict[str, Json]) -> str | None:
    role = value.get("role")
    if isinstance(role, str):
        return _ROLES.get(role, "assistant")
    kind = value.get("type")
    return _ROLES.get(kind) if isinstance(kind, str) and "content" in value else None


def _chat(value: dict[str, Json], role: str) -> Message:
    """A message with a role; the answer of a tool says which call it answers."""
    content = value.get("parts", value.get("content"))
    if role == "tool" and not _is_blocks(content):
        identity, tool = value.get("tool_call_id", value.get("call_id")), value.get("name")
        if identity is None and not isinstance(tool, str):
            return Message("system", "")
        failed = (
            "the tool failed" if value.get("status") == "error" or value.get("is_error") is True else None
        )
        return Message(role, answers=(Answer(_text_or_none(identity), _text_or_none(tool), content, failed),))
    message = _message(role, content if isinstance(content, list) else [content])
    extra = value.get("additional_kwargs")
    calls = value.get("tool_calls") or (extra.get("tool_calls") if isinstance(extra, dict) else None) or []
    if not isinstance(calls, list):
        raise MalformedError("WF707", "`tool_calls` must be a list")
    requests = tuple(_request(call) for call in calls)
    return attrs.evolve(
        message, requests=message.requests + tuple(r for r in requests if r not in message.requests)
    )


def _is_blocks(content: Json) -> bool:
    return isinstance(content, list) and any(isinstance(b, dict) and _is_answer(b) for b in content)


def _is_answer(block: dict[str, Json]) -> bool:
    return block.get("type") in _ANSWERS or isinstance(
        _member(block, "function_response", "functionResponse"), dict
    )


def is_structural(block: dict[str, Json]) -> bool:
    """Whether a content block is a call or an answer."""
    return _is_answer(block) or _is_request(block)


def _message(role: str, blocks: list[Json]) -> Message:
    """The text, calls and answers in a list of content blocks."""
    texts: list[str] = []
    requests: list[Request] = []
    answers: list[Answer] = []
    for block in blocks:
        if not isinstance(block, dict):
            texts.append(text_of(block))
        elif _is_answer(block):
            answers.append(_answer(block))
        elif _is_request(block):
            requests.append(_request(block))
        elif block.get("type") not in ("thinking", "reasoning", "redacted_thinking"):
            texts.append(_block_text(block))
    text = "\n".join(t for t in texts if t)
    return Message(
        "tool" if answers and not text and not requests else role, text, tuple(requests), tuple(answers)
    )


def _is_request(block: dict[str, Json]) -> bool:
    function = _member(block, "function_call", "functionCall", "function")
    return (
        block.get("type") in _REQUESTS
        or (isinstance(function, dict) and isinstance(function.get("name"), str))
        or isinstance(block.get("toolName"), str)
    )


def _request(call: Json) -> Request:
    if not isinstance(call, dict):
        raise MalformedError("WF707", "a call must be an object")
    function = _member(call, "function", "function_call", "functionCall", "tool_call")
    body = function if isinstance(function, dict) else call
    name = body.get("name", body.get("toolName", function))
    if not isinstance(name, str) or not name:
        raise MalformedError("WF707", "a call must name its function")
    given = _member(body, "arguments", "args", "input", "parameters")
    if call.get("type") == "custom_tool_call" and isinstance(given, str):
        given = {"input": given}
    identity = _member(call, "call_id", "toolCallId", "id")
    return Request(name, _text_or_none(identity), arguments_of(given))


def _answer(block: dict[str, Json]) -> Answer:
    nested = _member(block, "function_response", "functionResponse")
    body = nested if isinstance(nested, dict) else block
    identity = _member(body, "tool_use_id", "tool_call_id", "call_id", "toolCallId", "id")
    result = _member(body, "response", "result", "output", "content")
    failed = "the tool failed" if body.get("is_error") is True else None
    return Answer(
        _text_or_none(identity), _text_or_none(_member(body, "name", "toolName")), plain(result), failed
    )


def plain(value: Json) -> Json:
    """A result without the content blocks around its text."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(b, dict) and b.get("type") == "text" for b in value)
    ):
        return "\n".join(_block_text(b) for b in value)
    return value


def _block_text(block: dict[str, Json]) -> str:
    for key in ("text", "content", "value"):
        if isinstance(block.get(key), str):
            return str(block[key])
    return "" if isinstance(block.get("type"), str) else text_of(block)


def _member(value: dict[str, Json], *keys: str) -> Json:
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _text_or_none(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
