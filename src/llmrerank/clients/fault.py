"""What an endpoint says when it fails, read into one shape: every server has its own."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["Fault", "read_fault", "read_retry_after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure as the endpoint told it.

    Attributes:
        status: HTTP status; for an error inside a reply of status 200 the one that it stands for, or None.
        message: The endpoint's own words.
        code: Its code and type, in lower case, joined by a space.
        named: Fields of the request body that it points at, in order.
        retry_after: Seconds that it asks to wait, or None.
    """

    status: int | None
    message: str
    code: str = ""
    named: tuple[str, ...] = ()
    retry_after: float | None = None


def read_fault(body: object, *, status: int | None, headers: Mapping[str, str] | None = None) -> Fault:
    """Read an error body: OpenAI's, FastAPI's `detail`, a plain `message`, a bare text, or a list of one."""
    retry_after = None if headers is None else read_retry_after(headers)
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return Fault(status=status, message=body if isinstance(body, str) else "", retry_after=retry_after)
    inner = body.get("error", body)
    if isinstance(inner, str):
        inner = {**body, "message": inner}
    if not isinstance(inner, Mapping):
        inner = body
    told = inner.get("message")
    detail = inner.get("detail", body.get("detail"))
    words = [told] if isinstance(told, str) else []
    named = [inner["param"]] if isinstance(inner.get("param"), str) else []
    if isinstance(told, Mapping) and detail is None:
        detail = told.get("detail")
    for item in detail if isinstance(detail, list) else [detail]:
        if isinstance(item, str):
            words.append(item)
        elif isinstance(item, Mapping):  # FastAPI echoes the input beside these two: it is left alone
            told_place = item.get("loc")
            parts = told_place if isinstance(told_place, list) else [told_place] if told_place else []
            place = [str(part) for part in parts if part != "body"]
            named.extend(place[:1])
            words.append(": ".join([".".join(place), str(item.get("msg", ""))]))
    return Fault(
        status=status if status is not None else _status(inner.get("code"), inner.get("status")),
        message="; ".join(dict.fromkeys(word for word in words if word)),
        code=" ".join(
            str(v).lower() for v in (inner.get("code"), _inner_code(inner), inner.get("type")) if v
        ),
        named=tuple(
            dict.fromkeys(name.removeprefix("body.").partition(".")[0].partition("[")[0] for name in named)
        ),
        retry_after=retry_after,
    )


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: `retry-after-ms`, else `Retry-After` in seconds or as an HTTP date; never negative."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) * unit
        except ValueError:
            try:
                seconds = parsedate_to_datetime(text).timestamp() - time.time()
            except (TypeError, ValueError, OverflowError):
                continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _status(*values: Any) -> int | None:
    for value in values:
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            continue
        if 400 <= number <= 599:
            return number
    return None


def _inner_code(error: Mapping[str, Any]) -> str:
    inner = error.get("innererror") or error.get("inner_error")
    return str(inner.get("code", "")) if isinstance(inner, Mapping) else ""
