"""Rules, and sets of them."""
