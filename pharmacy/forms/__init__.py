"""The shape of what doctors and checkers type."""
