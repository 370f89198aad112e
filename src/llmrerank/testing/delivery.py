"""How an HTTP reply of a stub gets to its client: whole, or broken off, withheld, or dripping."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["StubResponse", "deliver"]

_PIECE = 65536
_LINGER_NOT = struct.pack("ii", 1, 0)  # closing then resets the connection in place of ending it


@dataclass(frozen=True, slots=True, kw_only=True)
class StubResponse:
    """A whole HTTP reply, where a text is not enough: an error, headers, a body that is no JSON.

    Attributes:
        status: HTTP status.
        body: JSON values, or the body as it is sent.
        headers: `content-type` and `content-length` are those of the body where no others are named; an
            empty one is left out.
        only: Bytes that are really sent, head and body together; None: all of them.
        then: What becomes of the connection after them: it is kept for the next request, `reset`, or held
            open with nothing more on it (`hang`) until the client leaves.
        pace: Seconds before each byte of the body.
    """

    status: int = 200
    body: Mapping[str, Any] | str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    only: int | None = None
    then: Literal["keep", "reset", "hang"] = "keep"
    pace: float = 0.0


async def deliver(response: StubResponse, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send a reply; whether the connection can be used for another one.

    Raises:
        ConnectionError: The client hung up.
    """
    left = response.only
    for part, pace in zip(_parts(response), (0.0, response.pace), strict=True):
        part = part if left is None else part[:left]
        left = None if left is None else left - len(part)
        step = 1 if pace else _PIECE
        for place in range(0, len(part), step):
            if pace:
                await asyncio.sleep(pace)
            writer.write(part[place : place + step])
            await writer.drain()
    if response.then == "hang":
        await reader.read(1)  # the client sends nothing more: this ends when it leaves
    elif response.then == "reset":
        await asyncio.sleep(0)
        plug = writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        writer.transport.abort()
    return response.then == "keep"


def _parts(response: StubResponse) -> tuple[memoryview, memoryview]:
    """Head and body, as views: a large body that many replies share is never copied."""
    body = response.body
    if isinstance(body, Mapping):
        content, kind = json.dumps(body).encode(), "application/json"
    else:
        content, kind = body.encode() if isinstance(body, str) else body, "text/plain"
    headers = {"content-type": kind, "content-length": str(len(content)), **response.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return memoryview(f"HTTP/1.1 {response.status} Stub\r\n{head}\r\n".encode("latin-1")), memoryview(content)
