"""A part of a pool: which candidates, their scores, their earlier ranks without the ones that are gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmrerank.rounds import Pool


@st.composite
def parts(draw: st.DrawFn) -> tuple[Pool, list[int]]:
    size = draw(st.integers(1, 8))
    earlier = draw(st.just(()) | st.tuples(*(st.integers(1, place) for place in range(1, size + 1))))
    prior = draw(st.just(()) | st.tuples(*[st.floats(-9, 9)] * size))
    pool = Pool(
        size=size,
        top=draw(st.integers(1, size)),
        prior=prior,
        earlier=earlier,
        suspects=draw(st.frozensets(st.integers(0, size - 1))),
    )
    return pool, draw(st.lists(st.integers(0, size - 1), min_size=1, unique=True))


@given(parts())
def test_a_part_holds_what_belongs_to_its_candidates(one: tuple[Pool, list[int]]) -> None:
    pool, positions = one
    part = pool.part(positions)
    gone = [pool.ranks[position] for position in range(pool.size) if position not in positions]
    assert part.size == len(positions)
    assert part.top == min(pool.top, len(positions))
    assert part.prior == tuple(pool.prior[position] for position in positions if pool.prior)
    assert part.suspects == {i for i, position in enumerate(positions) if position in pool.suspects}
    assert list(part.ranks) == [
        max(1, pool.ranks[position] - sum(rank < pool.ranks[position] for rank in gone))
        for position in positions
    ]
    # Ranks that say no more than the places do are not kept.
    assert part.earlier == (() if list(part.ranks) == list(range(1, part.size + 1)) else tuple(part.ranks))


def test_a_head_in_its_order_stands_as_it_stood() -> None:
    assert Pool(size=5, top=5).part(range(3)) == Pool(size=3, top=3)
    assert Pool(size=3, top=3, earlier=(1, 1, 3)).part(range(2)) == Pool(size=2, top=2, earlier=(1, 1))
    assert Pool(size=4, top=4).part([3, 1]) == Pool(size=2, top=2, earlier=(2, 1))
