"""Search: Optuna over a task's time-ordered folds."""
