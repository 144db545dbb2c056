"""What changes prescriptions."""
