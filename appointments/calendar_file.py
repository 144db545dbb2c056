"""A visit as a calendar entry (RFC 5545). It names the doctor and the place, and never why somebody goes there."""

from datetime import UTC, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentStatus
from appointments.selectors import successor_of
from precta import hosts

# A visit that was moved over and over is followed this far.
LONGEST_CHAIN = 50


def calendar_file(appointment: Appointment) -> bytes:
    """The .ics file of a visit.

    A visit that was moved keeps the UID of the first one and counts SEQUENCE up, so that a calendar shifts its entry
    instead of showing two; asked for an old row, the file tells where the visit went. Times are UTC.
    """
    # Here because a web worker that is asked for no calendar does without its 2 MB.
    from icalendar import Calendar, Event, vUri

    visit = _latest(appointment)
    first_id, moves = _origin(visit)
    is_off = visit.status == AppointmentStatus.CANCELLED
    calendar = Calendar()
    calendar.add("prodid", "-//Precta//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "CANCEL" if is_off else "PUBLISH")
    event = Event()
    event.add("uid", f"{first_id}@{settings.PLATFORM_HOST}")
    event.add("sequence", moves + (1 if is_off else 0))
    event.add("dtstamp", (visit.cancelled_at or visit.created_at).astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", visit.scheduled_at.astimezone(UTC))
    event.add("dtend", (visit.scheduled_at + timedelta(minutes=visit.duration_minutes)).astimezone(UTC))
    event.add("summary", _("Visit with %(doctor)s") % {"doctor": visit.doctor.display_name})
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("class", "PRIVATE")
    event.add("location", _where(visit))
    event["url"] = vUri(hosts.clinic_url(visit.clinic, "appointments:patient:detail", visit.pk))
    calendar.add_component(event)
    return calendar.to_ical()


def _where(visit: Appointment) -> str:
    if visit.consultation_type == "video":
        return _("Video call")
    clinic = visit.clinic
    return ", ".join(part for part in (clinic.name, " ".join(clinic.address.split()), clinic.city) if part)


def _latest(visit: Appointment) -> Appointment:
    """The visit that this one was moved to in the end, if it was; else the visit itself."""
    for _step in range(LONGEST_CHAIN):
        later = successor_of(visit)
        if later is None:
            break
        visit = later
    return visit


def _origin(visit: Appointment) -> tuple[str, int]:
    """The id of the visit that was booked first, and how often it was moved since."""
    moves, first_id, before_id = 0, visit.pk, visit.rescheduled_from_id
    while before_id is not None and moves < LONGEST_CHAIN:
        moves, first_id = moves + 1, before_id
        before_id = Appointment.objects.values_list("rescheduled_from_id", flat=True).get(pk=before_id)
    return first_id, moves
