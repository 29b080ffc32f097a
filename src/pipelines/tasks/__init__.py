"""A task: everything that distinguishes one model from another, as one spec that one YAML file fills."""
