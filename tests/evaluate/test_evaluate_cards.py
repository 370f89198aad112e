"""Cards: the examples that come with the repository, `card=`, and every place an instruction may stand."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import Endpoint

from llmrerank import ConfigError, Example, rerank
from llmrerank.evaluate import Dataset, compare
from llmrerank.evaluate.card import read_card
from llmrerank.settings import Settings

ROOT = Path(__file__).parents[2]
CARDS = sorted((ROOT / "examples" / "cards").glob("*.toml"))
SHARED = ROOT.parent / "shared" / "data"
DOCUMENTS = ["Paint of a red kind.", "Paint of a blue kind."]

CARD = """
name = "paints"
instruction = "Only what dries within an hour."
relevance_level = 2
[[examples]]
query = "paint for a fence"
document = "Oil that takes a week to dry."
label = "no"
"""


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_of_the_repository_can_be_used_as_it_is(path: Path) -> None:
    card = read_card(path, asked_for=True)
    assert len(card.instruction.split()) > 30
    assert "\n" not in card.instruction
    assert {example.label for example in card.examples} == {"yes", "no"}
    assert card.relevance in (1, 2)


def test_there_is_a_card_for_each_kind_of_collection_and_the_page_lists_them() -> None:
    page = (ROOT / "examples" / "cards" / "README.md").read_text(encoding="utf-8")
    assert len(CARDS) == 7
    for path in CARDS:
        assert f"| `{path.name}` |" in page
    if SHARED.is_dir():
        collections = sorted(folder.name for folder in SHARED.iterdir() if (folder / "README.md").is_file())
        assert [name for name in collections if name not in page] == []


def _shingles(text: str, size: int = 7) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[start : start + size]) for start in range(len(words) - size + 1)}


def _texts(folder: Path) -> Iterator[str]:
    for name in ("queries.jsonl", "corpus.jsonl.gz"):
        path = folder / name
        if path.is_file():
            with gzip.open(path, "rt") if name.endswith(".gz") else path.open(encoding="utf-8") as lines:
                yield from (json.loads(line)["text"] for line in lines)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collections are not beside the checkout")
def test_no_card_quotes_a_collection() -> None:
    ours = set().union(*(_shingles(path.read_text(encoding="utf-8")) for path in CARDS))
    for folder in sorted(SHARED.iterdir()):
        for text in _texts(folder):
            assert not ours & _shingles(text), (folder.name, ours & _shingles(text))


def test_a_card_stands_in_for_the_whole_of_the_folders_own(collection: Path, tmp_path: Path) -> None:
    (collection / "dataset.toml").write_text('name = "colours"\ninstruction = "Any paint."\n')
    card = tmp_path / "card.toml"
    card.write_text(CARD)
    dataset = Dataset.open(collection, card=card)
    assert (dataset.name, dataset.instruction) == ("paints", "Only what dries within an hour.")
    assert dataset.relevance == 2
    assert dataset.examples == (
        Example(query="paint for a fence", document="Oil that takes a week to dry.", label="no"),
    )
    card.write_text("relevance_level = 1\n")
    assert Dataset.open(collection, card=card).instruction == ""
    assert Dataset.open(collection, card=card).name == "colours", "by its folder, which has this name"


def test_a_card_that_is_not_there_is_said_and_not_passed_over(collection: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no card .*absent\.toml"):
        Dataset.open(collection, card=tmp_path / "absent.toml")
    assert Dataset.open(collection).instruction == ""


def test_a_card_with_faults_lists_them_all(collection: Path, tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    card.write_text('instrution = "x"\nrelevance_level = "high"\n')
    with pytest.raises(ConfigError, match=r"did you mean 'instruction'.*relevance_level"):
        Dataset.open(collection, card=card)


def _settings(endpoint: Endpoint) -> Settings:
    return Settings(model="scripted", base_url=endpoint.base_url, api_key="none", retries=0)


def test_the_card_reaches_the_judge_unless_the_caller_or_the_stage_says_otherwise(
    collection: Path, tmp_path: Path, endpoint: Endpoint
) -> None:
    endpoint.answer = lambda prompt: "[1] > [2] > [3]"
    card = tmp_path / "card.toml"
    card.write_text(CARD)
    dataset = Dataset.open(collection, card=card)

    def asked(strategy: str, settings: Settings) -> str:
        compare(dataset, [f"bm25 % 3 >> {strategy}"], settings=settings, limit=1)
        return endpoint.prompts[-1]

    plain = asked("listwise", _settings(endpoint))
    assert "Only what dries within an hour." in plain
    assert "Oil that takes a week to dry." in plain
    told = replace(
        _settings(endpoint),
        instruction="Cheap ones.",
        examples=(Example(query="q", document="A dear one.", label="no"),),
    )
    by_caller = asked("listwise", told)
    assert "Cheap ones." in by_caller
    assert "A dear one." in by_caller
    assert "within an hour" not in by_caller
    assert "Oil that" not in by_caller
    by_stage = asked("listwise(instruction='Red ones.', examples=(('q', 'A red one.', 'yes'),))", told)
    assert "Red ones." in by_stage
    assert "A red one." in by_stage
    assert "Cheap ones." not in by_stage
    assert "A dear one." not in by_stage


def test_the_prompt_file_speaks_last(tmp_path: Path, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: "[2] > [1]"
    packed = (ROOT / "prompts" / "listwise.toml").read_text(encoding="utf-8")
    prompt = tmp_path / "mine.toml"
    prompt.write_text(f'{packed}\n[defaults]\ninstruction = "What a painter would buy."\n')
    strategy = f"listwise(prompt={str(prompt)!r})"
    call = {"model": "scripted", "base_url": endpoint.base_url, "api_key": "none"}
    rerank("paint", DOCUMENTS, strategy=strategy, **call)
    assert "What a painter would buy." in endpoint.prompts[-1]
    rerank("paint", DOCUMENTS, strategy=strategy, instruction="Cheap ones.", **call)
    assert "Cheap ones." in endpoint.prompts[-1]
    assert "painter" not in endpoint.prompts[-1]


def test_examples_may_be_triples_and_change_what_is_kept(tmp_path: Path, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: "[2] > [1]"
    call = {"model": "scripted", "base_url": endpoint.base_url, "api_key": "none"}
    kept = {**call, "cache": tmp_path / "cache.sqlite"}
    rerank("paint", DOCUMENTS, strategy="listwise", **kept)
    rerank("paint", DOCUMENTS, strategy="listwise", **kept)
    assert len(endpoint.prompts) == 1
    rerank("paint", DOCUMENTS, strategy="listwise", examples=[("q", "Whitewash.", "no")], **kept)
    rerank("paint", DOCUMENTS, strategy="listwise", instruction="Cheap ones.", **kept)
    assert len(endpoint.prompts) == 3, "an instruction and examples are part of the cache's key"
    assert "Whitewash." in endpoint.prompts[1]


def test_cards_are_toml_without_keys_of_their_own() -> None:
    keys = {key for path in CARDS for key in tomllib.loads(path.read_text(encoding="utf-8"))}
    assert keys <= {"name", "instruction", "relevance_level", "examples"}
