"""Which documents stand beside a relevant one: sampled from a first stage, or chosen by a teacher."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmrerank.types import Document

__all__ = ["Candidates", "sampled", "taught"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What may stand beside the relevant documents of one query.

    Attributes:
        found: Documents of the first stage, best first.
        grades: Judged documents of the query; whatever is not judged counts as 0.
        skip: Leading documents of the first stage that are left out where nobody judged them: the likeliest
            to be relevant all the same.
    """

    found: Sequence[Document]
    grades: Mapping[str, int]
    skip: int = 0

    def grade(self, document: Document) -> int:
        """Its grade, 0 where nobody judged it."""
        return max(0, self.grades.get(str(document.id), 0))

    def below(self, grade: int) -> list[Document]:
        """Those that are worth less than a grade, in the order of the first stage."""
        return [
            document
            for place, document in enumerate(self.found)
            if self.grade(document) < grade and (place >= self.skip or str(document.id) in self.grades)
        ]


def sampled(candidates: Candidates, grade: int, count: int, chance: random.Random) -> list[Document]:
    """A sample of those below a grade, in the order of the first stage; all of them where they are fewer."""
    pool = candidates.below(grade)
    return [pool[place] for place in sorted(chance.sample(range(len(pool)), min(count, len(pool))))]


def taught(
    candidates: Candidates, grade: int, count: int, order: Sequence[str], positive: str
) -> list[Document]:
    """Those below a grade that the teacher puts highest below the relevant document.

    What the teacher puts above it is likelier to be relevant and unjudged than to be a hard negative.

    Args:
        candidates: Of the query.
        grade: Of the relevant document.
        count: How many.
        order: Ids as the teacher ranks them, the relevant document among them.
        positive: The relevant document.

    Source: the idea of positive-aware mining, Moreira et al., "NV-Retriever", 2407.15831; places stand here
    for its thresholds on scores, so that teachers without scores serve too.
    """
    place = {name: rank for rank, name in enumerate(order)}
    own = place.get(positive, -1)
    after = len(order)
    lower = [one for one in candidates.below(grade) if place.get(str(one.id), after) > own]
    return sorted(lower, key=lambda one: place.get(str(one.id), after))[:count]
