"""Why a model says what it says: SHAP values, reason codes in words, and the figures of a run."""
