"""Every error llmrerank raises, drawn by whose fault it is.

```
RerankError
  ConfigError          yours:       a value, name, file or combination that cannot work
    UnknownName                     a name nobody registered, with the closest ones
    IncompatibleJudge               a judge that says too little for an algorithm
    PromptError                     a prompt file that breaks its contract
    MissingExtra                    a package is not installed, with the pip line
    DataError                       a document, query, run or judgement file that cannot be read
  CallError            provider's:  an endpoint or model failed; the call rides along
    TransientError                  may work later (429, 5xx, time-out, connection)
    PermanentError                  will fail again (401, 403, 404, other 400s, no quota)
    ContentFiltered                 the provider refused this content
  AnswerError          model's:     an answer that says nothing usable; the raw text rides along
  BudgetExceeded       the wallet's or the clock's
```
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = [
    "AnswerError",
    "BudgetExceeded",
    "CallError",
    "ConfigError",
    "ContentFiltered",
    "DataError",
    "IncompatibleJudge",
    "MissingExtra",
    "PermanentError",
    "PromptError",
    "RerankError",
    "TransientError",
    "UnknownName",
    "did_you_mean",
]


class RerankError(Exception):
    """The root of every error raised on purpose by llmrerank. Never raised itself."""


class ConfigError(RerankError):
    """The caller's to mend: a value, name, file or combination that cannot work."""


class UnknownName(ConfigError):
    """A name that nobody registered.

    Attributes:
        what: What it would be the name of, in words.
        name: What was asked for.
        known: Every name that would have been accepted.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], *, where: str = "") -> None:
        self.what = what
        self.name = name
        self.known = tuple(sorted(known))
        place = f" in {where}" if where else ""
        super().__init__(f"unknown {what} '{name}'{place}{did_you_mean(name, self.known)}")


class IncompatibleJudge(ConfigError):
    """A judge that says too little for the algorithm that would use it."""


class PromptError(ConfigError):
    """A prompt file that breaks its contract; every fault of the file is listed at once."""

    def __init__(self, path: str, faults: Sequence[str]) -> None:
        self.path = path
        self.faults = tuple(faults)
        super().__init__(f"prompt {path}: " + "; ".join(faults))


class MissingExtra(ConfigError):
    """An optional package is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f'{what} needs an optional package; run: pip install "llmrerank[{extra}]"')


class DataError(ConfigError):
    """A document, query, run or judgement file that cannot be read; names the file and line."""


class CallError(RerankError):
    """The provider's fault: an endpoint or a model failed.

    Attributes:
        call: The call that failed, or None where the failure precedes any call.
        status: HTTP status, or None where no reply came.
    """

    def __init__(self, message: str, *, call: object = None, status: int | None = None) -> None:
        self.call = call
        self.status = status
        super().__init__(message)


class TransientError(CallError):
    """May work later.

    Attributes:
        retry_after: Seconds that the provider asked to wait, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        call: object = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message, call=call, status=status)


class PermanentError(CallError):
    """Will fail again however often it is tried."""


class ContentFiltered(CallError):
    """The provider refused this content; other calls may still succeed."""


class AnswerError(RerankError):
    """The model's fault: its answer says nothing usable.

    Attributes:
        raw: The answer as it came, or None where there was none.
    """

    def __init__(self, message: str, *, raw: str | None) -> None:
        self.raw = raw
        super().__init__(message)


class BudgetExceeded(RerankError):
    """A limit on calls, tokens, cost or seconds was reached before any answer could be given."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error sentence: the close names, or all of them where none is close."""
    choices = sorted(known)
    close = get_close_matches(name, choices, n=3, cutoff=0.6)
    if close:
        return "; did you mean " + " or ".join(f"'{choice}'" for choice in close) + "?"
    return f"; known: {', '.join(choices)}" if choices else ""
