"""Regulars: customer models from an event log, kept honest from training to retraining."""
