"""Sending a short message, by whichever way the settings name."""

from django.conf import settings
from django.utils.module_loading import import_string

LONGEST = 459  # three parts of a message in the GSM alphabet


def send_sms(*, to: str, text: str) -> None:
    """Send `text` to the phone `to` (E.164), now. Call it outside transactions: the provider may take eight seconds.

    Accepted is not delivered: the provider may still lose it. Raises SmsRefused (this number never gets one) and
    SmsUnavailable (try again).
    """
    import_string(settings.SMS_BACKEND)(to=to, text=text[:LONGEST])
