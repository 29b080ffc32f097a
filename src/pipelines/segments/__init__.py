"""Groups of customers: clusterings that stay the same groups, what sets them apart, and groups by rule."""
