"""Turns events of the outbox into notifications."""

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256

from accounts.models import Doctor
from appointments import reasons
from appointments.follow_up import booking_url
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.notices import wording
from appointments.notices.recipients import doctor_side, managers, patient_side
from appointments.services.cancellation import Side, sees_patients
from appointments.services.time_off import is_displaced, time_off_over
from precta import clock
from precta.hosts import clinic_url, platform_url
from precta.notifications.models import NotificationType
from precta.notifications.telling import EVERYWHERE, INBOX, Recipient, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.payments.models import Payment, PaymentMethod, PaymentPurpose, Refund
from precta.payments.selectors import has_money_aside
from precta.tenancy import clinic_context

RELATED = ("patient__user", "doctor__user", "clinic", "rescheduled_from")


@on("appointment.confirmed")
def tell_confirmed(event: OutboxEvent) -> None:
    visit = _visit(event)
    if visit is None:
        return
    for_child = not visit.patient.user.has_email
    kind = NotificationType.APPOINTMENT_CONFIRMED
    _tell(event, patient_side(visit.patient), kind, lambda: wording.confirmed(visit, for_child=for_child), _page(visit))
    _tell_doctor(event, visit, kind, lambda: wording.confirmed_to_doctor(visit))


@on("appointment.cancelled")
def tell_cancelled(event: OutboxEvent) -> None:
    visit = _visit(event)
    if visit is None or visit.cancellation_reason in reasons.MOVES:
        return
    side = event.payload.get("side")
    cause = event.payload.get("cause", side)
    kind = NotificationType.APPOINTMENT_CANCELLED
    words = partial(wording.cancelled, visit, side=side, cause=cause)
    if cause == Side.PATIENT:
        _tell(event, patient_side(visit.patient), kind, words, _page(visit))
    else:
        _must_tell(event, visit, kind, words)
    if visit.cancelled_by_id != visit.doctor_id:
        _tell_doctor(event, visit, kind, lambda: wording.cancelled_to_doctor(visit))


@on("appointment.rescheduled")
def tell_moved(event: OutboxEvent) -> None:
    """`appointment_id` is the visit at its new time; where it was is the row it was moved from."""
    new = _visit(event)
    if new is None or new.rescheduled_from is None:
        return
    old = Appointment.objects.select_related("clinic").get(pk=new.rescheduled_from_id)
    kind = NotificationType.APPOINTMENT_CONFIRMED
    _must_tell(event, new, kind, lambda: wording.moved(old, new))
    _tell_doctor(event, new, kind, lambda: wording.moved_to_doctor(old, new))


@on("appointment.expired")
def tell_expired(event: OutboxEvent) -> None:
    visit = _visit(event)
    if visit is None or visit.status != AppointmentStatus.CANCELLED:
        return
    again = clinic_url(visit.clinic, "appointments:patient:book", visit.doctor_id)
    words = partial(wording.expired, visit, has_money_aside=has_money_aside(visit.pk))
    _tell(event, patient_side(visit.patient), NotificationType.GENERAL, words, again, INBOX)


@on("appointment.displaced", "appointment.confirmed", "appointment.rescheduled")
def tell_displaced(event: OutboxEvent) -> None:
    """A time that was held while the time off was added is told when its payment confirms it, or the move to it."""
    visit = _visit(event)
    time_off = time_off_over(visit) if visit is not None and _stands(visit) else None
    if visit is None or time_off is None:
        return
    kind = NotificationType.APPOINTMENT_CANCELLED
    # Both events may come for one visit, in any order: what is told once is that this time off lies over it.
    event_id = sha256(f"{visit.pk} {time_off.pk}".encode()).hexdigest()[:36]
    _must_tell(event, visit, kind, lambda: wording.displaced(visit), event_id=event_id)


@on("doctor.changed")
def tell_patients_of_barred_doctor(event: OutboxEvent) -> None:
    """The doctor was suspended or is not verified any more: whoever has a visit to come is told once."""
    doctor = Doctor.objects.select_related("clinic").filter(pk=event.payload["doctor_id"]).first()
    if doctor is None or doctor.clinic is None:
        return
    with clinic_context(doctor.clinic):
        coming = Appointment.objects.select_related(*RELATED).filter(
            doctor=doctor, status=AppointmentStatus.CONFIRMED, scheduled_at__gt=clock.now()
        )
        for visit in coming:
            _tell_barred(event, visit)


