"""Properties are tried on the same examples on every run: a test that fails today fails tomorrow.

Tests run side by side (``pytest -n auto --dist loadfile``): the tests of a file share a process and its fixtures.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while they wait starve a test beside this one

settings.register_profile(
    "regulars",
    deadline=None,  # the first example may compile the kernel
    derandomize=True,
    database=None,  # nothing is written beside the tests
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],  # the same: compilation counts as generation
)
settings.load_profile("regulars")
