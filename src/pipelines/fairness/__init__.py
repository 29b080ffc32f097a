"""Whether decisions treat groups of customers alike, as far as the data can tell."""
