"""Facts about models for pipelines: what they do, in which languages, how big, under which licence.

Taken from the cards that their makers publish; each fact has its card's address. A model that is not here
works all the same: nothing but a warning and a table hangs on these lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["KNOWN", "ModelFact", "fact_of", "markdown_table"]

Use = Literal["cross-encoder", "bi-encoder", "api"]

_HUB = "https://huggingface.co"
_LATIN = ("Latin",)
_LATIN_AND_HAN = ("Latin", "Han")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFact:
    """One model.

    Attributes:
        name: On the hub, `organisation/model`.
        task: What it does: `rerank` reads query and document together, `embed` makes vectors.
        use: The strategy that can use it. `api` is for what needs a server (vLLM, TEI, Infinity,
            llama-server): a causal language model, or one that brings code of its own, which is never run
            here.
        languages: In words, as its card states them.
        scripts: The scripts that these languages are written in; empty where there are many of them.
        parameters: Millions.
        tokens: The most that it reads at once, query and document together where it reads both.
        licence: As its card states it.
        note: What a user stumbles over; may be empty.
    """

    name: str
    task: Literal["rerank", "embed"]
    use: Use
    languages: str
    scripts: tuple[str, ...] = ()
    parameters: int
    tokens: int
    licence: str
    note: str = ""

    @property
    def source(self) -> str:
        """Address of its card."""
        return f"{_HUB}/{self.name}"

    @property
    def size(self) -> str:
        """Its parameters in words: `23M`, `1.5B`."""
        return f"{self.parameters}M" if self.parameters < 1000 else f"{self.parameters / 1000:g}B"


def _reranker(
    name: str,
    languages: str,
    parameters: int,
    tokens: int,
    licence: str,
    *,
    use: Use = "cross-encoder",
    scripts: tuple[str, ...] = (),
    note: str = "",
) -> ModelFact:
    return ModelFact(
        name=name,
        task="rerank",
        use=use,
        languages=languages,
        scripts=scripts,
        parameters=parameters,
        tokens=tokens,
        licence=licence,
        note=note,
    )


def _encoder(
    name: str,
    languages: str,
    parameters: int,
    tokens: int,
    licence: str,
    *,
    scripts: tuple[str, ...] = (),
    note: str = "",
) -> ModelFact:
    return ModelFact(
        name=name,
        task="embed",
        use="bi-encoder",
        languages=languages,
        scripts=scripts,
        parameters=parameters,
        tokens=tokens,
        licence=licence,
        note=note,
    )


_OWN_CODE = "brings code of its own: serve it"
_CAUSAL = "a language model: serve it"
_PREFIXES = "wants `query: ` and `passage: ` in front of the texts"

KNOWN: tuple[ModelFact, ...] = (
    _reranker(
        "cross-encoder/ms-marco-MiniLM-L6-v2",
        "English",
        23,
        512,
        "Apache-2.0",
        scripts=_LATIN,
        note="the default `cross-encoder`",
    ),
    _reranker("cross-encoder/ms-marco-MiniLM-L12-v2", "English", 33, 512, "Apache-2.0", scripts=_LATIN),
    _reranker("mixedbread-ai/mxbai-rerank-xsmall-v1", "English", 71, 512, "Apache-2.0", scripts=_LATIN),
    _reranker("mixedbread-ai/mxbai-rerank-base-v1", "English", 184, 512, "Apache-2.0", scripts=_LATIN),
    _reranker("mixedbread-ai/mxbai-rerank-large-v1", "English", 435, 512, "Apache-2.0", scripts=_LATIN),
    _reranker("BAAI/bge-reranker-base", "English, Chinese", 278, 512, "MIT", scripts=_LATIN_AND_HAN),
    _reranker("BAAI/bge-reranker-large", "English, Chinese", 560, 512, "MIT", scripts=_LATIN_AND_HAN),
    _reranker("cross-encoder/mmarco-mMiniLMv2-L12-H384-v1", "14", 118, 512, "Apache-2.0"),
    _reranker("BAAI/bge-reranker-v2-m3", "100+", 568, 8192, "Apache-2.0"),
    _reranker(
        "Alibaba-NLP/gte-multilingual-reranker-base",
        "70+",
        306,
        8192,
        "Apache-2.0",
        use="api",
        note=_OWN_CODE,
    ),
    _reranker(
        "jinaai/jina-reranker-v2-base-multilingual",
        "100+",
        278,
        1024,
        "CC-BY-NC-4.0",
        use="api",
        note=f"non-commercial; {_OWN_CODE}",
    ),
    _reranker("mixedbread-ai/mxbai-rerank-base-v2", "100+", 494, 8192, "Apache-2.0", use="api", note=_CAUSAL),
    _reranker(
        "mixedbread-ai/mxbai-rerank-large-v2", "100+", 1500, 8192, "Apache-2.0", use="api", note=_CAUSAL
    ),
    _reranker("Qwen/Qwen3-Reranker-0.6B", "100+", 600, 32768, "Apache-2.0", use="api", note=_CAUSAL),
    _reranker("Qwen/Qwen3-Reranker-4B", "100+", 4000, 32768, "Apache-2.0", use="api", note=_CAUSAL),
    _reranker("Qwen/Qwen3-Reranker-8B", "100+", 8000, 32768, "Apache-2.0", use="api", note=_CAUSAL),
    _encoder(
        "sentence-transformers/all-MiniLM-L6-v2",
        "English",
        23,
        256,
        "Apache-2.0",
        scripts=_LATIN,
        note="the default `bi-encoder` and `dense`; `[offline]` brings it",
    ),
    _encoder("BAAI/bge-small-en-v1.5", "English", 33, 512, "MIT", scripts=_LATIN),
    _encoder("sentence-transformers/all-mpnet-base-v2", "English", 109, 384, "Apache-2.0", scripts=_LATIN),
    _encoder("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "50+", 118, 128, "Apache-2.0"),
    _encoder("intfloat/multilingual-e5-small", "94", 118, 512, "MIT", note=_PREFIXES),
    _encoder("intfloat/multilingual-e5-base", "94", 278, 512, "MIT", note=_PREFIXES),
    _encoder("intfloat/multilingual-e5-large", "94", 560, 512, "MIT", note=_PREFIXES),
    _encoder("BAAI/bge-m3", "100+", 568, 8192, "MIT"),
)
"""Rerankers, then encoders; of each those of few languages first, small ones before big ones."""


def fact_of(model: str) -> ModelFact | None:
    """What is known about a model, or None.

    Args:
        model: The hub's name, in the older spelling `-L-6-` too, or the name of a folder with a copy of it;
            what follows a `#` (a fingerprint) does not count.
    """
    wanted = _plain(model)
    return next((fact for fact in KNOWN if wanted in (_plain(fact.name), _plain(fact.name, bare=True))), None)


def _plain(name: str, *, bare: bool = False) -> str:
    name = name.partition("#")[0].lower()
    if bare:
        name = name.rpartition("/")[2]
    return re.sub(r"-l-(\d+)", r"-l\1", name)


def markdown_table(facts: Sequence[ModelFact] = KNOWN) -> str:
    """The facts as a Markdown table, by task, each model a link to its card; ends with a line break."""
    lines = [
        "| model | use as | languages | size | reads | licence | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{fact.name}]({fact.source}) | `{fact.use}` | {fact.languages} | {fact.size} "
        f"| {fact.tokens} | {fact.licence} | {fact.note} |"
        for fact in facts
    ]
    return "\n".join(lines) + "\n"
