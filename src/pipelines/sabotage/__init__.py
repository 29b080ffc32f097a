"""Models that must not be promoted, made of the rows of a task, so that its gates can be seen to refuse them."""
