"""A chat endpoint on loopback whose answers a function gives: a real server for tests and benchmarks.

```python
with StubServer(lambda body: "yes") as server:
    ranking = rerank(query, documents, strategy="pointwise", base_url=server.base_url, model="any")
```

It speaks as much HTTP/1.1 as clients of such endpoints use: POST and GET, keep-alive, bodies with a length.
Run as a program (`python -m llmrerank.testing.stub_server`) it gives one answer to all and prints its URL.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self

from .delivery import StubResponse, deliver

__all__ = ["Answer", "StubResponse", "StubServer", "completion"]


Answer = Callable[[Mapping[str, Any]], str | Mapping[str, Any] | StubResponse]
"""From the JSON body of a request to the answer's text, a whole completion, or a whole HTTP reply."""


def completion(text: str, **fields: Any) -> dict[str, Any]:
    """The body of a chat completion with this text; further fields are those of the completion."""
    return {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
        **fields,
    }


class StubServer:
    """Serves chat completions from a thread of its own, between `with` and its end.

    Args:
        answer: Called on the server's thread when a chat request comes in.
        delay: Seconds between a request and its answer; requests wait side by side.
        models: What `GET /v1/models` lists.
        context: Tokens that it says each of them reads at once, by vLLM's name for it; None: it does not say.
        paths: Ends of the paths that `answer` answers.
        pages: What else can be had by GET, as JSON.
        keep: Whether `requests` keeps what came in.

    Attributes:
        requests: The bodies of the chat requests, in order of arrival.
        arrived: How many chat requests came in.
        most_at_once: Most chat requests that were under way at the same time.
        connections: Connections that are open now.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        delay: float = 0.0,
        models: tuple[str, ...] = ("stub",),
        context: int | None = None,
        paths: tuple[str, ...] = ("/chat/completions",),
        pages: Mapping[str, Callable[[], Mapping[str, Any]]] | None = None,
        keep: bool = True,
    ) -> None:
        self.requests: list[Mapping[str, Any]] = []
        self.arrived = 0
        self.most_at_once = 0
        self.connections = 0
        self._answer = answer
        self._delay = delay
        self._paths = paths
        self._pages = dict(pages or {})
        self._keep = keep
        self._models = models
        self._stated = {} if context is None else {"max_model_len": context}
        self._under_way = 0
        self._port = 0
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="stub-server", daemon=True)

    @property
    def base_url(self) -> str:
        """Where it listens, with `/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.__exit__)

    async def serve(self, started: Callable[[StubServer], None], *, port: int = 0) -> None:
        """Listen, say so, and serve until `with` ends or the task is cancelled.

        Args:
            started: Called when it listens.
            port: On 127.0.0.1; 0: any that is free.

        Raises:
            OSError: The port is taken.
        """
        self._ended = asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._converse(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)
            # Also where it is cancelled before it began.
            task.add_done_callback(lambda _: writer.close())

        server = await asyncio.start_server(connected, "127.0.0.1", port)
        self._port = server.sockets[0].getsockname()[1]
        try:
            started(self)
            await self._ended.wait()
        finally:
            with suppress(NotImplementedError):  # loops of Windows have no readers
                for listening in server.sockets:
                    asyncio.get_running_loop().remove_reader(listening.fileno())
            # Who was accepted just now becomes a connection; a server that is closed by then would lose it.
            await _steps()
            server.close()
            for task in list(connections):
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
            await _steps()  # sockets are closed one step after their writers
            await server.wait_closed()

    def _run(self) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self.serve(lambda _: self._ready.set()))
        finally:
            self._loop.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after another."""
        self.connections += 1
        try:
            going_on = True
            while going_on:
                head = _read_head(await reader.readuntil(b"\r\n\r\n"))
                if head is None:
                    await deliver(_refused("this is no HTTP/1.1"), reader, writer)
                    break
                method, path, length = head
                body = await reader.readexactly(length)
                going_on = await deliver(await self._respond(method, path, body), reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # the client hung up, or talks without end
        finally:
            self.connections -= 1
            writer.close()

    async def _respond(self, method: str, path: str, body: bytes) -> StubResponse:
        path = path.partition("?")[0]
        if method == "GET" and path.endswith("/models"):
            listed = [{"id": name, "object": "model", **self._stated} for name in self._models]
            return StubResponse(body={"object": "list", "data": listed})
        if method == "GET" and path in self._pages:
            return StubResponse(body=self._pages[path]())
        if method != "POST" or not path.endswith(self._paths):
            return StubResponse(status=404, body={"error": {"message": f"no route {method} {path}"}})
        try:
            asked: Mapping[str, Any] = json.loads(body)
        except (ValueError, RecursionError):
            return _refused("the body is no JSON")
        if not isinstance(asked, dict):
            return _refused("the body is no JSON object")
        self.arrived += 1
        if self._keep:
            self.requests.append(asked)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            answer = self._answer(asked)
            if self._delay:
                await asyncio.sleep(self._delay)
        finally:
            self._under_way -= 1
        if isinstance(answer, StubResponse):
            return answer
        return StubResponse(body=completion(answer) if isinstance(answer, str) else answer)


async def _steps() -> None:
    """Let the loop do what is ready, and what that makes ready."""
    for _ in range(4):
        await asyncio.sleep(0)


def _read_head(head: bytes) -> tuple[str, str, int] | None:
    """Method, path and length of the body; None where it is no head of a request."""
    line, _, rest = head.partition(b"\r\n")
    words = line.decode("latin-1").split(" ")
    lines = (header.partition(":") for header in rest.decode("latin-1").splitlines())
    lengths = [value.strip() for name, _, value in lines if name.lower() == "content-length"] or ["0"]
    if len(words) != 3 or not lengths[-1].isdecimal() or len(lengths[-1]) > 12:
        return None
    return words[0], words[1], int(lengths[-1])


def _refused(message: str) -> StubResponse:
    return StubResponse(status=400, body={"error": {"message": message}})


def _main() -> None:
    import argparse

    parser = argparse.ArgumentParser(description="A chat endpoint on loopback with one fixed answer.")
    parser.add_argument("--answer", default="yes", help="text of every answer")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    given = parser.parse_args()

    def started(server: StubServer) -> None:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()

    server = StubServer(lambda _: str(given.answer), delay=given.delay)
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(server.serve(started))
    except KeyboardInterrupt:
        pass
    finally:
        loop.close()


if __name__ == "__main__":
    _main()
