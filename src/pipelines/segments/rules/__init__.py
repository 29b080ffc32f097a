"""Micro-segments by rule: groups of customers that a YAML file says, as they are at any cutoff."""
