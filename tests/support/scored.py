"""Rows that several tests of evaluations share."""

from __future__ import annotations

import numpy as np

from pipelines.evaluation.evaluate import Predictions


def as_predictions(raw):
    return Predictions(raw=raw, probability=1 / (1 + np.exp(-raw)))


def make_rows(n_customers=200, n_cutoffs=4, seed=0):
    """Labels, customers and raw scores that are the truth; a customer's rows resemble each other."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(n_customers), n_cutoffs)
    raw = np.repeat(rng.normal(-1, 1.5, n_customers), n_cutoffs) + rng.normal(0, 0.3, customer.size)
    return (rng.random(customer.size) < 1 / (1 + np.exp(-raw))).astype(int), customer, raw
