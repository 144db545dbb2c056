"""A patient's history: whatever its sources tell (visits, notes, documents, what other apps add), latest first."""
