"""What the waiting page shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from precta import clock
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from precta.payments.services.settling import settle_payment
from precta.payments.services.starting import PROMPT_OPEN

ASK_EVERY_SECONDS = 4
# A waiting page must answer well before its own next poll.
BUDGET_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PaymentState:
    """`status` is a PaymentStatus; `message` a whole sentence for the payer; `seconds_left` how long a phone prompt can
    still be answered (0 when none is open). `can_ask_again`: `restart_payment` would send a new request."""

    status: str
    message: str
    seconds_left: int
    can_ask_again: bool = False
    put_aside: bool = False


def payment_state(payment: Payment, *, now: datetime | None = None) -> PaymentState:
    """The state of a payment for its payer's page, after asking the provider, at most every ASK_EVERY_SECONDS for one
    payment however many pages poll. Call it outside transactions."""
    now = now or clock.now()
    if _worth_asking(payment):
        payment = settle_payment(reference=payment.provider_reference, now=now, budget=BUDGET_SECONDS)
    waiting = payment.status == PaymentStatus.PENDING and payment.put_aside_at is None
    left = timedelta(0)
    if waiting and payment.method == PaymentMethod.MPESA and payment.charged_at is not None:
        left = max(left, payment.charged_at + PROMPT_OPEN - now)
    return PaymentState(
        status=payment.status,
        message=_message(payment, prompt_open=bool(left)),
        seconds_left=int(left.total_seconds()),
        can_ask_again=payment.status == PaymentStatus.FAILED or (waiting and not left),
        put_aside=payment.put_aside_at is not None,
    )


def failure_text(payment: Payment) -> str:
    """Why a payment failed, as a whole sentence that says what to do; "" when it did not fail."""
    if payment.status != PaymentStatus.FAILED:
        return ""
    texts = {
        "insufficient_funds": _("There was not enough money in the account. You can top up and try again."),
        "timed_out": _("The request was not answered in time. You can ask for a new one."),
        "cancelled": _("The payment was refused on the phone or by the bank. You can try again."),
        "refused": _("The payment service did not accept the request. Check the number, or pay another way."),
        "unreached": _("The request did not reach the payment service. Nothing was charged. You can try again."),
        "abandoned": _("The payment was not finished. You can start it again."),
        "replaced": _("You have started a new payment instead of this one."),
        "reversed": _("The payment was taken back by the payment service. Nothing was charged."),
        "not_started": _("The payment was never started. You can start it now."),
    }
    return texts.get(payment.failure_reason) or _("The payment did not go through. You can try again.")


def _message(payment: Payment, *, prompt_open: bool) -> str:
    if payment.put_aside_at is not None:
        return _(
            "We have received a payment that differs from the price. The clinic is looking at it and will call you."
        )
    match payment.status:
        case PaymentStatus.COMPLETED:
            return _("Your payment has arrived. Thank you.")
        case PaymentStatus.REFUNDED:
            return _("Your payment has been paid back.")
        case PaymentStatus.FAILED:
            return failure_text(payment)
    return _waiting_message(payment, prompt_open=prompt_open)


def _waiting_message(payment: Payment, *, prompt_open: bool) -> str:
    if payment.method == PaymentMethod.CASH:
        return _("Please pay at the desk.")
    if payment.charged_at is None:
        return _("The payment has not been started yet.")
    if payment.method == PaymentMethod.CARD:
        return _("Please finish the payment on the card page. We confirm here as soon as it arrives.")
    if prompt_open:
        return _("Look at your phone and enter your M-Pesa PIN. We confirm here as soon as the money arrives.")
    return _("We have not heard from M-Pesa yet. If you saw no request on your phone, ask for a new one.")


def _worth_asking(payment: Payment) -> bool:
    if payment.status != PaymentStatus.PENDING or payment.charged_at is None or payment.put_aside_at is not None:
        return False
    if payment.method == PaymentMethod.CASH:
        return False
    try:
        return cache.add(f"payment-asked:{payment.pk}", 1, timeout=ASK_EVERY_SECONDS)
    except RedisError:
        return False  # webhooks and the reconciler settle it meanwhile
