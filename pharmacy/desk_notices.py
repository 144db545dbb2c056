"""Who is told of what the desk asks and corrects; never which medicine it is about, only where to look."""

from collections.abc import Callable
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.selectors import reader
from appointments.notices.recipients import patient_side
from clinics.models import Clinic
from pharmacy.catalogue_notices import pharmacists_of
from pharmacy.models import Order, OrderStatus, Substitution, SubstitutionStatus
from pharmacy.order_notices import order_page
from pharmacy.selectors_desk import IN_HAND
from pharmacy.selectors_stopped import orders_stopped_by
from precta.hosts import clinic_url
from precta.notifications.models import NotificationType
from precta.notifications.telling import INBOX, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic


@on("substitution.proposed")
def tell_asked(event: OutboxEvent) -> None:
    """The patient's side, while the question is open."""
    asked, clinic = _found(event), current_clinic()
    if asked is None or clinic is None or asked.status != SubstitutionStatus.PROPOSED:
        return
    _tell_patient(event, asked.item.order, clinic, lambda: _question(asked.item.order, clinic))


@on("substitution.answered")
def tell_answered(event: OutboxEvent) -> None:
    """Whoever asked learns the answer; what staff noted down, the patient's side is told as well."""
    asked, clinic = _found(event), current_clinic()
    if asked is None or clinic is None:
        return
    order, how = asked.item.order, event.payload.get("how")
    if how == "staff" and asked.status == SubstitutionStatus.ACCEPTED:
        _tell_patient(event, order, clinic, lambda: _noted(order, clinic))
    if how == "staff":
        return
    words, url = partial(_answered, order, asked.status), _desk_page(order, clinic)
    tell(event.pk, [reader(asked.proposed_by)], words, url=url, type=NotificationType.ORDER_STATUS, channels=INBOX)


@on("prescription.replaced")
def tell_replaced(event: OutboxEvent) -> None:
    """The pharmacists learn which orders they may not give out as they stand, and which are on their way already."""
    clinic = current_clinic()
    orders = list(orders_stopped_by(event.payload["prescription_id"]).filter(status__in=IN_HAND))
    if clinic is None or not orders:
        return
    url = _desk_page(orders[0], clinic) if len(orders) == 1 else clinic_url(clinic, "clinic_admin:pharmacy_desk")
    people = map(reader, pharmacists_of(clinic))
    tell(event.pk, people, lambda: _replaced(orders), url=url, type=NotificationType.ORDER_STATUS)


@on("order.courier_changed")
def tell_courier(event: OutboxEvent) -> None:
    """Somebody else comes to the door, or another number calls."""
    rows = Order.objects.select_related("patient__user")
    order, clinic = rows.filter(pk=event.payload["order_id"]).first(), current_clinic()
    if order is not None and clinic is not None and order.status == OrderStatus.DISPATCHED:
        _tell_patient(event, order, clinic, lambda: _courier(order))


def _answered(order: Order, status: str) -> Words:
    title = {
        SubstitutionStatus.ACCEPTED: _("The patient of order %(number)s agrees"),
        SubstitutionStatus.DECLINED: _("The patient of order %(number)s does not agree"),
    }.get(SubstitutionStatus(status), _("What you proposed for order %(number)s cannot be had any more"))
    body = _("It stands with the line, at the pharmacy's desk.")
    return Words(title % {"number": order.number}, body, _("Open the order"))


def _replaced(orders: list[Order]) -> Words:
    title = ngettext(
        "The prescription of order %(numbers)s was replaced",
        "The prescription of orders %(numbers)s was replaced",
        len(orders),
    )
    body = _(
        "The doctor wrote another one in its place. Nothing that needs it leaves the pharmacy any more. If a parcel "
        "has left already, call the patient."
    )
    return Words(title % {"numbers": ", ".join(order.number for order in orders)}, body, _("See the order"))


def _question(order: Order, clinic: Clinic) -> Words:
    names = {"clinic": clinic.name, "number": order.number, "name": order.patient.first_name}
    body = _(
        "The pharmacy of %(clinic)s cannot give one line of order %(number)s for %(name)s as it was ordered, and "
        "proposes something else. It costs you no more. The order waits for your answer."
    )
    return _words(order, _("The pharmacy has a question about your order"), body % names)


def _noted(order: Order, clinic: Clinic) -> Words:
    names = {"clinic": clinic.name, "number": order.number, "name": order.patient.first_name}
    body = _(
        "The pharmacy of %(clinic)s changed one line of order %(number)s for %(name)s, as it was agreed with you. If "
        "you did not agree, call them before it leaves."
    )
    return _words(order, _("A line of your order was changed"), body % names)


def _courier(order: Order) -> Words:
    body = _("%(name)s brings order %(number)s. Phone: %(phone)s") % {
        "name": order.courier_name,
        "number": order.number,
        "phone": order.courier_phone,
    }
    return _words(order, _("Another courier brings your order"), body)


def _words(order: Order, title: str, body: str) -> Words:
    return Words(title, body, _("See the order"), f"{title} ({order.number}).")


def _tell_patient(event: OutboxEvent, order: Order, clinic: Clinic, words: Callable[[], Words]) -> None:
    url = order_page(order, clinic)
    tell(event.pk, patient_side(order.patient), words, url=url, type=NotificationType.ORDER_STATUS)


def _desk_page(order: Order, clinic: Clinic) -> str:
    return clinic_url(clinic, "clinic_admin:pharmacy_desk_order", order.pk)


def _found(event: OutboxEvent) -> Substitution | None:
    rows = Substitution.objects.select_related("item__order__patient__user", "proposed_by")
    return rows.filter(pk=event.payload["substitution_id"]).first()
