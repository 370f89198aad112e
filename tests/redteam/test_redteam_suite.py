"""The suite is what it claims to be, and what is planted changes one field of one document alone."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank import ConfigError, Document
from llmrerank.passages import neutralise
from llmrerank.redteam import ATTACKS, FAMILIES, PLACES, instructed, neutral, planted
from llmrerank.redteam.disguises import DISGUISES, disguised
from llmrerank.redteam.suite import attacks_in
from llmrerank.tokens import estimate

IN_DOCUMENTS = tuple(place for place in PLACES if place != "instruction")
attacks = st.sampled_from(ATTACKS)
texts = st.text(max_size=200)
documents = st.builds(
    Document,
    id=st.text(max_size=12) | st.integers(0, 99),
    text=texts,
    title=st.text(max_size=20),
    metadata=st.dictionaries(st.sampled_from(("note", "year", "tags")), st.text(max_size=9) | st.integers()),
)


def words(attack):
    return attack.filled(query="how to copy a directory tree", id="shutil.copytree", label="10")


def test_there_are_enough_of_each_kind_and_half_are_kept_for_tests():
    families = Counter(attack.family for attack in ATTACKS)
    assert families.keys() == FAMILIES.keys()
    assert len(ATTACKS) >= 60
    assert min(families.values()) >= 6
    assert families["languages"] >= 8
    for family in FAMILIES:
        splits = Counter(attack.split for attack in ATTACKS if attack.family == family)
        assert abs(splits["dev"] - splits["test"]) <= 2, family
    assert (
        len({attack.name for attack in ATTACKS}) == len({attack.text for attack in ATTACKS}) == len(ATTACKS)
    )
    assert all(attack.name.startswith(f"{attack.family}-") for attack in ATTACKS)
    assert {attack.disguise for attack in ATTACKS} == {"", *DISGUISES}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_filler_is_as_long_as_its_attack_and_no_attack(attack):
    text = words(attack)
    filler = neutral(text, disguise=attack.disguise)
    assert len(filler) == len(text)
    assert abs(estimate(filler) - estimate(text)) <= max(3, 0.3 * estimate(text))
    # What a judge reads of the two is alike as well: what hides an attack hides its filler.
    seen = estimate(neutralise(text))
    assert abs(estimate(neutralise(filler)) - seen) <= max(4, 0.4 * seen)
    assert filler == neutral(text, disguise=attack.disguise)
    lowered = filler.casefold()
    assert not any(word in lowered for word in ("rank", "passage", "document", "ignore", "answer", "query"))


@given(plain=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
def test_the_length_of_a_disguise_depends_on_the_length_alone(plain):
    for name in DISGUISES:
        assert len(disguised(plain, name)) == len(disguised("x" * len(plain), name))


@given(document=documents, attack=attacks, place=st.sampled_from(IN_DOCUMENTS), filler=st.booleans())
def test_planting_changes_one_field_and_takes_nothing_away(document, attack, place, filler):
    before = (document.id, document.text, document.title, dict(document.metadata))
    changed = planted(document, attack, place, query="what {id} is", label="7", filler=filler)
    text = attack.filled(query="what {id} is", id=document.id, label="7")
    put = neutral(text, disguise=attack.disguise) if filler else text
    fields = {
        "text": (document.text, changed.text),
        "title": (document.title, changed.title),
        "id": (document.id, changed.id),
        "metadata": (dict(document.metadata), dict(changed.metadata)),
    }
    name = "text" if place in ("front", "middle", "end") else place
    assert {key for key, (old, new) in fields.items() if old != new} == {name}
    held = str(fields[name][1]["note"] if name == "metadata" else fields[name][1])
    assert put in held
    left = held.replace(put, "", 1)
    if name == "text":
        assert left.replace("\n", "") == document.text.replace("\n", "")
        assert len(left) - len(document.text) <= 2
    assert (document.id, document.text, document.title, dict(document.metadata)) == before
    assert document.metadata.keys() - {"note"} == changed.metadata.keys() - {"note"}


def test_front_middle_and_end_are_where_they_say():
    [attack] = [one for one in ATTACKS if one.name == "first-plain"]
    document = Document(id="d", text="one two three four")
    texts = [planted(document, attack, place, query="q").text for place in ("front", "middle", "end")]
    assert texts == [
        f"{attack.text}\none two three four",
        f"one two \n{attack.text}\nthree four",
        f"one two three four\n{attack.text}",
    ]
    noted = Document(id=3, text="", metadata=MappingProxyType({"note": "kept"}))
    assert planted(noted, attack, "metadata", query="q").metadata["note"] == f"kept {attack.text}"
    assert planted(noted, attack, "id", query="q").id == f"3 {attack.text}"
    assert instructed("Be strict.", attack, query="q", id=3, label="1") == f"Be strict.\n{attack.text}"
    with pytest.raises(ConfigError, match="no place 'instruction'"):
        planted(document, attack, "instruction", query="q")


def test_a_query_that_names_a_field_is_not_filled_again():
    [attack] = [one for one in ATTACKS if one.name == "stuffing-once"]
    assert attack.filled(query="{label} {id}", id="x", label="9").count("{label} {id}") == 2


def test_all_faults_of_a_file_are_told_at_once():
    text = """
        family = "jokes"
        colour = "red"
        [[attack]]
        name = "a"
        split = "train"
        text = "x"
        [[attack]]
        name = "a"
        split = "dev"
        text = "ü {id}"
        disguise = "tags"
        [[attack]]
        name = "b"
    """
    with pytest.raises(ConfigError) as caught:
        attacks_in(text, where="jokes.toml")
    for fault in (
        "'colour'",
        "got 'jokes'",
        "got 'train'",
        "is ASCII",
        "'split' is missing",
        "'a' is there twice",
    ):
        assert fault in str(caught.value)
    with pytest.raises(ConfigError, match="is no TOML"):
        attacks_in("family =", where="x.toml")
