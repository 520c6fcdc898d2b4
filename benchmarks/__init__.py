"""Measures what the program costs, each figure against its budget: `python -m benchmarks`."""
