"""Six digits by SMS: proof that whoever types them holds the phone."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.exceptions import TooManyCodes
from accounts.models import PhoneCode, PhoneCodePurpose
from precta import clock
from precta.audit.context import current_actor
from precta.client import network_of
from precta.ids import new_id
from precta.payments.phones import mpesa_phone
from precta.ratelimit import wait_for_phone, wait_seconds
from precta.sms.services import send_sms
from precta.tenancy import public_context

VALID_FOR = timedelta(minutes=10)
MOST_TRIES = 5
# What one phone gets, whoever asks, and what one network may ask for: each message costs money and rings somewhere.
PHONE_RATES = ("3/10m", "10/d")
NETWORK_RATES = ("60/h",)
KEPT = timedelta(days=2)


def send_phone_code(
    *,
    phone: str,
    purpose: str,
    subject: str = "",
    language: str = "en",
    place: str = "",
    now: datetime | None = None,
) -> PhoneCode:
    """Send a new code to a Kenyan mobile `phone` in any common form, and end the one that was sent for the same before.

    The code counts for this phone, `purpose` (PhoneCodePurpose) and `subject` only. Nothing here depends on whether
    anybody is known with the phone. `place` is the clinic that a code of purpose LINK is to be read out to. Call it
    outside transactions. Raises InvalidPhone, TooManyCodes, SmsError (no code is open then).
    """
    number = mpesa_phone(phone)
    _count(number)
    now = now or clock.now()
    digits = f"{secrets.randbelow(10**6):06d}"
    with public_context():
        with transaction.atomic():
            _open_codes(number, purpose, subject).delete()
            PhoneCode.objects.filter(expires_at__lt=now - KEPT).delete()
            code = PhoneCode(
                id=new_id(), phone=number, purpose=purpose, subject=subject, expires_at=now + VALID_FOR, created_at=now
            )
            code.code_hash = _hash(code, digits)
            PhoneCode.objects.bulk_create([code], ignore_conflicts=True)
        if not PhoneCode.objects.filter(pk=code.pk).exists():
            # Pressed twice at the same moment: the other message is on its way, and a second one would not be valid.
            return _open_codes(number, purpose, subject).get()
        try:
            send_sms(to=number, text=_text(purpose, digits, language=language, place=place))
        except Exception:
            PhoneCode.objects.filter(pk=code.pk).delete()
            raise
    return code


def check_phone_code(*, phone: str, purpose: str, subject: str, code: str, now: datetime | None = None) -> bool:
    """Whether `code` is the open code of that phone, purpose and subject; the right one is used up by it.

    A try is counted before the comparison, in one statement, so that tries at the same moment cannot share one.
    """
    now = now or clock.now()
    with public_context():
        sent = _open_codes(mpesa_phone(phone), purpose, subject).filter(expires_at__gt=now)
        if not sent.filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
            return False
        found = sent.first()
        if found is None or not constant_time_compare(found.code_hash, _hash(found, "".join(code.split()))):
            return False
        return bool(PhoneCode.objects.filter(pk=found.pk, used_at__isnull=True).update(used_at=now))


def _open_codes(number: str, purpose: str, subject: str):
    return PhoneCode.objects.filter(phone=number, purpose=purpose, subject=subject, used_at__isnull=True)


def _hash(code: PhoneCode, digits: str) -> str:
    value = f"{code.pk}|{code.phone}|{code.purpose}|{code.subject}|{digits}"
    return salted_hmac("accounts.PhoneCode", value, algorithm="sha256").hexdigest()


def _count(number: str) -> None:
    if not settings.RATE_LIMITS:
        return
    network = network_of(current_actor().ip_address)
    waits = [wait_seconds("phone-code-network", network, rate) for rate in NETWORK_RATES]
    # A network that has used its own share up must not use up the phone's as well.
    if not any(waits):
        waits = [wait_for_phone(number, rate, name="phone-code") for rate in PHONE_RATES]
    if any(waits):
        raise TooManyCodes(max(waits))


def _text(purpose: str, digits: str, *, language: str, place: str) -> str:
    """In letters that a simple phone can show, and saying what the code is not for."""
    with translation.override(language):
        if purpose == PhoneCodePurpose.LINK:
            return _(
                "%(code)s is your code for %(clinic)s. Read it out only if you talk to them now: they then see your "
                "name and can book for you."
            ) % {"code": digits, "clinic": place[:50]}
        if purpose == PhoneCodePurpose.INVITATION:
            return _(
                "%(code)s is your Precta code to join a clinic's staff. Tell it to nobody. Valid for 10 minutes."
            ) % {"code": digits}
        return _("%(code)s is your Precta code. Tell it to nobody. Valid for 10 minutes.") % {"code": digits}
