"""What everything else stands on: time, errors, intervals, specs and the protocols of the rim."""
