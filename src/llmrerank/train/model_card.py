"""The card of a trained model: what it is made of, from what data, and what it was measured at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmrerank.counted import counted, duration

from .licences import is_non_commercial
from .recipe import Recipe
from .trained import Trained

__all__ = ["model_card"]

_ENDED = {
    "finished": "all epochs were done",
    "patience": "the figures on the dev queries did not rise any more",
    "minutes": "the time that was given had passed",
}


def model_card(
    trained: Trained,
    recipe: Recipe,
    origin: Mapping[str, Any],
    *,
    base_licence: str,
    data_licence: str,
) -> str:
    """The text of README.md, with the head that model hubs read.

    Args:
        trained: The model.
        recipe: How it was trained.
        origin: Where the lists came from; see `Material.origin`.
        base_licence: As the base's card states it; may be empty.
        data_licence: As the collection states it; may be empty.
    """
    taught = trained.kind == "distil"
    head = [
        *([("license", base_licence)] if base_licence and not is_non_commercial(data_licence) else []),
        ("base_model", trained.base),
        ("datasets", [trained.dataset]),
        ("library_name", "sentence-transformers"),
        ("pipeline_tag", "text-ranking"),
        ("tags", ["cross-encoder", "reranker", "llmrerank", "distilled" if taught else "supervised"]),
    ]
    lines = [
        "---",
        *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head),
        "---",
        f"# {trained.folder.name}",
        "",
        f"A cross-encoder of {len(trained.layers)} layers and {_million(trained.parameters)} weights. It "
        "reads a query and a document together and gives one score; higher is more relevant.",
        "",
        "```python",
        "from llmrerank import rerank",
        "",
        f"rerank(query, documents, strategy={f'cross-encoder(model={str(trained.folder)!r})'!r})",
        "```",
        "",
        "## Made of",
        f"- Base: {trained.base}, licence: {base_licence or 'not stated'}. "
        + _layers(trained.layers, whole=recipe.layers is None),
        f"- Data: {trained.dataset}, {counted(trained.queries, 'training query')}, "
        f"{counted(trained.lists, 'list')}, {counted(trained.pairs, 'pair')}. "
        f"Licence: {data_licence or 'not stated by the collection'}",
        *_origin(origin, taught=taught),
        f"- Training: loss {recipe.loss}, learning rate {recipe.learning_rate:g}, "
        f"{counted(recipe.batch, 'list')} a step, {counted(trained.steps, 'step')} "
        f"({counted(recipe.epochs, 'epoch')} at most), "
        f"{trained.max_length} tokens, seed {recipe.seed}, {duration(trained.seconds)}. "
        f"It ended because {_ENDED[trained.stopped]}.",
        "",
        "## Measured",
        *_figures(trained, taught=taught),
        "",
        "## Limits",
        "It knows the language and the kind of question that it was trained on; measure it on your own "
        "before you rely on it (`llmrerank compare`)."
        + ("" if taught else " Documents that nobody judged counted as not relevant."),
        *(
            [
                "The data's terms speak of non-commercial use or of evaluation alone: read them before you "
                "share it."
            ]
            if is_non_commercial(data_licence)
            else []
        ),
        "",
        f"Made by `llmrerank {trained.kind}`; `training.json` has all of it.",
    ]
    return "\n".join(lines) + "\n"


def _million(number: int) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e5 else f"{number:,}"


def _layers(kept: Sequence[int], *, whole: bool) -> str:
    return "All its layers." if whole else f"Its layers {', '.join(map(str, kept))}, counted from 0."


def _origin(origin: Mapping[str, Any], *, taught: bool) -> list[str]:
    if taught:
        teachers = ", ".join(map(str, origin.get("teachers", ())))
        return [f"- Teacher: {teachers}; no judgement was read."]
    mined = (
        f"those that {origin['teacher']} puts highest below the relevant one"
        if origin.get("teacher")
        else f"sampled, the first {origin['skip']} that nobody judged left out"
        if origin.get("skip")
        else "sampled"
    )
    return [
        f"- Beside each relevant document up to {origin.get('negatives')} others of "
        f"`{origin.get('first_stage')}`, {mined}."
    ]


def _figures(trained: Trained, *, taught: bool) -> list[str]:
    if not trained.dev:
        return ["Nothing was measured on the way: no query was held out."]
    against = "the teacher's order" if taught else "the judgements"
    rows = [
        f"{counted(trained.dev_queries, 'query')} held out of the training queries; nDCG@10 against "
        f"{against}, their candidates ranked:",
        "",
        "| epochs | step | nDCG@10 |",
        "| --- | --- | --- |",
        *([] if trained.as_found is None else [f"| as found | | {trained.as_found:.4f} |"]),
    ]
    for figure in trained.dev:
        kept = " (kept)" if figure.step == trained.step else ""
        rows.append(f"| {figure.epoch:g} | {figure.step} | {figure.ndcg:.4f}{kept} |")
    return rows
