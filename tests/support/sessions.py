"""A quick task over the live sessions of the simulated shop."""

SESSIONS = {
    "kind": "session",
    "name": "tiny_intent",
    "title": "Sessions that end in a purchase",
    "positive": "buys",
    "source": "simulated_shop",
    "sessions": {"anchors": [1, 3, 5]},
    "split": {"type": "time", "test": "P60D", "valid": "P60D", "n_folds": 2},
    "model": {"n_bags": 1, "max_rounds": 40, "early_stopping": 10},
    "search": {"n_trials": 2, "n_startup": 2, "space": {"num_leaves": {"low": 4, "high": 8, "kind": "int"}}},
    "baselines": [{"type": "prevalence"}, {"type": "recency_rule", "feature": "n_carted"}],
    "n_resamples": 100,
    "sensitive": ["gender"],
    "gates": [{"type": "beats_baselines"}, {"type": "beats_champion", "margin": 0.05}, {"type": "has_signature"}],
}
