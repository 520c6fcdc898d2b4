"""Data sets of the catalogue: found, unpacked, decoded, or made."""
