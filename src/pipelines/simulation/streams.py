"""One independent stream of random numbers per chunk and purpose, so that no chunk depends on another.

NumPy draws the numbers, not the hash functions of an engine: those differ between DuckDB and Spark and between their
versions, and the same seed would give another shop. NumPy itself fixes Philox's raw numbers for good and what it makes
of them (Poisson, geometric) between its feature releases (NEP 19), so a seed means the same under the same lock.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What the numbers are for; a new purpose takes a new number and leaves the other streams alone."""

    CATALOG = 0
    PEOPLE = 1
    CONTACTS = 2
    STATES = 3
    SESSIONS = 4
    EVENTS = 5
    RETURNS = 6
    FEED = 7
    MIX_SHIFT = 8


def stream(seed: int, chunk: int, purpose: Purpose) -> np.random.Generator:
    """A counter-based generator (Philox 4x64) whose key is the seed, the chunk and the purpose.

    References
    ----------
    Salmon et al. (2011), *Parallel random numbers: as easy as 1, 2, 3*.

    Examples
    --------
    >>> first, again = (stream(1, 2, Purpose.PEOPLE).integers(100) for _ in range(2))
    >>> bool(first == again)
    True
    """
    key = np.array([seed, chunk * 64 + purpose], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
