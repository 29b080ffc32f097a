"""What a source holds, for a person who meets it: counts, gaps between purchases, oddities, a horizon for churn."""
