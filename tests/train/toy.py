"""A tiny BERT and a collection that it can learn: a good document has a word that bad ones have not."""

from __future__ import annotations

import json
import random
from pathlib import Path

from llmrerank.train import Recipe

GOOD, BAD = "sun", "rain"
FILLERS = ("bread", "boat", "cat", "dog", "fish", "milk", "moon", "river", "stone", "train")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789."
DEPTH = 6
QUICK = Recipe(
    epochs=2, batch=4, learning_rate=5e-3, warmup=0.0, max_length=32, dev=0.2, checks=2, patience=9
)


def tiny_bert(folder: Path, *, head: bool = False, layers: int = 2, seed: int = 0) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    vocabulary = [*SPECIAL, GOOD, BAD, *FILLERS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=1,
    )
    torch.manual_seed(seed)
    network = BertForSequenceClassification(config) if head else BertModel(config)
    network.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def toy_collection(folder: Path, *, queries: int = 30, split: str = "train") -> Path:
    """Six documents for each query, all alike to BM25; the good one is the last that it finds."""
    (folder / "qrels").mkdir(parents=True)
    chance = random.Random(0)
    corpus, asked, judged = [], [], ["query-id\tcorpus-id\tscore"]
    for query in range(queries):
        asked.append({"_id": f"q{query}", "text": f"n{query}"})
        for place in range(DEPTH):
            word = GOOD if place == DEPTH - 1 else BAD
            text = f"n{query} {chance.choice(FILLERS)} {word} {chance.choice(FILLERS)}"
            corpus.append({"_id": f"d{query}-{place}", "title": "", "text": text})
        judged.append(f"q{query}\td{query}-{DEPTH - 1}\t1")
    for name, rows in (("corpus", corpus), ("queries", asked)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels" / f"{split}.tsv").write_text("\n".join(judged) + "\n")
    (folder / "README.md").write_text("# Toy\nLicence (toy): CC BY 4.0, made for tests.\n")
    return folder


def teacher_run(path: Path, *, queries: int = 30) -> Path:
    """A run of TREC that puts the good document first and the others in falling order of their number."""
    lines = []
    for query in range(queries):
        for rank, place in enumerate(reversed(range(DEPTH)), start=1):
            lines.append(f"q{query} Q0 d{query}-{place} {rank} {DEPTH - rank} teacher")
    path.write_text("\n".join(lines) + "\n")
    return path


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()
