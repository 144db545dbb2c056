"""Asking for money: the row first, then one call to the provider, never a second one for the same reference."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from precta import clock
from precta.audit.services import record
from precta.inserts import insert
from precta.payments.exceptions import (
    DuplicateReference,
    PaymentClosed,
    ProviderRefused,
    ProviderUnavailable,
    TooManyAttempts,
)
from precta.payments.models import Payment, PaymentMethod, PaymentStatus, Refund
from precta.payments.money import exact, to_subunit
from precta.payments.phones import mpesa_phone
from precta.payments.providers.paystack import Paystack
from precta.payments.scrub import transaction_facts
from precta.payments.selectors import net_received, open_payment
from precta.payments.services.guards import forbid_transaction, retried
from precta.payments.services.settling import ask_provider, fail, lock_payment, record_answer, settle_payment
from precta.tenancy import current_clinic

logger = logging.getLogger(__name__)

# As long as the prompt on a phone can still be answered, asking again would only confuse its owner.
PROMPT_OPEN = timedelta(seconds=90)
FIRST_CHECK = timedelta(seconds=5)
# Requests for money that one thing may bring about: each rings a phone.
MOST_ATTEMPTS = 8


def start_payment(
    *,
    payer: Any,
    purpose: str,
    subject_id: str,
    amount: Decimal,
    currency: str,
    method: str,
    clinic_code: str | None = None,
    payer_phone: str = "",
) -> Payment:
    """Insert a pending payment, in the caller's transaction; nothing goes out before `charge_mpesa` or
    `open_card_checkout`.

    `purpose` is a PaymentPurpose, `method` a PaymentMethod. The clinic's code (default: the active clinic's) begins
    the reference and so routes the webhook. `payer_phone` is kept for the form. Raises InvalidAmount.
    """
    code = clinic_code or _code_of_active_clinic()
    payment = Payment(
        user=payer,
        type=purpose,
        subject_id=subject_id,
        amount=exact(amount),
        currency=currency,
        method=method,
        provider="cash" if method == PaymentMethod.CASH else "paystack",
        payer_phone=payer_phone[:20],
    )
    payment.provider_reference = f"{code}-{payment.pk}"
    return insert(payment)


def charge_mpesa(*, payment: Payment, phone: str = "", now: datetime | None = None) -> Payment:
    """Send the request for money to a phone (default: the payer's); returns the payment as it then stands.

    Never sends a second request for one payment: when one went out before, the provider is asked what became of it.
    A refusal by the provider makes the payment failed; no answer leaves it pending, and polls find out. Call it
    outside transactions. Raises InvalidPhone (then nothing went out).
    """
    forbid_transaction()
    number = mpesa_phone(phone or payment.payer_phone)
    now = now or clock.now()
    if not _claim(payment, method=PaymentMethod.MPESA, now=now, payer_phone=number):
        return _ask_instead(payment, now)
    try:
        charge = Paystack().charge_mpesa(
            reference=payment.provider_reference,
            email=payer_email(payment.user),
            amount=to_subunit(payment.amount),
            currency=payment.currency,
            phone=number,
        )
    except DuplicateReference:
        return settle_payment(reference=payment.provider_reference, now=now)
    except ProviderRefused as error:
        return retried(_refused, payment.pk, error, now)
    except ProviderUnavailable:
        payment.refresh_from_db()
        return payment
    Payment.objects.filter(pk=payment.pk, status=PaymentStatus.PENDING).update(
        provider_response=transaction_facts(charge.raw)
    )
    if charge.status in {"success", "failed"}:
        return settle_payment(reference=payment.provider_reference, now=now)
    payment.refresh_from_db()
    return payment


def open_card_checkout(*, payment: Payment, callback_url: str, now: datetime | None = None) -> str:
    """The address of the provider's card page; the same one when it was opened before. Call it outside transactions.

    Raises PaymentClosed (paid or failed by now: show the payment), ProviderRefused (the payment is failed then) and
    ProviderUnavailable (no page: `restart_payment` finds out and gives a payment to try again with).
    """
    forbid_transaction()
    now = now or clock.now()
    payment.refresh_from_db()
    if payment.status == PaymentStatus.PENDING and payment.checkout_url:
        return payment.checkout_url
    if not _claim(payment, method=PaymentMethod.CARD, now=now):
        if _ask_instead(payment, now).status != PaymentStatus.PENDING:
            raise PaymentClosed(payment.status)
        if payment.checkout_url:
            return payment.checkout_url
        # The page was made and its address was lost on the way: nobody can pay there.
        raise ProviderUnavailable("the address of the page is not known")
    try:
        url = Paystack().open_checkout(
            reference=payment.provider_reference,
            email=payer_email(payment.user),
            amount=to_subunit(payment.amount),
            currency=payment.currency,
            callback_url=callback_url,
        )
    except DuplicateReference as error:
        if settle_payment(reference=payment.provider_reference, now=now).status != PaymentStatus.PENDING:
            raise PaymentClosed(payment.provider_reference) from error
        raise ProviderUnavailable("the reference is taken") from error
    except ProviderRefused as error:
        retried(_refused, payment.pk, error, now)
        raise
    Payment.objects.filter(pk=payment.pk).update(checkout_url=url)
    payment.refresh_from_db()
    return url


def next_attempt(*, payment: Payment, method: str, phone: str = "", now: datetime | None = None) -> Payment:
    """`restart_payment`, for a person who asks: raises TooManyAttempts when `MOST_ATTEMPTS` of one subject have gone
    out to the provider already, and what that raises."""
    asked = Payment.objects.filter(type=payment.type, subject_id=payment.subject_id, charged_at__isnull=False)
    # Cash asks nobody: it is the way out when a phone has been asked too often.
    if method != PaymentMethod.CASH and asked.count() >= MOST_ATTEMPTS:
        raise TooManyAttempts
    return restart_payment(payment=payment, method=method, phone=phone, now=now)


def restart_payment(*, payment: Payment, method: str, phone: str = "", now: datetime | None = None) -> Payment:
    """The payment to go on with when somebody asks again or changes the method; any attempt of the subject will do.
    Call it outside transactions.

    - nothing went out yet: the same row with the new method;
    - it is paid: the same row (show it);
    - its card page is open and a card is wanted, or its phone prompt is younger than PROMPT_OPEN and M-Pesa is
      wanted (on the same `phone`, when one is named as `+254…`): the same row;
    - else, also when other money than was asked for is put aside, it is closed (`failed`) and a new row with a new
      reference is returned. The provider cannot take a request back, so the old one may succeed yet: it stays watched,
      and whichever success comes second is refunded.

    Raises ProviderUnavailable when the old one's fate cannot be learnt.
    """
    forbid_transaction()
    now = now or clock.now()
    payment = open_payment(payment.subject_id) or payment
    changed = Payment.objects.filter(pk=payment.pk, status=PaymentStatus.PENDING, charged_at__isnull=True).update(
        method=method, provider="cash" if method == PaymentMethod.CASH else "paystack"
    )
    payment.refresh_from_db()
    if changed or payment.status in {PaymentStatus.COMPLETED, PaymentStatus.REFUNDED}:
        return payment
    if payment.charged_at is not None and payment.method != PaymentMethod.CASH:
        payment = record_answer(payment_id=payment.pk, answer=ask_provider(payment), now=now)
    if payment.status in {PaymentStatus.COMPLETED, PaymentStatus.REFUNDED}:
        return payment
    is_aside = payment.put_aside_at is not None
    if payment.status == PaymentStatus.PENDING and payment.method == method and not is_aside:
        sent_at = payment.charged_at or payment.created_at
        same_phone = not phone or phone == payment.payer_phone
        prompt_open = method == PaymentMethod.MPESA and same_phone and now - sent_at < PROMPT_OPEN
        if payment.checkout_url or prompt_open:
            return payment
    return retried(_replace, payment.pk, method, now)


@transaction.atomic
def move_payments(*, from_subject: str, to_subject: str) -> int:
    """Let everything paid and paid back for one subject count for another (a rescheduled visit); the number moved."""
    rows = list(Payment.objects.select_for_update(no_key=True).filter(subject_id=from_subject).order_by("pk"))
    Refund.objects.filter(payment__in=rows).update(subject_id=to_subject)
    return Payment.objects.filter(pk__in=[row.pk for row in rows]).update(subject_id=to_subject)


def payer_email(user: Any) -> str:
    """The address that the provider insists on: the person's own, else a technical one that nobody reads."""
    email = getattr(user, user.get_email_field_name(), "") or ""
    if "@" in email and not email.endswith(".invalid"):
        return email
    return f"payer-{user.pk}@{settings.PLATFORM_HOST}"


def _code_of_active_clinic() -> str:
    clinic = current_clinic()
    if clinic is None:
        raise RuntimeError("a payment belongs to a clinic's schema")
    return clinic.code


def _claim(payment: Payment, *, method: str, now: datetime, **values: Any) -> bool:
    """Write down, before the call, that it may have gone out. One caller gets True, ever."""
    with transaction.atomic():
        claimed = Payment.objects.filter(
            pk=payment.pk, status=PaymentStatus.PENDING, method=method, charged_at__isnull=True
        ).update(charged_at=now, next_check_at=now + FIRST_CHECK, **values)
        if claimed:
            record("payment.charged", resource=payment, details={"method": method, "amount": str(payment.amount)})
    payment.refresh_from_db()
    return bool(claimed)


def _ask_instead(payment: Payment, now: datetime) -> Payment:
    if payment.charged_at is None:
        return payment  # closed, or of another method: there is nothing to ask about
    settle_payment(reference=payment.provider_reference, now=now)
    payment.refresh_from_db()
    return payment


@transaction.atomic
def _refused(payment_id: str, error: ProviderRefused, now: datetime) -> Payment:
    payment, _others = lock_payment(Payment.objects.get(pk=payment_id), announce=True)
    if payment.status != PaymentStatus.PENDING:
        return payment
    payment.provider_response = transaction_facts({"message": error.message})
    return fail(payment, "refused", now=now)


@transaction.atomic
def _replace(payment_id: str, method: str, now: datetime) -> Payment:
    old, others = lock_payment(Payment.objects.get(pk=payment_id), announce=False)
    paid = next((row for row in [old, *others] if net_received(row) > 0), None)
    if paid is not None:
        return paid
    if old.status == PaymentStatus.PENDING:
        fail(old, "replaced", now=now)
    waiting = [row for row in others if row.status == PaymentStatus.PENDING]
    if waiting:
        # Somebody pressed twice: both go on with the newest row.
        newest = max(waiting, key=lambda row: (row.created_at, row.pk))
        if newest.charged_at is None and newest.method != method:
            newest.method = method
            newest.provider = "cash" if method == PaymentMethod.CASH else "paystack"
            newest.save(update_fields=["method", "provider"])
        return newest
    new = start_payment(
        payer=old.user,
        purpose=old.type,
        subject_id=old.subject_id,
        amount=old.amount,
        currency=old.currency,
        method=method,
        clinic_code=old.provider_reference.split("-", 1)[0],
        payer_phone=old.payer_phone,
    )
    record("payment.restarted", resource=new, details={"instead_of": old.pk, "method": method})
    return new
