"""Pages of prescriptions, by who opens them."""
