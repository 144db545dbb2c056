"""What the patient's side is told of an order: what happened and where to look, never what is in it."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from appointments.notices.recipients import managers, patient_side
from appointments.notices.wording import payment_put_aside, refund_stuck
from clinics.models import Clinic
from pharmacy import order_reasons as reasons
from pharmacy.models import Fulfilment, Order, OrderStatus
from pharmacy.services.order_changes import Side
from precta.hosts import clinic_url, platform_url
from precta.notifications.models import NotificationType
from precta.notifications.telling import EVERYWHERE, INBOX, Recipient, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.payments.models import Payment, PaymentPurpose, Refund
from precta.templatetags.precta_tags import money
from precta.tenancy import current_clinic


@on("order.placed")
def tell_placed(event: OutboxEvent) -> None:
    _tell_status(event, OrderStatus.PLACED, _placed)


@on("order.processing")
def tell_processing(event: OutboxEvent) -> None:
    _tell_status(event, OrderStatus.PROCESSING, _processing, channels=INBOX)


@on("order.dispatched")
def tell_dispatched(event: OutboxEvent) -> None:
    """Somebody has to be there when it comes: told at once everywhere."""
    _tell_status(event, OrderStatus.DISPATCHED, _dispatched)


@on("order.delivered")
def tell_delivered(event: OutboxEvent) -> None:
    _tell_status(event, OrderStatus.DELIVERED, _delivered, channels=INBOX)


@on("order.cancelled")
def tell_cancelled(event: OutboxEvent) -> None:
    side = event.payload.get("side", "")
    _tell_status(event, OrderStatus.CANCELLED, lambda order, clinic: _cancelled(order, clinic, side))


@on("order.changed")
def tell_changed(event: OutboxEvent) -> None:
    _tell_status(event, None, _changed)


@on("refund.queued")
def tell_paid_too_late(event: OutboxEvent) -> None:
    """Other refunds are told of with what they belong to."""
    refund, order = _refund(event)
    if refund is not None and order is not None and refund.reason == reasons.MONEY_TOO_LATE:
        amount = money(refund.amount, refund.currency)
        _tell(event, order, patient_side(order.patient), lambda clinic: _too_late(order, clinic, amount))


@on("refund.processed")
def tell_refunded(event: OutboxEvent) -> None:
    refund, order = _refund(event)
    if refund is not None and order is not None:
        amount = money(refund.amount, refund.currency)
        _tell(event, order, patient_side(order.patient), lambda clinic: _refunded(order, clinic, amount))


@on("refund.failed", "refund.needs_attention")
def tell_staff_of_refund(event: OutboxEvent) -> None:
    refund, order = _refund(event)
    if refund is not None and order is not None:
        _tell_managers(event, order, lambda: refund_stuck(refund.amount, refund.currency))


@on("payment.mismatch")
def tell_staff_of_mismatch(event: OutboxEvent) -> None:
    payment = Payment.objects.filter(pk=event.payload["payment_id"], type=PaymentPurpose.ORDER).first()
    order = _find(payment.subject_id) if payment else None
    if payment is not None and order is not None:
        _tell_managers(event, order, lambda: payment_put_aside(payment.provider_reference))


def _placed(order: Order, clinic: Clinic) -> Words:
    paid = _("We received %(amount)s.") % {"amount": money(order.total_amount, order.currency)}
    if order.fulfilment == Fulfilment.PICKUP:
        then = _("We tell you when it is ready to be picked up.")
    else:
        then = _("We tell you when it is on its way.")
    return _about(order, clinic, _("Your order is placed"), paid, then)


def _processing(order: Order, clinic: Clinic) -> Words:
    return _about(order, clinic, _("Your order is being prepared"))


def _dispatched(order: Order, clinic: Clinic) -> Words:
    if order.fulfilment == Fulfilment.PICKUP:
        where = _("Pick it up at: %(address)s") % {"address": clinic.address}
        return _about(order, clinic, _("Your order is ready to be picked up"), where)
    courier = ""
    if order.courier_name:
        courier = _("%(name)s brings it.") % {"name": order.courier_name}
    if order.courier_phone:
        courier = f"{courier} {_('Phone: %(phone)s') % {'phone': order.courier_phone}}".strip()
    return _about(order, clinic, _("Your order is on its way"), courier)


def _delivered(order: Order, clinic: Clinic) -> Words:
    return _about(order, clinic, _("Your order has arrived"))


def _cancelled(order: Order, clinic: Clinic, side: str) -> Words:
    if side == Side.PATIENT:
        who = _("You cancelled this order.")
    elif order.cancellation_reason == reasons.PRESCRIPTION_REPLACED:
        who = _("The doctor replaced the prescription that it was made from. Order again from the new one.")
    else:
        who = _("The clinic had to cancel this order. We are sorry.")
    return _about(order, clinic, _("Your order is cancelled"), who, _back(order.refund_due, order.currency))


def _changed(order: Order, clinic: Clinic) -> Words:
    what = _("The pharmacy cannot give all that you ordered. What you paid for the rest goes back to you.")
    return _about(order, clinic, _("Your order has changed"), what)


def _too_late(order: Order, clinic: Clinic, amount: str) -> Words:
    said = _("Your payment arrived after the time for it was over. All of it, %(amount)s, goes back to you.")
    return _about(order, clinic, _("Your payment came too late"), said % {"amount": amount})


def _refunded(order: Order, clinic: Clinic, amount: str) -> Words:
    said = _("%(amount)s went back the way it was paid. M-Pesa is quick; a card can take up to ten days.")
    return _about(order, clinic, _("Your money is on its way back"), said % {"amount": amount})


def _back(amount: Decimal | None, currency: str) -> str:
    if not amount:
        return _("There is nothing to pay back.")
    return _("%(amount)s goes back to you the way it was paid.") % {"amount": money(amount, currency)}


def _about(order: Order, clinic: Clinic, title: str, *parts: str) -> Words:
    """In short, for a phone's locked screen: that it is an order and which, not of what nor from where."""
    number = {"number": order.number}
    facts = _("Order %(number)s at %(clinic)s.") % {**number, "clinic": clinic.name}
    whom = _("It is for %(name)s.") % {"name": order.patient.first_name}
    body = "\n\n".join(part for part in (facts, *parts, whom) if part)
    return Words(title, body, _("See the order"), f"{title} ({order.number}).")


