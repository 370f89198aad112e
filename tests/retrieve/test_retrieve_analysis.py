"""From text to terms."""

from __future__ import annotations

import threading
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank.errors import ConfigError
from llmrerank.retrieve.analysis import Analyzer, fold, words
from llmrerank.retrieve.languages import LANGUAGES

WORDS = [
    ("", []),
    ("   \n\t", []),
    ("A cat, a dog; 2 cows!", ["a", "cat", "a", "dog", "2", "cows"]),
    ("snake_case argparse.ArgumentParser", ["snake", "case", "argparse", "argumentparser"]),
    ("dogs' don't 'quoted' it''s", ["dogs", "don't", "quoted", "it", "s"]),
    ("O’Reilly’s ＇x＇ rock ‘n’ roll", ["o'reilly's", "x", "rock", "n", "roll"]),
    ("1,000.5 e-mail", ["1", "000", "5", "e", "mail"]),
    # compatibility forms, case, invisible characters
    ("ﬁne Ｗｉｄｅ m² ① ½", ["fine", "wide", "m2", "1", "1", "2"]),
    ("Straße STRASSE ΣΊΣΥΦΟΣ Σίσυφος", ["strasse", "strasse", "σίσυφοσ", "σίσυφοσ"]),
    ("İstanbul ISTANBUL", ["istanbul", "istanbul"]),
    ("co\u00adoperate \ufeffmark", ["cooperate", "mark"]),
    ("می‌خواهم", ["میخواهم"]),
    ("one\u200btwo", ["one", "two"]),
    # marks belong to their letters, composed or not
    ("café cafe\u0301", ["café", "café"]),
    ("हिन्दी में", ["हिन्दी", "में"]),
    ("x\u0331\u0301y", ["x\u0331\u0301y"]),
    ("\u0301lead", ["lead"]),
    # Chinese, Japanese, Korean
    ("信息检索", ["信息", "息检", "检索"]),
    ("我", ["我"]),
    ("信息，检索。", ["信息", "检索"]),
    ("データです", ["デー", "ータ", "タで", "です"]),
    ("ﾃﾞｰﾀ", ["デー", "ータ"]),
    ("漢字かな交じり", ["漢字", "字か", "かな", "な交", "交じ", "じり"]),
    ("か\u309aき", ["か\u309aき"]),
    ("한국어 문서", ["한국", "국어", "문서"]),
    ("한국어", ["한국", "국어"]),
    ("人々", ["人々"]),
    ("\U00020000\U00020001", ["\U00020000\U00020001"]),
    # mixed
    ("Python入門 第3章", ["python", "入門", "第", "3", "章"]),
    ("don't我们x'y", ["don't", "我们", "x'y"]),
    ("我'x'我", ["我", "x", "我"]),
    # emoji and other symbols say nothing
    ("😀 👩\u200d💻 ❤️ ok", ["ok"]),
    ("1️⃣", ["1"]),
]


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == [unicodedata.normalize("NFC", word) for word in expected]


TERMS = [
    ("en", "The dogs' and the dog's running", ["dog", "dog", "run"]),
    ("en", "It's not John’s", ["john"]),
    ("en", "vitamin C and 5 cats 信 息", ["vitamin", "cat", "信", "息"]),
    ("de", "Die Häuser und die Straßen", ["haus", "strass"]),
    ("fr", "L’avion n’est qu'un oiseau", ["avion", "oiseau"]),
    ("it", "dell'arte", ["arte"]),
    ("es", "las bibliotecas", ["bibliotec"]),
    ("ru", "и книги", ["книг"]),
    ("tr", "İstanbul'da", ["istanbul"]),
    ("fi", "kirjastossa", ["kirjasto"]),
    ("zh", "我们的 libraries", ["我们", "们的", "libraries"]),
    (None, "The dogs' dog's C", ["the", "dogs", "dog's", "c"]),
]


@pytest.mark.parametrize(("language", "text", "expected"), TERMS)
def test_terms(language: str | None, text: str, expected: list[str]) -> None:
    analyzer = Analyzer(language)
    assert analyzer.terms(text) == expected
    assert analyzer.terms(text) == expected  # the memo changes nothing


@pytest.mark.parametrize("language", [*LANGUAGES, None])
def test_every_language_works(language: str | None) -> None:
    assert Analyzer(language).terms("Retrieval 2024 信息") != []


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("english", "did you mean 'en'"),
        ("EN", "did you mean 'en'"),
        ("pt-BR", "did you mean 'pt'"),
        ("nb", "did you mean 'no'"),
        ("dee", "did you mean 'de'"),
        ("xx", "known: "),
        ("", "known: "),
    ],
)
def test_unknown_language_says_which_exist(code: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        Analyzer(code)


@settings(deadline=None)
@given(st.text())
def test_folding_twice_is_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(st.text())
def test_case_makes_no_difference(text: str) -> None:
    assert words(text.casefold()) == words(text)


@settings(deadline=None)
@given(st.text(), st.sampled_from(["en", "de", "zh", None]))
def test_terms_are_never_empty_and_always_the_same(text: str, language: str | None) -> None:
    terms = Analyzer(language).terms(text)
    assert all(terms)
    assert not any(character.isspace() for term in terms for character in term)
    assert terms == Analyzer(language).terms(text)


@settings(deadline=None)
@given(st.lists(st.text()))
def test_words_of_joined_texts_are_the_joined_words(texts: list[str]) -> None:
    assert words("\n".join(texts)) == [word for text in texts for word in words(text)]


def test_threads_share_an_analyzer() -> None:
    analyzer = Analyzer("en")
    texts = [f"running{number} libraries{number % 7} cats" for number in range(400)]
    expected = [Analyzer("en").terms(text) for text in texts]
    wrong: list[str] = []

    def work() -> None:
        wrong.extend(
            text for text, terms in zip(texts, expected, strict=True) if analyzer.terms(text) != terms
        )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
