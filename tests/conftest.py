"""Properties are tried on the same examples on every run: a test that fails today fails tomorrow."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "regulars",
    deadline=None,  # the first example may compile the kernel
    derandomize=True,
    database=None,  # nothing is written beside the tests
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],  # the same: compilation counts as generation
)
settings.load_profile("regulars")
