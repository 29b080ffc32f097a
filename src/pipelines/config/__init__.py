"""Configuration: YAML files and overrides become frozen specs."""
