"""Names that tables, features and labels share."""

CUSTOMER_ID = "customer_id"
PURCHASE, RETURN = "purchase", "return"
EVENT_TYPES = ("view", "page_view", "search", "add_to_cart", "remove_from_cart", PURCHASE, RETURN)
"""What may happen; a *purchase* is a ``purchase`` event with a positive amount."""
CONTACT = "contact"
"""What a row of the table ``contacts`` is called among events; no source may use the name for a type of its own."""
TREATMENT = "treatment"
"""The variant of those whom a campaign reached; ``control`` was not."""
