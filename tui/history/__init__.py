"""Histories of readings: kept, cut into columns, drawn as curves."""
