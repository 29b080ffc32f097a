"""A simulated shop whose truth is known: for tests of truth and for scale; what is computed on it says "simulated"."""
