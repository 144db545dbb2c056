"""Why a message did not go out. None of these holds the number or the text: they end up in logs."""


class SmsError(Exception):
    """The message was not accepted."""


class SmsUnavailable(SmsError):
    """The provider gave no usable answer, or cannot send just now: it may be tried again."""


class SmsRefused(SmsError):
    """The provider will never send to this number: trying again is no use."""
