"""First lessons without judgements: a sentence is the query, and the document that it is from the answer.

A model that never read two texts side by side learns nothing from hard negatives: it must first see what a
query and a document have to do with each other at all. So the first lesson is easy (other documents are
random ones), and the second is hard (they are what a first stage finds for the sentence).

Source: the inverse cloze task, Lee et al., "Latent Retrieval for Weakly Supervised Open Domain Question
Answering", 1906.00300, whose sentences are cut out of their documents in nine of ten cases too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.retrieve.retriever import Retriever
from llmrerank.sentences import sentences
from llmrerank.settings import Settings
from llmrerank.types import Document, Query

from .lists import TrainingList
from .progress import TrainingProgress
from .searched import found_by

__all__ = ["Lessons", "cloze_lessons"]

Lessons = tuple[tuple[TrainingList, ...], ...]
"""One after another; each is learned before the next begins."""

_BESIDE = 3  # documents beside the right one
_EASY = 0.4  # easy lists for each hard one
_WORDS = range(6, 60)  # of a sentence that can be a query
_NEAR = 20  # documents of a first stage that are hard
_CUT_OUT = {"easy": 0.5, "hard": 0.8}  # how often the sentence is taken out of its document


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cloze:
    """A sentence that asks for its document."""

    query: Query
    document: Document
    sentence: str

    def answer(self, *, cut_out: bool) -> Document:
        """The document, without the sentence where that is wanted."""
        if not cut_out:
            return self.document
        before, _, after = self.document.text.partition(self.sentence)
        return replace(self.document, text=f"{before.rstrip()} {after.lstrip()}".strip())


def cloze_lessons(
    dataset: Dataset,
    count: int,
    *,
    first_stage: str | None = None,
    seed: int,
    settings: Settings | None = None,
    opened: MutableMapping[str, Retriever] | None = None,
    index: Path | None = None,
    tell: Callable[[TrainingProgress], None] | None = None,
) -> Lessons:
    """Make an easy lesson and a hard one out of the documents alone; no query and no judgement is read.

    Args:
        dataset: With a corpus.
        count: Lists of the hard lesson, 1 or more; the easy one has 0.4 times as many. Fewer where the corpus
            has fewer documents of three sentences or more.
        first_stage: What finds hard negatives; None: the dataset's default.
        seed: Decides documents, sentences and negatives.
        settings: For a first stage that calls an endpoint.
        opened: As `searched.found_by`, like the next.
        index: Folder of indexes.
        tell: Told of every sentence that was searched for.

    Raises:
        ConfigError: The dataset has no corpus.
        DataError: It has too few documents of three sentences.

    Cost: one search for every hard list.
    """
    corpus = dataset.corpus
    if corpus is None:
        raise ConfigError(
            f"{dataset.name} has candidates and no corpus, so a first lesson (cloze) finds no documents to "
            "take sentences from; give one with corpus.jsonl, or a base that was trained on pairs before"
        )
    chance = random.Random(f"cloze {seed}")
    easy = round(_EASY * count)
    asked = _asked(corpus, easy + count, chance)
    if len(asked) < _BESIDE + 1:
        raise DataError(
            f"{dataset.name} has {len(asked)} documents of three sentences or more, too few for a first "
            f"lesson (cloze); {_BESIDE + 1} are needed, and some hundred are better"
        )
    share = len(asked) * easy // (easy + count)
    first, second = asked[:share], asked[share:]
    stage = first_stage or str(dataset.default_first_stage())
    near = found_by(
        dataset,
        stage,
        [one.query for one in second],
        settings=settings or Settings(seed=seed),
        opened={} if opened is None else opened,
        index=index,
        tell=tell,
    )
    lessons = (
        [_easy(one, corpus, chance) for one in first],
        [_hard(one, near[one.query.id], chance) for one in second],
    )
    return tuple(tuple(one for one in lesson if one is not None) for lesson in lessons if any(lesson))


def _asked(corpus: Sequence[Document], count: int, chance: random.Random) -> list[_Cloze]:
    """Sentences of so many documents, one of each, in random order."""
    found: list[_Cloze] = []
    for place in chance.sample(range(len(corpus)), len(corpus)):
        if len(found) == count:
            break
        document = corpus[place]
        parts = [document.text[start:end].strip() for start, end in sentences(document.text)]
        usable = [part for part in parts if len(part.split()) in _WORDS]
        if len(parts) < 3 or not usable:
            continue
        sentence = chance.choice(usable)
        query = Query(id=f"cloze-{len(found)}", text=sentence)
        found.append(_Cloze(query=query, document=document, sentence=sentence))
    return found


def _easy(one: _Cloze, corpus: Sequence[Document], chance: random.Random) -> TrainingList | None:
    """A sentence or a title, and documents picked at random."""
    title = one.document.title.strip()
    query = replace(one.query, text=title) if title and chance.random() < 0.5 else one.query
    others = [corpus[place] for place in chance.sample(range(len(corpus)), min(len(corpus), _BESIDE + 1))]
    documents = [one.answer(cut_out=chance.random() < _CUT_OUT["easy"]), *others]
    # A title would be found by itself where the document is read with it.
    return _listed(query, [replace(document, title="") for document in documents], one.document)


def _hard(one: _Cloze, near: Sequence[Document], chance: random.Random) -> TrainingList | None:
    """A sentence, and documents out of what a first stage finds for it."""
    pool = [document for document in near if document.id != one.document.id][:_NEAR]
    others = chance.sample(pool, min(len(pool), _BESIDE))
    answer = one.answer(cut_out=chance.random() < _CUT_OUT["hard"])
    return _listed(one.query, [answer, *others], one.document)


def _listed(query: Query, documents: Sequence[Document], right: Document) -> TrainingList | None:
    """The list, the right document in front and not among the others; None where it stands alone."""
    answer, *others = documents
    kept = (answer, *[other for other in others if other.id != right.id][:_BESIDE])
    if len(kept) < 2:
        return None
    return TrainingList(query=query, documents=kept, gains=(1.0, *(0.0 for _ in kept[1:])))
