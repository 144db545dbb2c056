"""Addresses of articles and reviews, by audience."""
