"""Why a file was not taken, and why one cannot be read."""

from django.core.exceptions import ValidationError


class UploadRefused(ValidationError):
    """`code` is one of type, size, empty, encrypted, polyglot, pixels, small, virus, unreadable, unchecked."""


class FileUnreadable(Exception):
    """What lies in the store under this key is not what was put there, or belongs to another clinic."""


class ScannerUnavailable(Exception):
    """The virus scanner did not answer: nothing is taken unscanned."""
