"""How good a model is: metrics with intervals, paired comparisons and figures."""
