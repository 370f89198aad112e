"""The first lessons: what sentences ask for, and that a training begins with what they taught."""

import json
import signal
from dataclasses import replace

import pytest
from test_broken_off import work
from toy import QUICK, weights

from llmrerank import Pipeline
from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate import Dataset
from llmrerank.train import train
from llmrerank.train.cloze import cloze_lessons

WARMED = replace(QUICK, cloze=30)


@pytest.fixture(scope="session")
def prose(tmp_path_factory, folder):
    """The toy collection with documents of four sentences, and titles."""
    place = tmp_path_factory.mktemp("collections") / "prose"
    (place / "qrels").mkdir(parents=True)
    (place / "queries.jsonl").write_bytes((folder / "queries.jsonl").read_bytes())
    (place / "qrels" / "train.tsv").write_bytes((folder / "qrels" / "train.tsv").read_bytes())
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    for number, row in enumerate(rows):
        own = f"The cat number {number} drinks milk on a boat"
        row["title"] = f"Cat {number}"
        row["text"] = f"{row['text']}. {own}. The moon is over the river and the stone. Bread."
    (place / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return place


@pytest.fixture
def corpus(prose):
    return Dataset.open(prose, split="train")


def test_every_list_has_the_document_that_the_sentence_is_from_and_others(corpus):
    easy, hard = cloze_lessons(corpus, 50, seed=3)
    texts = {document.id: document for document in corpus.corpus}
    assert (len(easy), len(hard)) == (20, 50)
    kept = 0
    for one in (*easy, *hard):
        answer, *others = one.documents
        assert one.gains == (1.0, *(0.0 for _ in others))
        assert answer.id not in {other.id for other in others}
        whole = texts[answer.id]
        assert one.query.text in (whole.title, *(part + "." for part in whole.text.rstrip(".").split(". ")))
        kept += one.query.text in answer.text
    assert 0 < kept < len(easy) + len(hard)
    assert not any(document.title for one in easy for document in one.documents)
    assert cloze_lessons(corpus, 50, seed=3) == (easy, hard)
    assert cloze_lessons(corpus, 50, seed=4) != (easy, hard)


def test_hard_negatives_are_what_the_first_stage_finds(corpus):
    _, hard = cloze_lessons(corpus, 10, seed=3, first_stage="bm25 % 4")
    with Pipeline("bm25 % 4", source=corpus.source()) as pipeline:
        for one in hard:
            found = {hit.document.id for hit in pipeline.search(one.query.text)}
            assert {document.id for document in one.documents[1:]} <= found


def test_without_a_corpus_or_with_one_of_short_texts_it_says_what_is_needed(corpus, folder):
    with pytest.raises(ConfigError, match="has candidates and no corpus, so a first lesson"):
        cloze_lessons(replace(corpus, corpus=None), 10, seed=0)
    with pytest.raises(DataError, match="has 0 documents of three sentences or more"):
        cloze_lessons(Dataset.open(folder, split="train"), 10, seed=0)


@pytest.mark.slow
def test_a_training_begins_with_what_the_lessons_taught(corpus, base, tmp_path):
    told = []
    one = train(corpus, tmp_path / "warmed", base=str(base), recipe=WARMED, progress=told.append)
    stages = list(dict.fromkeys(progress.stage for progress in told))
    assert stages == ["searching", "warming up", "training", "measuring"]
    train(corpus, tmp_path / "again", base=str(base), recipe=WARMED)
    train(corpus, tmp_path / "cold", base=str(base), recipe=QUICK)
    assert weights(one.folder) == weights(tmp_path / "again") != weights(tmp_path / "cold")
    assert {path.name for path in tmp_path.iterdir()} == {"warmed", "again", "cold"}


def test_frozen_embeddings_stay_and_bf16_learns_all_the_same(corpus, base, tmp_path):
    from safetensors.numpy import load_file

    recipe = replace(QUICK, freeze_embeddings=True, precision="bf16")
    trained = train(corpus, tmp_path / "model", base=str(base), recipe=recipe, draws=2)
    before, after = load_file(base / "model.safetensors"), load_file(trained.folder / "model.safetensors")
    [name] = [name for name in before if "word_embeddings" in name]
    assert (before[name] == after[f"bert.{name}"]).all()
    assert {str(value.dtype) for value in after.values() if value.ndim > 1} == {"float32"}
    assert trained.lists == 2 * trained.queries
    assert trained.best > trained.as_found


@pytest.mark.slow
@pytest.mark.parametrize("last", [3, 6])
def test_a_training_that_was_killed_in_a_lesson_goes_on_to_the_same_weights(prose, base, tmp_path, last):
    out = tmp_path / "killed"
    killed = work(prose, out, base, last=last, stage="warming up", cloze=WARMED.cloze)
    assert killed.stdout.readline() == "here\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert work(prose, out, base, cloze=WARMED.cloze).communicate() == ("None\n", "")
    train(Dataset.open(prose, split="train"), tmp_path / "whole", base=str(base), recipe=WARMED)
    assert weights(out) == weights(tmp_path / "whole")
