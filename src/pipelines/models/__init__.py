"""Models: what learns from feature rows. Each has a raw score in log-odds; calibration turns it into a probability."""
