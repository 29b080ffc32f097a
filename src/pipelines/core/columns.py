"""Names that tables, features and labels share."""

CUSTOMER_ID = "customer_id"
PURCHASE = "purchase"
EVENT_TYPES = ("view", "page_view", "search", "add_to_cart", "remove_from_cart", PURCHASE, "return")
"""What may happen; a *purchase* is a ``purchase`` event with a positive amount."""
