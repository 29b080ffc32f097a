"""Flows: recipes of a few named steps. One flow is one MLproject entry point, one command and one run."""
