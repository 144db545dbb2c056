"""Reviews: writing one, reading them, answering and reporting."""
