"""Who is reached by a rollout: about as many as were asked for, the same ones always, and more as it grows."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from pipelines.policy.rollout import in_rollout

IDS = np.array([f"customer-{number}" for number in range(20_000)], dtype=object)
SHARES = st.floats(0, 1)
PINNED = [2, 17]
SALTS = st.text(min_size=1, max_size=12)


@given(SALTS, SHARES)
def test_the_share_is_kept_within_binomial_bounds(salt, share):
    low, high = binom.ppf([1e-9, 1 - 1e-9], len(IDS), share)

    assert low <= in_rollout(IDS, salt, share).sum() <= high


@given(SALTS, SHARES, SHARES)
def test_whoever_is_in_stays_in_while_the_share_grows(salt, one, other):
    less, more = sorted((one, other))

    assert not (in_rollout(IDS[:500], salt, less) & ~in_rollout(IDS[:500], salt, more)).any()


@given(st.lists(st.text(max_size=8), max_size=20), SALTS, SHARES, st.randoms())
def test_nobody_depends_on_who_else_is_asked_about(ids, salt, share, random):
    together = dict(zip(ids, in_rollout(ids, salt, share).tolist(), strict=True))
    random.shuffle(ids)

    assert all(in_rollout([one], salt, share)[0] == together[one] for one in ids)


def test_another_salt_draws_anew():
    one, other = (in_rollout(IDS, salt, 0.5) for salt in ("churn/a", "churn/b"))

    assert 0.24 < (one & other).mean() < 0.26


def test_the_draw_is_what_it_says_and_stays_so_in_every_release():
    place = [int(hashlib.sha256(f"churn/2/{one}".encode()).hexdigest()[:16], 16) / 2**64 for one in IDS[:200]]

    assert in_rollout(IDS[:200], "churn/2", 0.3).tolist() == [one < 0.3 for one in place]
    assert np.flatnonzero(in_rollout(IDS[:40], "churn/2", 0.1)).tolist() == PINNED
