"""Plans, starts, watches and judges training jobs, and keeps their results."""
