"""The paper: a typst template, and what fills it."""