def _tell_status(
    event: OutboxEvent,
    status: str | None,
    words: Callable[[Order, Clinic], Words],
    *,
    channels: Iterable[str] = EVERYWHERE,
) -> None:
    """What came about by an event that was held up, and is no longer so, is not told any more."""
    order = _find(event.payload["order_id"])
    if order is not None and status in {None, order.status}:
        _tell(event, order, patient_side(order.patient), lambda clinic: words(order, clinic), channels=channels)


def _tell(
    event: OutboxEvent,
    order: Order,
    people: Iterable[Recipient],
    words: Callable[[Clinic], Words],
    *,
    url: str = "",
    channels: Iterable[str] = EVERYWHERE,
) -> None:
    clinic = current_clinic()
    if clinic is None:
        return
    kind = NotificationType.ORDER_STATUS
    tell(event.pk, people, lambda: words(clinic), url=url or order_page(order, clinic), type=kind, channels=channels)


def _tell_managers(event: OutboxEvent, order: Order, words: Callable[[], Words]) -> None:
    clinic = current_clinic()
    if clinic is not None:
        url = clinic_url(clinic, "clinic_admin:index")
        _tell(event, order, managers(clinic), lambda _clinic: words(), url=url)


def _find(order_id: str) -> Order | None:
    return Order.objects.select_related("patient__user").filter(pk=order_id).first()


def _refund(event: OutboxEvent) -> tuple[Refund | None, Order | None]:
    refund = (
        Refund.objects.select_related("payment__duplicate_of")
        .filter(pk=event.payload["refund_id"], payment__type=PaymentPurpose.ORDER)
        .first()
    )
    if refund is None:
        return None, None
    # Money that came twice stands in no order's books; the order is the one that the first payment paid for.
    first = refund.payment.duplicate_of
    return refund, _find(first.subject_id if first else refund.subject_id)


def order_page(order: Order, clinic: Clinic) -> str:
    if not clinic.is_open:
        # A suspended clinic's host shows one page only; what is theirs people find under their own care.
        return platform_url("pharmacy:me-orders:orders")
    return clinic_url(clinic, "pharmacy:orders:order", order.pk)
