"""Pipelines that are right by default, by the price one is ready to pay."""

from __future__ import annotations

from llmrerank.registry import Entry, Kind, add

__all__ = ["PRESETS"]

PRESETS = {
    "fast": (
        "hybrid % 50 >> cross-encoder",
        "Lexical and dense retrieval fused, then a local cross-encoder; no LLM.",
    ),
    "balanced": (
        "hybrid % 50 >> cross-encoder % 20 >> listwise",
        "The same, and one LLM call that orders the best twenty.",
    ),
    "thorough": (
        "hybrid % 100 >> cross-encoder >> adaptive(rounds=(5, 2, 1, 1))",
        "All hundred are read by the LLM, the leaders up to four times: nine calls in four rounds.",
    ),
}
"""Name: the pipeline it stands for, and what it is."""

for _name, (_pipeline, _summary) in PRESETS.items():
    add(Entry(name=_name, kind=Kind.PRESET, target=_pipeline, options=(), summary=_summary))
