"""Which customers a gradual rollout reaches: the same ones for as long as it goes on, and more as it grows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BITS = 53
"""As many as a double holds without rounding."""


def in_rollout(customer_ids: NDArray[np.object_] | Sequence[str], salt: str, share: float) -> NDArray[np.bool_]:
    """Whom a share of the customers is, shape (n_rows,).

    A customer's place in [0, 1) is the first 53 bits of the SHA-256 of ``<salt>/<customer>``, and who lies below
    ``share`` is in. So a share that grows keeps everybody who was in, and another salt draws anew. SHA-256, since it
    says the same in every release, language and SQL dialect: whoever shows a page can tell without asking us.

    Parameters
    ----------
    customer_ids : sequence of str
        Whom it is about; one of them may stand on many rows.
    salt : str
        What is rolled out.
    share : float in [0, 1]
        Of all customers that there could be; of those that there are it is about as many.

    Notes
    -----
    A million customers take about half a second on one core.

    Examples
    --------
    >>> in_rollout(["ada", "bob", "eve", "kim"], "churn/2", 0.5).tolist()
    [True, False, False, True]
    >>> in_rollout(["ada"], "churn/2", 0.0).tolist(), in_rollout(["ada"], "churn/2", 1.0).tolist()
    ([False], [True])
    """
    if share <= 0 or share >= 1:
        return np.full(len(customer_ids), share >= 1)
    salted = hashlib.sha256(f"{salt}/".encode())
    digests = bytearray()
    for one in customer_ids:
        whole = salted.copy()
        whole.update(str(one).encode())
        digests += whole.digest()[:8]
    place = np.frombuffer(bytes(digests), ">u8") >> np.uint64(64 - _BITS)
    return place / 2.0**_BITS < share
