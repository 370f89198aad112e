"""Whose fault it is: every failure of an endpoint becomes one of our errors here, in one clear sentence.

The SDK's exceptions carry the request, and with it the key, so none of them is chained to what is raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from llmrerank.errors import CallError, ConfigError, ContentFiltered, PermanentError, TransientError

from .address import Address
from .body_limit import MOST, Compressed, TooMuch
from .fault import Fault, read_fault

__all__ = ["Place", "Refused", "TooLong", "judge_fault", "judge_sdk_error"]

_LONGEST = 400  # characters of a server's message
_SHORTEST_KEY = 8  # characters; what local servers are given for one (`none`) may stand in any answer
_TRANSIENT = frozenset({408, 409, 425, 429})
_NO_QUOTA = ("insufficient_quota", "billing_hard_limit", "insufficient_balance", "exceeded_current_quota")
_FILTERED = re.compile(
    r"content[_ ]?filter|content_policy|responsibleaipolicy|data_inspection_failed|content management policy"
)
_TOO_LONG = re.compile(
    r"context[_ ](length|window|size)|maximum context|exceed_context|prompt is too long"
    r"|string_above_max_length|too many (input )?tokens|input (is )?too long|maximum (input|prompt) length"
    r"|longer than the maximum model",
    re.IGNORECASE,
)
_BUSY = re.compile(
    r"overload|rate.?limit|capacity|too many requests|unavailable|timed? ?out|try again|server_error"
)
_WEB_PAGE = re.compile(r"<(!doctype|html|head|body|\?xml)", re.IGNORECASE)
_CERTIFICATE = re.compile(r"certificate|CERTIFICATE_VERIFY")


class Refused(PermanentError):
    """The endpoint refused the request itself; it may name a parameter that can be left out or changed.

    Attributes:
        fault: What it said.
    """

    def __init__(self, message: str, *, fault: Fault) -> None:
        self.fault = fault
        super().__init__(message, status=fault.status)


class TooLong(PermanentError):
    """Prompt and answer together do not fit the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who was called: what the sentences name, and the secret that they must not."""

    address: Address
    model: str
    key_env: str
    timeout: float
    key: str | None = field(default=None, repr=False)

    def without_key(self, text: str, *, shortest: int = _SHORTEST_KEY) -> str:
        """A text of the endpoint without the key, or those in the address, should it repeat them.

        Replies are kept, shown and passed on. Of a message, which is only read, no key is too short.
        """
        for secret in (self.key or "", *self.address.secrets):
            if len(secret) >= shortest:
                text = text.replace(secret, "***")
        return text

    def said(self, message: str) -> str:
        """A server's message made fit to print: on one line, not too long, without the key."""
        text = message.strip()
        if _WEB_PAGE.match(text):
            text = "a web page"
        text = re.sub(r"\s+", " ", self.without_key(text, shortest=1))
        return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."

    def told(self, fault: Fault) -> str:
        """`: ` and what the server said, or nothing."""
        words = self.said(fault.message)
        return f": {words}" if words else ""


def judge_sdk_error(error: Exception, place: Place) -> CallError | ConfigError:
    """Turn what the openai package raised into one of our errors."""
    import openai

    where = place.address.shown
    if isinstance(error, openai.APIStatusError):
        return judge_fault(
            read_fault(error.body, status=error.status_code, headers=error.response.headers), place
        )
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return TransientError(
            f"{where} gave no answer within {place.timeout:g} s; raise --timeout if it is slow"
        )
    ours = error if isinstance(error, TooMuch | Compressed) else error.__cause__
    if isinstance(ours, TooMuch):
        return TransientError(f"{where} sent a reply of more than {MOST >> 20} MiB, which is no answer")
    if isinstance(ours, Compressed):
        how = place.said(str(ours))
        return PermanentError(f"{where} sent a reply compressed as {how}, which it was asked not to do")
    if isinstance(error, openai.APIConnectionError):
        reason = place.said(_root(error))
        if _CERTIFICATE.search(reason):
            return PermanentError(f"{where} shows a certificate that this machine does not trust ({reason})")
        return TransientError(f"cannot reach {where}: is the server running? ({reason})")
    return PermanentError(f"the call to {where} failed: {type(error).__name__}: {place.said(str(error))}")


def judge_fault(fault: Fault, place: Place) -> CallError:
    """Turn what an endpoint said into one of our errors."""
    status, code, where = fault.status, fault.code, place.address.shown
    fault = replace(fault, message=place.without_key(fault.message, shortest=1))
    told = place.told(fault)
    said = f"{code} {fault.message}".lower()
    if status == 402 or any(mark in said for mark in _NO_QUOTA):
        return PermanentError(f"the account at {where} has no quota left{told}", status=status)
    if status in (400, 403, 413, 422, 451, None):
        if _FILTERED.search(said):
            return ContentFiltered(f"{where} refused this content{told}", status=status)
        if _TOO_LONG.search(said) or status == 413:
            return TooLong(
                f"the prompt is too long for '{place.model}' at {where}; lower passage_tokens or window"
                f"{told}",
                status=status,
            )
    if status == 401 and not place.key_env:
        return PermanentError(
            f"{where} wants a key and none is named; write api_key_env = 'NAME' into its section of the "
            f"config file, give --api-key-env NAME, or api(key_env='NAME') for a rerank endpoint{told}",
            status=status,
        )
    if status == 401:
        missing = "" if place.key else " (it is not set)"
        return PermanentError(
            f"{where} does not accept the key from {place.key_env}{missing}; check it{told}", status=status
        )
    if status in (400, 422) or (status == 403 and "logprobs" in said):
        return Refused(f"{where} refused the request for '{place.model}'{told}", fault=fault)
    if status == 403:
        key = f"with the key from {place.key_env}" if place.key_env else "without a key"
        return PermanentError(f"{where} does not allow '{place.model}' {key}{told}", status=status)
    if status in (404, 405):
        hint = "" if place.address.has_path else "; most servers want /v1 at the end of the base URL"
        return PermanentError(
            f"{where} knows no model '{place.model}' or no chat completions; check --model and --base-url"
            f"{hint}{told}",
            status=status,
        )
    if status in _TRANSIENT or (status is not None and status >= 500 and status != 501):
        what = "is asked too often" if status == 429 else f"failed with status {status}"
        return TransientError(f"{where} {what}{told}", status=status, retry_after=fault.retry_after)
    if status is None and _BUSY.search(said):
        return TransientError(f"{where} answered with an error{told}", retry_after=fault.retry_after)
    number = "" if status is None else f" of status {status}"
    return PermanentError(f"{where} answered with an error{number}{told}", status=status)


def _root(error: BaseException) -> str:
    """The innermost reason of a connection error that says anything."""
    words = str(error)
    seen: BaseException | None = error
    while seen is not None:
        words = str(seen) or words
        seen = seen.__cause__ or seen.__context__
    return words
