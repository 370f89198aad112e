"""Words by which a query's language and form are told: few, frequent, and listed in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LISTS", "WordLists"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordLists:
    """The words of one language, folded as `retrieve.analysis.words` folds them.

    Attributes:
        function: Articles, prepositions, pronouns, auxiliaries: what carries no topic.
        asking: Words that open a question.
        explaining: Those of them that ask for an explanation and not for a fact.
        joining: Words that open another clause.
        negating: Words that exclude something.
        comparing: Words that hold one thing against another.
    """

    function: frozenset[str]
    asking: frozenset[str]
    explaining: frozenset[str]
    joining: frozenset[str]
    negating: frozenset[str]
    comparing: frozenset[str]


def _of(
    *, function: str, asking: str, explaining: str, joining: str, negating: str, comparing: str
) -> WordLists:
    sets = [
        frozenset(words.split()) for words in (function, asking, explaining, joining, negating, comparing)
    ]
    # What joins, negates or asks carries no topic either.
    return WordLists(
        function=sets[0] | sets[1] | sets[3] | sets[4],
        asking=sets[1],
        explaining=sets[2],
        joining=sets[3],
        negating=sets[4],
        comparing=sets[5],
    )


LISTS: Mapping[str, WordLists] = {
    "en": _of(
        function=(
            "a an the this these those of in on at to from by for with about into over under between as "
            "and or i you he she it we they me him her us them my your his its our their is are was were "
            "be been being am do does did done has have had having can could should would will may might "
            "must shall there here any some all each every more most other such only own same just also "
            "very one"
        ),
        asking="what which who whom whose when where why how is are does do did can could should would will",
        explaining="why how",
        joining=(
            "that which who whom whose because if when while although though but unless until whereas "
            "since whether where so before after then"
        ),
        negating=(
            "not no without never none neither nor except excluding cannot can't don't doesn't didn't "
            "isn't aren't won't wasn't weren't shouldn't wouldn't couldn't haven't hasn't unlike"
        ),
        comparing=(
            "than versus vs compared compare comparison difference differences differ better worse best "
            "worst faster slower larger smaller greater fewer less more higher lower instead rather "
            "similar unlike advantages disadvantages pros cons"
        ),
    ),
    "de": _of(
        function=(
            "der die das des dem den ein eine einer eines einem einen in im an am auf aus von vom zu zum "
            "zur mit bei für über unter zwischen nach und oder ich du er sie es wir ihr mein dein sein "
            "unser euer ist sind war waren bin hat haben hatte kann können soll sollte wird werden muss "
            "darf man sich auch nur noch alle jeder jede andere"
        ),
        asking="was wer wen wem wessen wann wo wohin woher warum weshalb wieso wie welche welcher welches",
        explaining="warum weshalb wieso wie",
        joining="dass weil wenn obwohl während aber sondern falls bevor nachdem damit ob sodass bis seit",
        negating="nicht kein keine keinen keinem keiner ohne nie niemals weder außer nichts",
        comparing=(
            "als gegenüber verglichen vergleich unterschied unterschiede besser schlechter beste "
            "schneller langsamer größer kleiner mehr weniger höher niedriger statt anstatt ähnlich "
            "vorteile nachteile"
        ),
    ),
    "fr": _of(
        function=(
            "le la les un une des du de au aux en dans sur sous par pour avec entre vers et ou je tu il "
            "elle on nous vous ils elles mon ton son notre votre leur est sont était être a ont avoir "
            "peut doit va ce cette ces se tout tous toute aussi plus très"
        ),
        asking="que quoi qui quand où pourquoi comment combien quel quelle quels quelles",
        explaining="pourquoi comment",
        joining="que qui dont parce si quand lorsque tandis bien mais car puisque afin avant après",
        negating="ne pas non sans jamais aucun aucune ni sauf rien hormis",
        comparing=(
            "versus contre comparé comparaison différence différences mieux meilleur meilleure pire "
            "plutôt moins plus supérieur inférieur similaire avantages inconvénients"
        ),
    ),
    "es": _of(
        function=(
            "el la los las un una unos unas de del al en con por para entre sobre hacia y o yo tú él ella "
            "nosotros ellos mi su nuestro es son era ser está están ha han haber puede debe se este esta "
            "estos todo todos también muy más lo"
        ),
        asking="qué quién cuándo dónde cómo cuál cuáles cuánto cuántos",
        explaining="cómo",
        joining="que quien porque si cuando mientras aunque pero sino cuyo donde antes después",
        negating="no sin nunca ningún ninguna ni tampoco excepto salvo nada",
        comparing=(
            "versus contra comparado comparación diferencia diferencias mejor peor más menos mayor menor "
            "similar ventajas desventajas"
        ),
    ),
}
"""By language (ISO 639-1)."""
