"""Word to patients whose doctor will be away, or is there after all."""

from collections.abc import Callable

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Patient, User
from accounts.models.patient import PreferredLanguage
from accounts.policies import may_act_for
from appointments.models import Appointment, AppointmentStatus
from appointments.services.time_off import is_displaced
from precta import clock, hosts
from precta.notifications.models import NotificationType
from precta.notifications.services import notify
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.templatetags.precta_tags import clinic_time


@on("appointment.displaced", "appointment.confirmed")
def tell_displaced(event: OutboxEvent) -> None:
    """Their doctor will be away: they may choose another time or have everything back.

    A visit that was held while the time off was added is told when its payment confirms it.
    """
    visit = _visit_to_come(event)
    if visit is None or not is_displaced(visit):
        return

    def words(visit: Appointment) -> tuple[str, str, str]:
        names = {"doctor": visit.doctor.display_name, "time": clinic_time(visit.scheduled_at, visit.clinic)}
        return (
            _("Your doctor cannot keep your appointment"),
            _(
                "%(doctor)s will be away on %(time)s. Choose another time without paying again, or cancel and get"
                " everything back."
            )
            % names,
            _("Choose what suits you"),
        )

    _tell(event, visit, "appointments:patient:reschedule", words)


@on("appointment.reinstated")
def tell_reinstated(event: OutboxEvent) -> None:
    visit = _visit_to_come(event)
    if visit is None or is_displaced(visit):
        return

    def words(visit: Appointment) -> tuple[str, str, str]:
        names = {"doctor": visit.doctor.display_name, "time": clinic_time(visit.scheduled_at, visit.clinic)}
        return (
            _("Your appointment stands after all"),
            _("%(doctor)s will be there on %(time)s as you booked. You need not do anything.") % names,
            _("See the appointment"),
        )

    _tell(event, visit, "appointments:patient:detail", words)


def _visit_to_come(event: OutboxEvent) -> Appointment | None:
    return (
        Appointment.objects.filter(
            pk=event.payload["appointment_id"], status=AppointmentStatus.CONFIRMED, scheduled_at__gt=clock.now()
        )
        .select_related("doctor", "patient__user", "booked_by", "clinic")
        .first()
    )


def _tell(event: OutboxEvent, visit: Appointment, page: str, words: Callable) -> None:
    """To the patient and to the guardian who booked, each in their own language."""
    people = [visit.patient.user]
    if visit.booked_by_id != visit.patient_id and may_act_for(visit.booked_by, visit.patient):
        people.append(visit.booked_by)
    # The confirmation itself is told under its event's id, and each event tells a person once.
    event_id = event.pk if event.kind != "appointment.confirmed" else f"{event.pk}-away"
    for user in people:
        language = _language_of(user, visit)
        with translation.override(language):
            title, body, action = words(visit)
        notify(
            event_id=event_id,
            user=user,
            type=NotificationType.GENERAL,
            title=title,
            body=body,
            data={"url": hosts.clinic_url(visit.clinic, page, visit.pk), "action": action},
            language=language,
        )


def _language_of(user: User, visit: Appointment) -> str:
    if user.pk == visit.patient_id:
        return visit.patient.preferred_language
    language = Patient.objects.filter(pk=user.pk).values_list("preferred_language", flat=True).first()
    return language or PreferredLanguage.ENGLISH
