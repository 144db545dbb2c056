"""Invented people at invented clinics, the same for the same seed, always around today."""
