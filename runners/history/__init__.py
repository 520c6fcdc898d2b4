"""Past comparisons, kept as they happen."""
