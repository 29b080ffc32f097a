"""Scoring: the one place where features meet a label or a model."""
