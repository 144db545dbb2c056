"""Failures that the person at the keyboard can act on."""


class DevstackError(Exception):
    """The message says what went wrong and what to do about it."""
