"""A server that speaks OpenAI's chat completions over real HTTP, as badly as a test wants."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Conversation", "LlmServer", "Model", "answering", "shown_lines", "trouble"]

Respond = Callable[["Conversation", asyncio.StreamWriter], Awaitable[None]]
Model = Callable[[dict[str, Any], dict[str, str]], Any]
"""From the schema of the answer and the lines shown (text by id) to the answer."""


@dataclass(frozen=True)
class Conversation:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = self.body["response_format"]["json_schema"]["schema"]
        return schema

    @property
    def user(self) -> str:
        content = self.body["messages"][1]["content"]
        return content if isinstance(content, str) else str(content[0]["text"])


def shown_lines(conversation: Conversation) -> dict[str, str]:
    """Return the text of each line that the model is shown, by its id."""
    return {line["id"]: line["text"] for line in json.loads(conversation.user)}


@dataclass
class LlmServer:
    """What was asked, and what the next answers are."""

    url: str
    answer: Respond
    troubles: list[Respond] = field(default_factory=list)
    """What the next requests meet, one after the other, before ``answer`` has its turn again."""
    asked: list[Conversation] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @classmethod
    @asynccontextmanager
    async def run(cls, answer: Respond, *, tls: ssl.SSLContext | None = None) -> AsyncIterator["LlmServer"]:
        """Serve on a free port of the loopback address until the end of the block."""
        connections: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await server._converse(reader, writer)
            except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
                pass
            finally:
                connections.discard(task)
                writer.close()

        listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        port = listening.sockets[0].getsockname()[1]
        server = cls(url=f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1", answer=answer)
        try:
            yield server
        finally:
            listening.close()
            for task in list(connections):
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
            await listening.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            except asyncio.IncompleteReadError:
                return
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            conversation = Conversation(head[0].split(" ")[1], headers, json.loads(body))
            self.asked.append(conversation)
            respond = self.troubles.pop(0) if self.troubles else self.answer
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await respond(conversation, writer)
            finally:
                self.at_once -= 1
            if writer.is_closing():
                return


def _http(status: int, body: bytes, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def completion(content: Any, *, finish: str = "stop", **message: Any) -> bytes:
    """Return the body of a completion; 100 tokens in, 10 out."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "stub",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": content, **message},
                }
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }
    ).encode()


def answering(model: Model, *, after: float = 0.0) -> Respond:
    """Answer every question as ``model`` does, with status 200."""

    async def respond(conversation: Conversation, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(after)
        answer = model(conversation.schema, shown_lines(conversation))
        content = answer if isinstance(answer, str) else json.dumps(answer)
        writer.write(_http(200, completion(content)))
        await writer.drain()

    return respond


def trouble(kind: str, **options: Any) -> Respond:
    """Return one of the ways to fail."""

    async def status(_: Conversation, writer: asyncio.StreamWriter) -> None:
        headers = {"Retry_After": options["retry_after"]} if "retry_after" in options else {}
        writer.write(_http(options["code"], b'{"error": {"message": "no", "type": "x"}}', **headers))
        await writer.drain()

    async def slow(_: Conversation, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(options.get("seconds", 60))

    async def hang_up(_: Conversation, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def break_off(_: Conversation, writer: asyncio.StreamWriter) -> None:
        whole = _http(200, completion('{"number": null}'))
        writer.write(whole[: len(whole) // 2 + 40])
        await writer.drain()
        writer.close()

    async def text(_: Conversation, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(200, completion(options["content"], finish=options.get("finish", "stop"))))
        await writer.drain()

    async def refuse(_: Conversation, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(200, completion(None, refusal="I will not.")))
        await writer.drain()

    async def body(_: Conversation, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(200, options["data"]))
        await writer.drain()

    async def redirect(_: Conversation, writer: asyncio.StreamWriter) -> None:
        writer.write(_http(307, b"{}", Location=options["to"]))
        await writer.drain()

    ways: dict[str, Respond] = {
        "status": status,
        "slow": slow,
        "hang_up": hang_up,
        "break_off": break_off,
        "text": text,
        "refuse": refuse,
        "body": body,
        "redirect": redirect,
    }
    return ways[kind]
