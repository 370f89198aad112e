"""Facts about models, and the warning where one is shown a script that it was not trained on."""

from pathlib import Path

import pytest

from llmrerank.clients.models import DEFAULTS
from llmrerank.foreign_script import foreign_script, script_of
from llmrerank.model_facts import KNOWN, fact_of, markdown_table
from llmrerank.types import Document

ENGLISH = "cross-encoder/ms-marco-MiniLM-L6-v2"
README = Path(__file__).parents[2] / "README.md"


def documents(*texts):
    return [Document(id=str(place), text=text) for place, text in enumerate(texts)]


def test_every_fact_is_there_once_and_can_be_looked_up():
    names = [fact.name for fact in KNOWN]
    assert len(set(names)) == len(names)
    for fact in KNOWN:
        assert fact.name.count("/") == 1
        assert fact.parameters > 0
        assert fact.tokens > 0
        assert fact.licence
        assert fact.languages
        assert fact_of(fact.name) is fact
        assert fact_of(fact.name.rpartition("/")[2]) is fact, "a folder with a copy has the bare name"
        assert (fact.task == "embed") == (fact.use == "bi-encoder")
        assert fact.source == f"https://huggingface.co/{fact.name}"


def test_the_default_models_are_known_as_what_they_are_used_for():
    for kind, name in DEFAULTS.items():
        fact = fact_of(name)
        assert fact is not None
        assert fact.use == kind


def test_a_fingerprint_and_the_older_spelling_name_the_same_model():
    assert fact_of(f"{ENGLISH}#0123456789abcdef") is fact_of(ENGLISH)
    assert fact_of("cross-encoder/ms-marco-MiniLM-L-6-v2") is fact_of(ENGLISH)
    assert fact_of("someone/else") is None
    assert fact_of("") is None


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("plain English", "Latin"),
        ("Überraschung, déjà vu", "Latin"),
        ("𝐛𝐨𝐥𝐝 and ｗｉｄｅ", "Latin"),
        ("Привет, мир", "Cyrillic"),
        ("机器学习", "Han"),
        ("機械学習とは、コンピュータがデータから学ぶ技術", "Japanese"),
        ("기계 학습", "Hangul"),
        ("التعلم الآلي", "Arabic"),
        ("מדעי המחשב", "Hebrew"),
        ("भाषा", "Devanagari"),
        ("ภาษาไทย", "Thai"),
        ("a β-blocker of the α type", "Latin"),
        ("Наука and art и жизнь", "Cyrillic"),
        ("1234, 56!", ""),
        ("", ""),
    ],
)
def test_the_script_of_most_letters(text, script):
    assert script_of(text) == script


def test_a_query_in_another_script_is_said_with_a_model_that_reads_it():
    said = foreign_script(ENGLISH, "как обучают сети?", documents("a text"))
    assert said is not None
    assert "the query is in Cyrillic script" in said
    assert ENGLISH in said
    assert "cross-encoder(model='BAAI/bge-reranker-v2-m3')" in said
    said = foreign_script("all-MiniLM-L6-v2#1234", "как?", [])
    assert said is not None
    assert "bi-encoder(model=" in said


def test_what_is_recommended_reads_every_script_and_runs_as_what_it_replaces():
    for model, use in ((ENGLISH, "cross-encoder"), (DEFAULTS["bi-encoder"], "bi-encoder")):
        said = foreign_script(model, "как?", [])
        assert said is not None
        fact = fact_of(said.partition("model='")[2].partition("'")[0])
        assert fact is not None
        assert (fact.use, fact.scripts) == (use, ())


@pytest.mark.parametrize(("foreign", "warned"), [(0, False), (1, False), (2, False), (3, True), (10, True)])
def test_more_than_a_fifth_of_the_documents_is_worth_a_word(foreign, warned):
    pool = documents(*["Привет"] * foreign, *["a text"] * (10 - foreign))
    said = foreign_script(ENGLISH, "a query", pool)
    assert (said is not None) == warned
    if said:
        assert f"{foreign} of 10 documents are in Cyrillic script" in said


def test_several_scripts_together_count_and_the_first_is_named():
    said = foreign_script(ENGLISH, "a query", documents("a", "b", "c", "机器", "机器", "Привет"))
    assert said is not None
    assert "3 of 6 documents are in other scripts, most of them in Han script" in said


def test_a_title_counts_and_numbers_do_not():
    pool = [Document(id="1", title="Обучение машин", text="42"), Document(id="2", text="1 2 3")]
    assert foreign_script(ENGLISH, "a query", pool) is not None
    assert foreign_script(ENGLISH, "42", documents("1 2 3", "")) is None


def test_a_model_that_reads_the_script_or_is_not_known_is_left_alone():
    for model in ("BAAI/bge-reranker-v2-m3", "BAAI/bge-m3", "someone/else", "Qwen/Qwen3-Reranker-0.6B"):
        assert foreign_script(model, "机器学习", documents("机器学习")) is None
    assert foreign_script("BAAI/bge-reranker-base", "机器学习", documents("机器学习")) is None
    assert "Cyrillic" in (foreign_script("BAAI/bge-reranker-base", "Привет", []) or "")


def test_the_readme_shows_this_table():
    assert markdown_table() in README.read_text(encoding="utf-8")
