"""Retrieve fast, rerank well: first stages, cross-encoders and LLM rerankers behind one notation.

```python
from llmrerank import rerank

ranking = rerank("how do I train a neural network?", documents, strategy="cross-encoder", top=5)
```

Importing the package loads nothing heavy: every name below is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import (
        AnswerError,
        BudgetExceeded,
        CallError,
        ConfigError,
        RerankError,
    )
    from .pipeline import Pipeline
    from .ranking import Hit, Ranking
    from .reranker import Reranker, rerank
    from .types import Document, Example, Limits

__version__ = "0.1.0"

__all__ = [
    "AnswerError",
    "BudgetExceeded",
    "CallError",
    "ConfigError",
    "Document",
    "Example",
    "Hit",
    "Limits",
    "Pipeline",
    "Ranking",
    "RerankError",
    "Reranker",
    "rerank",
]

_HOMES = {
    "errors": ("AnswerError", "BudgetExceeded", "CallError", "ConfigError", "RerankError"),
    "pipeline": ("Pipeline",),
    "ranking": ("Hit", "Ranking"),
    "reranker": ("Reranker", "rerank"),
    "types": ("Document", "Example", "Limits"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
