"""Addresses of prescriptions, by audience."""
