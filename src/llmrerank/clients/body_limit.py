"""How much of a reply is read: an endpoint that never stops sending fills no memory.

A body is measured as it comes in. Replies are asked for uncompressed, since a few kilobytes can unpack to
gigabytes; one that comes compressed all the same is held to a thousandth, the most that deflate makes of it.
What is compressed twice, or otherwise, unpacks to any size, and is not read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

__all__ = ["MOST", "UNCOMPRESSED", "Compressed", "TooMuch", "bounded"]

MOST = 16 << 20
"""Bytes of one reply: 16 MiB, a thousand times what a long answer takes."""
UNCOMPRESSED = {"accept-encoding": "identity"}


class TooMuch(Exception):
    """A reply is larger than anything that could be read as an answer."""


class Compressed(Exception):
    """A reply is compressed in a way that says nothing of its size."""


async def bounded(response: httpx2.Response) -> None:
    """Let no more of a reply be read than `MOST`: a hook of the HTTP client, called when its head is there.

    Raises:
        TooMuch: Its head says that it is larger.
        Compressed: Its head names another encoding than gzip or deflate, or several.
    """
    import httpx2

    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "deflate"):
        raise Compressed(encoding)
    most = MOST if encoding in ("", "identity") else MOST // 1000
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise TooMuch
    inner = response.stream
    if isinstance(inner, httpx2.AsyncByteStream):
        response.stream = _measured(inner, most)


def _measured(inner: httpx2.AsyncByteStream, most: int) -> httpx2.AsyncByteStream:
    """The same stream, which ends with an error where it goes on for too long."""
    import httpx2

    class Measured(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = most
            async for part in inner:
                left -= len(part)
                if left < 0:
                    raise TooMuch
                yield part

        async def aclose(self) -> None:
            await inner.aclose()

    return Measured()
