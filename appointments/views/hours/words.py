"""Hours and refusals as sentences."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import ConsultationMode, Doctor
from appointments.exceptions import AppointmentError, HoursClash, ModeNotOffered, WindowOverlaps
from appointments.hours import DayHours, WeeklyHours
from appointments.models.availability import AvailabilityRevision, Weekday


def in_words(row: WeeklyHours | DayHours) -> str:
    """ "Monday, 08:00 – 12:00, Video call, from 1 Dec 2026"."""
    if isinstance(row, DayHours):
        mode = dict(ConsultationMode.choices).get(row.mode, _("Every kind of visit"))
        hours = f"{row.start:%H:%M} – {row.end:%H:%M}" if row.start is not None else _("no hours")
        return ", ".join([date_format(row.day, "D j M Y"), hours, str(mode)])
    window = row.window
    parts = [
        str(Weekday(window.day_of_week).label),
        f"{window.start:%H:%M} – {window.end:%H:%M}",
        str(dict(ConsultationMode.choices)[row.mode]),
    ]
    if window.effective_from:
        parts.append(_("from %(date)s") % {"date": date_format(window.effective_from, "j M Y")})
    if window.effective_until:
        parts.append(_("until %(date)s") % {"date": date_format(window.effective_until, "j M Y")})
    if not row.is_active:
        parts.append(_("resting"))
    return ", ".join(parts)


def who_saved(revision: AvailabilityRevision | None, doctor: Doctor) -> str:
    """The person as the other one knows them; empty when nobody is known."""
    user = revision.saved_by if revision is not None else None
    if user is None:
        return ""
    if user.pk == doctor.user_id:
        return doctor.display_name
    return user.email if user.has_email else user.reachable_phone


def explain(error: AppointmentError) -> str:
    if isinstance(error, WindowOverlaps) and error.other is not None:
        return _("You already have hours from %(start)s to %(end)s on that day for the same kind of visit.") % {
            "start": f"{error.other.start_time:%H:%M}",
            "end": f"{error.other.end_time:%H:%M}",
        }
    if isinstance(error, HoursClash) and error.entries:
        return _("These hours overlap: %(one)s; and %(other)s.") % {
            "one": in_words(error.entries[0]),
            "other": in_words(error.entries[1]),
        }
    if isinstance(error, WindowOverlaps | HoursClash):
        return _("These hours overlap others that are there already. Look at the week again, please.")
    if isinstance(error, ModeNotOffered):
        return _("You do not offer this kind of visit.")
    return _("That is not possible. Nothing was changed.")
