"""Policy: from a calibrated score to a decision. It is versioned beside the model and changes without retraining."""
