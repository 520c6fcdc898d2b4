"""Starts worker processes, reads what they say, and ends them."""
