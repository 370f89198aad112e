"""Tiny models with random weights, written on the spot: as good as real ones for everything but meaning."""

from __future__ import annotations

import json
import random
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!"
WORDS = [
    "red",
    "green",
    "blue",
    "cat",
    "dog",
    "fish",
    "train",
    "plane",
    "boat",
    "sun",
    "moon",
    "rain",
    "snow",
    "bread",
    "milk",
    "river",
    "stone",
]


def tiny_cross_encoder(folder: Path, *, labels: int = 1, seed: int = 0, room: int = 64) -> Path:
    import torch
    from transformers import BertForSequenceClassification
    from transformers.utils import logging

    logging.disable_progress_bar()

    torch.manual_seed(seed)
    network = BertForSequenceClassification(_config(room, num_labels=labels))
    # The usual spread of 0.02 makes all scores of so small a network nearly equal.
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    network.save_pretrained(folder)
    _write_tokenizer(folder, room)
    return folder


def tiny_bi_encoder(
    folder: Path, *, seed: int = 0, room: int = 64, prompts: dict[str, str] | None = None
) -> Path:
    import torch
    from transformers import BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()

    torch.manual_seed(seed)
    network = BertModel(_config(room), add_pooling_layer=False)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    network.save_pretrained(folder)
    _write_tokenizer(folder, room)
    kinds = ("Transformer", "Pooling", "Normalize")
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (kind, path) in enumerate(zip(kinds, ("", "1_Pooling", "2_Normalize"), strict=True))
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": room, "do_lower_case": False})
    )
    (folder / "1_Pooling").mkdir()
    pooling = {
        "word_embedding_dimension": 32,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_cls_token": False,
    }
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    if prompts:
        (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    return folder


def sentences(count: int, *, seed: int = 0, longest: int = 40) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, longest))) for _ in range(count)]


def _config(room: int, **more: int) -> object:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=len(_vocabulary()),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=room,
        **more,
    )


def _vocabulary() -> list[str]:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return special + WORDS + list(LETTERS) + [f"##{letter}" for letter in LETTERS]


def _write_tokenizer(folder: Path, room: int) -> None:
    (folder / "vocab.txt").write_text("\n".join(_vocabulary()) + "\n")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": room}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