@on("appointment.confirmed", "appointment.rescheduled")
def tell_confirmed_with_barred_doctor(event: OutboxEvent) -> None:
    """The time was held when its doctor was suspended, and paid after that."""
    visit = _visit(event)
    if visit is not None and _stands(visit):
        _tell_barred(event, visit)


def _tell_barred(event: OutboxEvent, visit: Appointment) -> None:
    # The visits of a suspended clinic are cancelled by themselves.
    if not visit.clinic.is_open or sees_patients(visit):
        return
    # Changes of the same doctor come many times, and a suspension may be taken back and made again.
    event_id = f"barred-{visit.doctor.user.session_epoch}-{visit.pk}"
    kind = NotificationType.APPOINTMENT_CANCELLED
    _must_tell(event, visit, kind, lambda: wording.barred(visit), event_id=event_id)


@on("appointment.reinstated")
def tell_reinstated(event: OutboxEvent) -> None:
    visit = _visit(event)
    if visit is not None and _stands(visit) and not is_displaced(visit):
        kind = NotificationType.APPOINTMENT_CONFIRMED
        _tell(event, patient_side(visit.patient), kind, lambda: wording.reinstated(visit), _page(visit))


@on("appointment.reminder")
def tell_reminder(event: OutboxEvent) -> None:
    """A reminder that was held up until the visit began, or whose visit is off, is not sent any more."""
    visit = _visit(event)
    if visit is None or not _stands(visit):
        return
    kind = NotificationType.APPOINTMENT_REMINDER
    _tell(event, patient_side(visit.patient), kind, lambda: wording.reminder(visit), _page(visit))


@on("consultation.finished")
def tell_summary(event: OutboxEvent) -> None:
    visit, consultation = _consultation(event)
    if visit is None or consultation is None:
        return
    kind = NotificationType.GENERAL
    _tell(event, patient_side(visit.patient), kind, lambda: wording.summary_ready(visit), _page(visit))
    proposed = consultation.follow_up_at
    if proposed is None or proposed <= clock.now() or not visit.clinic.is_open:
        return
    url = booking_url(visit, consultation)
    words = partial(wording.follow_up_proposed, visit, proposed)
    # A second piece of news of the same event.
    _tell(event, patient_side(visit.patient), kind, words, url, event_id=f"follow-up-{event.pk}"[:36])


@on("consultation.left_open")
def tell_left_open(event: OutboxEvent) -> None:
    visit, consultation = _consultation(event)
    if visit is None or consultation is None or consultation.finished_at is not None:
        return
    url = clinic_url(visit.clinic, "appointments:doctor:visit", visit.pk)
    _tell(event, doctor_side(visit.doctor), NotificationType.GENERAL, lambda: wording.left_open(visit), url, INBOX)


@on("payment.completed")
def tell_paid(event: OutboxEvent) -> None:
    payment = Payment.objects.filter(pk=event.payload["payment_id"], type=PaymentPurpose.APPOINTMENT).first()
    visit = _find(payment.subject_id) if payment else None
    if payment is None or visit is None or visit.status != AppointmentStatus.CONFIRMED:
        return
    receipt = clinic_url(visit.clinic, "appointments:patient:receipt", visit.pk)

    def words() -> Words:
        return wording.payment_received(visit, payment.amount, payment.currency)

    _tell(event, patient_side(visit.patient), NotificationType.PAYMENT_RECEIVED, words, receipt, INBOX)


@on("refund.queued")
def tell_paid_too_late(event: OutboxEvent) -> None:
    """Other refunds are told of with the cancellation that they belong to."""
    refund, visit = _refund(event)
    if refund is None or visit is None or refund.reason != reasons.MONEY_TOO_LATE:
        return
    kind = NotificationType.GENERAL
    _tell(
        event,
        patient_side(visit.patient),
        kind,
        lambda: wording.paid_too_late(visit, refund.amount, refund.currency),
        _page(visit),
    )


