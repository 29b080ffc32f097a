"""Whether the customers of today still look like those that a model was judged on, and what to do about it."""
