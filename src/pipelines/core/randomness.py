"""One seed in the configuration, named children everywhere else."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(seed: int, purpose: str) -> int:
    """A seed for one purpose, so that adding another does not change it.

    Examples
    --------
    >>> seed_for(1, "fit") == seed_for(1, "fit"), seed_for(1, "fit") == seed_for(1, "search")
    (True, False)
    """
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:4]) % 2**31


def generator_for(seed: int, purpose: str) -> np.random.Generator:
    """A generator for one purpose."""
    return np.random.default_rng(seed_for(seed, purpose))
