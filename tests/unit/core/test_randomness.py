from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.randomness import generator_for, seed_for


def test_seeds_are_the_same_on_every_machine():
    assert (seed_for(1, "fit"), seed_for(1, "search")) == (888513547, 1701576330)


@given(st.integers(0, 2**40), st.text(max_size=10))
def test_seed_is_one_that_every_library_takes(seed, purpose):
    assert 0 <= seed_for(seed, purpose) < 2**31


def test_other_seed_and_other_purpose_give_other_draws():
    draws = {float(generator_for(seed, purpose).random()) for seed in (1, 2) for purpose in ("fit", "search")}

    assert len(draws) == 4


def test_same_seed_and_purpose_give_the_same_draws():
    assert generator_for(1, "fit").random(3).tolist() == generator_for(1, "fit").random(3).tolist()
