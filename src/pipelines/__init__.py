"""Regulars: customer models from an event log, kept honest from training to retraining."""

__version__ = "0.7.0"