@on("refund.processed")
def tell_refunded(event: OutboxEvent) -> None:
    refund, visit = _refund(event)
    if refund is None or visit is None:
        return
    words = wording.handed_back if refund.payment.method == PaymentMethod.CASH else wording.refunded
    _tell(
        event,
        patient_side(visit.patient),
        NotificationType.GENERAL,
        lambda: words(visit, refund.amount, refund.currency),
        _page(visit),
    )


@on("refund.failed", "refund.needs_attention")
def tell_staff_of_refund(event: OutboxEvent) -> None:
    refund, visit = _refund(event)
    if refund is not None and visit is not None:
        _tell_managers(event, visit, lambda: wording.refund_stuck(refund.amount, refund.currency))


@on("payment.mismatch")
def tell_staff_of_mismatch(event: OutboxEvent) -> None:
    payment = Payment.objects.filter(pk=event.payload["payment_id"]).first()
    visit = _find(payment.subject_id) if payment else None
    if payment is not None and visit is not None:
        _tell_managers(event, visit, lambda: wording.payment_put_aside(payment.provider_reference))


def _must_tell(
    event: OutboxEvent, visit: Appointment, kind: str, words: Callable[[], Words], *, event_id: str = ""
) -> None:
    """News that sends somebody to a closed door if it is missed: when the portal reaches nobody, the clinic has to."""
    people = list(patient_side(visit.patient))
    _tell(event, people, kind, words, _page(visit), event_id=event_id)
    if not people and visit.scheduled_at > clock.now():
        # Beside what a doctor who leads the clinic is told of the same event.
        own_id = sha256(f"nobody {event_id or event.pk}".encode()).hexdigest()[:36]
        _tell_managers(event, visit, lambda: wording.nobody_reached(visit), event_id=own_id)


def _tell_managers(event: OutboxEvent, visit: Appointment, words: Callable[[], Words], *, event_id: str = "") -> None:
    url = clinic_url(visit.clinic, "clinic_admin:index")
    _tell(event, managers(visit.clinic), NotificationType.GENERAL, words, url, event_id=event_id)


def _tell(
    event: OutboxEvent,
    people: Iterable[Recipient],
    kind: str,
    words: Callable[[], Words],
    url: str,
    channels: Iterable[str] = EVERYWHERE,
    event_id: str = "",
) -> None:
    tell(event_id or event.pk, people, words, url=url, type=kind, channels=channels)


def _tell_doctor(event: OutboxEvent, visit: Appointment, kind: str, words: Callable[[], Words]) -> None:
    """Doctors read their day in the workspace; a mail for each booking would only be noise."""
    day = visit.scheduled_at.astimezone(visit.clinic.policy.tz).date().isoformat()
    url = clinic_url(visit.clinic, "appointments:doctor:today") + f"?day={day}"
    _tell(event, doctor_side(visit.doctor), kind, words, url, INBOX)


def _visit(event: OutboxEvent) -> Appointment | None:
    return _find(event.payload["appointment_id"])


def _stands(visit: Appointment) -> bool:
    return visit.status == AppointmentStatus.CONFIRMED and visit.scheduled_at > clock.now()


def _find(appointment_id: str) -> Appointment | None:
    return Appointment.objects.select_related(*RELATED).filter(pk=appointment_id).first()


def _consultation(event: OutboxEvent) -> tuple[Appointment | None, Consultation | None]:
    return _visit(event), Consultation.objects.filter(pk=event.payload["consultation_id"]).first()


def _refund(event: OutboxEvent) -> tuple[Refund | None, Appointment | None]:
    refund = (
        Refund.objects.select_related("payment__duplicate_of")
        .filter(pk=event.payload["refund_id"], payment__type=PaymentPurpose.APPOINTMENT)
        .first()
    )
    if refund is None:
        return None, None
    # Money that came twice stands in no visit's books; the visit is the one that the first payment paid for.
    first = refund.payment.duplicate_of
    return refund, _find(first.subject_id if first else refund.subject_id)


def _page(visit: Appointment) -> str:
    if not visit.clinic.is_open:
        # A suspended clinic's host shows one page only; what is theirs people find under their own care.
        return platform_url("appointments:me:appointments")
    return clinic_url(visit.clinic, "appointments:patient:detail", visit.pk)
