"""The parts of the live screen, one a file."""
