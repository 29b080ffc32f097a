"""Features: the engine reduces events to days, a kernel slides over them, blocks name what it emits."""
