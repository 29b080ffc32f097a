"""Adapters: one outside system per file. MLflow is imported here and nowhere else."""
