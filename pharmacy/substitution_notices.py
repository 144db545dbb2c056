"""Who is told of a question about an order and of its answer; never which medicine it is about, only where to look."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import guardians_of, has_looked_after
from clinics.models import Clinic
from pharmacy.models import Order, Substitution, SubstitutionStatus
from precta.hosts import clinic_url, platform_url
from precta.notifications.models import Channel, NotificationType
from precta.notifications.services import notify
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic

EVERYWHERE = (Channel.PUSH, Channel.EMAIL)


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    body: str


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
    said = {
        SubstitutionStatus.ACCEPTED: _("The patient of order %(number)s agrees"),
        SubstitutionStatus.DECLINED: _("The patient of order %(number)s does not agree"),
    }.get(SubstitutionStatus(asked.status), _("What you proposed for order %(number)s was sold meanwhile"))
    notify(
        event_id=event.pk,
        user=asked.proposed_by,
        type=NotificationType.ORDER_STATUS,
        title=said % {"number": order.number},
        body=_("It stands with the line, at the pharmacy's desk."),
        data={
            "url": clinic_url(clinic, "clinic_admin:pharmacy_desk_order", order.pk),
            "action": _("Open the order"),
        },
        channels=(Channel.PUSH,),
    )


def _question(order: Order, clinic: Clinic) -> Words:
    names = {"clinic": clinic.name, "number": order.number, "name": order.patient.first_name}
    body = _(
        "The pharmacy of %(clinic)s cannot give one line of order %(number)s for %(name)s as it was ordered, and "
        "proposes something else. It costs you no more. The order waits for your answer."
    )
    return Words(_("The pharmacy has a question about your order"), body % names)


def _noted(order: Order, clinic: Clinic) -> Words:
    names = {"clinic": clinic.name, "number": order.number, "name": order.patient.first_name}
    body = _(
        "The pharmacy of %(clinic)s changed one line of order %(number)s for %(name)s, as it was agreed with you. If "
        "you did not agree, call them before it leaves."
    )
    return Words(_("A line of your order was changed"), body % names)


def _tell_patient(event: OutboxEvent, order: Order, clinic: Clinic, words: Callable[[], Words]) -> None:
    for user, language in _patient_side(order):
        with translation.override(language):
            said, action = words(), _("See the order")
        notify(
            event_id=event.pk,
            user=user,
            type=NotificationType.ORDER_STATUS,
            title=said.title,
            body=said.body,
            data={"url": _page(order, clinic), "action": action},
            language=language,
            channels=EVERYWHERE,
            sms=f"{said.title}: {order.number}",
        )


def _patient_side(order: Order) -> Iterator[tuple[User, str]]:
    """The patient; for somebody without a login, whoever looks after them, else their own phone, else who ordered."""
    patient = order.patient
    if patient.user.has_email:
        yield patient.user, patient.preferred_language
        return
    told = False
    for guardian in guardians_of(patient):
        told = True
        yield guardian.user, guardian.preferred_language
    if told:
        return
    if patient.user.reachable_phone:
        yield patient.user, patient.preferred_language
    elif order.placed_by.has_email and has_looked_after(order.placed_by_id, patient):
        yield order.placed_by, patient.preferred_language


def _page(order: Order, clinic: Clinic) -> str:
    if not clinic.is_open:
        # A suspended clinic's host shows one page only; what is theirs people find under their own care.
        return platform_url("pharmacy:me-orders:orders")
    return clinic_url(clinic, "pharmacy:orders:order", order.pk)


def _found(event: OutboxEvent) -> Substitution | None:
    rows = Substitution.objects.select_related("item__order__patient__user", "item__order__placed_by", "proposed_by")
    return rows.filter(pk=event.payload["substitution_id"]).first()
