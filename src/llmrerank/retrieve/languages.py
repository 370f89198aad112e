"""The languages that lexical first stages know: stemmers, stop words and what an apostrophe does.

Stemmers are Snowball's (PyStemmer), stop words are the lists that bm25s ships; where there is no list there
are no stop words. Chinese, Japanese and Korean are codes too, and do nothing: their terms are bigrams, which
have neither stems nor stop words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from llmrerank.errors import ConfigError, UnknownName

from .bm25s_engine import bm25s_engine

__all__ = ["LANGUAGES", "check_language", "stemmer_of", "stop_words_of", "strip_apostrophes"]

Stem = Callable[[str], str]

LANGUAGES: Mapping[str, str] = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
    "zh": "chinese",
}
"""Code (ISO 639-1) to the name of the language, which is the name of its Snowball stemmer."""

_NO_STEMMER = frozenset({"ja", "ko", "zh"})
_STOP_WORDS = frozenset({"da", "de", "en", "es", "fr", "it", "nl", "no", "pt", "ru", "sv", "tr"})
_ALIASES = {"nb": "no", "nn": "no"}

# Words that lose their vowel before another and hang on to it: l'avion, dell'arte.
_ELISIONS: Mapping[str, str] = {
    "ca": "d l m n s t",
    "fr": "c d j jusqu l lorsqu m n puisqu qu quoiqu s t",
    "ga": "b d m",
    "it": "agl all c coll d dagl dall degl dell gl l m negl nell pell quell s sugl sull t un v",
}


def check_language(code: str | None) -> None:
    """Raise ConfigError unless this is a known code, or None for no language at all."""
    if code is None or code in LANGUAGES:
        return
    wanted = code.casefold().replace("_", "-").partition("-")[0]
    wanted = _ALIASES.get(wanted, wanted)
    for known, name in LANGUAGES.items():
        if wanted in (known, name):
            raise ConfigError(f"unknown language '{code}'; did you mean '{known}'?")
    raise UnknownName("language", code, LANGUAGES)


def stemmer_of(code: str | None) -> Stem | None:
    """The Snowball stemmer of a language, or None. It keeps a memo: one thread at a time.

    Raises:
        ConfigError: The installed PyStemmer is too old to have it.
    """
    if code is None or code in _NO_STEMMER:
        return None
    import Stemmer

    try:
        stemmer = Stemmer.Stemmer(LANGUAGES[code])
    except KeyError:
        raise ConfigError(
            f"the installed PyStemmer has no stemmer for '{code}' ({LANGUAGES[code]}); "
            "run: pip install --upgrade PyStemmer, or write language=None"
        ) from None
    stem: Stem = stemmer.stemWord
    return stem


def stop_words_of(code: str | None) -> Sequence[str]:
    """The stop words of a language, as bm25s lists them; none where it has no list."""
    if code is None or code not in _STOP_WORDS:
        return ()
    name = "EN" if code == "en" else LANGUAGES[code].upper()
    words: Sequence[str] = getattr(bm25s_engine().stopwords, f"STOPWORDS_{name}")
    return words


def strip_apostrophes(word: str, code: str | None) -> str:
    """Take off what an apostrophe attaches: a possessive in English, an elided article, a Turkish ending.

    Without a language, and in every other one, the word stays as it is.
    """
    if "'" not in word:
        return word
    if code == "en":
        return word.removesuffix("'s")
    if code == "tr":
        return word.partition("'")[0]
    head, _, rest = word.partition("'")
    return rest if head in _ELISIONS.get(code or "", "").split() else word
