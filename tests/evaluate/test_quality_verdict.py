"""What figures mean, figure by figure."""

from __future__ import annotations

import dataclasses

import pytest

from llmrerank.evaluate.noise import Difference
from llmrerank.evaluate.quality_figures import Places
from llmrerank.evaluate.quality_measured import Answers, Measured
from llmrerank.evaluate.quality_verdict import advice, verdict_on

SOUND = Measured(
    strategy="listwise",
    queries=20,
    ndcg=0.5,
    first=0.4,
    best=0.6,
    difference=Difference(mean=0.1, p=0.01),
    answers=Answers(clean=60),
    agreement=0.7,
    other=0.1,
    places=Places(means=(10.5,) * 20, correlation=0.0, share=0.0, readings=40),
    calls=1.0,
)
PULLED = Places(means=tuple(range(1, 21)), correlation=0.98, share=0.9, readings=40)
NOTHING = Difference(mean=0.01, p=0.6)


def finding(**changes):
    return verdict_on(dataclasses.replace(SOUND, **changes)).finding


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "lifts"),
        ({"answers": Answers(absent=60)}, "absent"),
        ({"answers": Answers(clean=20, unusable=40)}, "unreadable"),
        ({"answers": Answers(repaired=31, unusable=29)}, "lifts"),
        ({"queries": 4}, "few"),
        ({"difference": None, "queries": 0}, "few"),
        ({"difference": NOTHING}, "unclear"),
        ({"difference": Difference(mean=-0.1, p=0.01)}, "hurts"),
        ({"difference": Difference(mean=0.1, p=0.05)}, "unclear"),
        # The issue's own measurement: agreement 0.01, far below the first stage.
        ({"difference": Difference(mean=-0.3, p=0.001), "agreement": 0.01, "places": PULLED}, "place"),
        ({"difference": NOTHING, "agreement": 0.01}, "noise"),
        ({"difference": NOTHING, "agreement": 0.01, "places": None}, "noise"),
        ({"agreement": 0.01, "places": PULLED}, "lifts"),
        ({"difference": NOTHING, "agreement": None, "tied": 1.0}, "same"),
        ({"difference": NOTHING, "other": 0.6}, "blind"),
        ({"difference": Difference(mean=-0.1, p=0.01), "other": 0.7}, "blind"),
        ({"difference": NOTHING, "other": 0.5}, "unclear"),
        ({"other": 0.7}, "lifts"),
    ],
)
def test_the_first_rule_that_holds_decides(changes, expected):
    assert finding(**changes) == expected


def test_the_sentence_of_noise_names_place_and_figures():
    verdict = verdict_on(
        dataclasses.replace(SOUND, difference=NOTHING, agreement=0.01, places=PULLED, ndcg=0.35)
    )
    assert verdict.worthless
    assert "listwise is noise on this model: what it returns is the place in the window" in verdict.sentence
    assert "0.01" in verdict.sentence
    assert "0.98: documents come back as shown" in verdict.sentence
    assert verdict.cautions == ()


def test_a_lift_says_how_far_it_goes_and_what_to_mind():
    verdict = verdict_on(
        dataclasses.replace(
            SOUND,
            agreement=0.3,
            answers=Answers(clean=50, repaired=10),
            places=dataclasses.replace(PULLED, share=0.2),
        )
    )
    assert "50% of the way" in verdict.sentence
    assert [caution.partition(": ")[2].split()[0] for caution in verdict.cautions] == ["10", "its", "the"]


def advise(*changes, more=True):
    measured = [dataclasses.replace(SOUND, **change) for change in changes]
    return advice(measured, [verdict_on(one) for one in measured], more=more)


POINTWISE = {"strategy": "pointwise", "places": None, "calls": 20.0}
NOISE = {"difference": NOTHING, "agreement": 0.0, "places": PULLED}


def test_advice_follows_the_verdicts():
    assert advise(POINTWISE, NOISE) == "use pointwise; leave listwise alone with this model"
    assert advise(POINTWISE, {}).startswith("use listwise (0.500 with 1 call a query; pointwise has 0.500")
    assert advise({**POINTWISE, "ndcg": 0.55}, {}).startswith("use pointwise (0.550 with 20 calls")
    hurt = {**POINTWISE, "difference": Difference(mean=-0.1, p=0.01)}
    assert advise(hurt, NOISE).startswith("neither beats its first stage: use a stronger model; until then")
    assert advise({**POINTWISE, "difference": NOTHING}, NOISE).startswith("nothing shows yet")
    assert "--queries" in advise({**POINTWISE, "queries": 3}, {"queries": 3})
    assert "--queries" not in advise({**POINTWISE, "queries": 3}, {"queries": 3}, more=False)


def test_json_keeps_every_figure():
    values = SOUND.to_dict()
    assert values["ndcg"]["p"] == 0.01
    assert values["places"]["mean_rank"] == [10.5] * 20
    assert values["agreement_with_other_query"] == 0.1
    assert Measured(strategy="x").to_dict()["places"] is None
