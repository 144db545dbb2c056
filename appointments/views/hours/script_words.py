"""The sentences that the grid's script says; `{name}` is filled in by it."""

from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import ConsultationMode, Doctor
from appointments.hours_grid import WEEK_FROM_MONDAY


def script_words(doctor: Doctor) -> dict[str, Any]:
    return {
        "days": {number: str(name) for number, name in WEEK_FROM_MONDAY},
        "months": [date_format(date(2024, month, 1), "M") for month in range(1, 13)],
        "weekdays": [date_format(date(2024, 1, 7) + timedelta(days=day), "D") for day in range(7)],
        "modes": {value: str(label) for value, label in ConsultationMode.choices},
        "anyMode": _("Every kind of visit"),
        "block": _("{day}, {start} to {end}, {mode}"),
        "resting": _("resting"),
        "from": _("from {date}"),
        "until": _("until {date}"),
        "now": _("Now"),
        "fromTab": _("From {date}"),
        "closed": _("no hours"),
        "unsaved": _("Changes that are not saved yet: {count}"),
        "added": _("Added: {what}"),
        "removed": _("Removed: {what}"),
        "moved": _("Now: {what}"),
        "copied": _("{day} is copied."),
        "undone": _("The last step is taken back."),
        "taken": _("There are other hours at this time already."),
        "noRoom": _("There is no room left on this day."),
        "tooShort": _("These hours are shorter than one visit of {minutes} minutes."),
        "wrongOrder": _("The hours must end after they begin. For midnight write 00:00."),
        "wrongDates": _("The last day must not be before the first."),
        "noBreak": _("The break must lie within these hours."),
        "needDate": _("Choose a date to come."),
        "bothTimes": _("Give both times, or neither."),
        "split": _("From {date} on the week can be changed without touching what holds until then."),
        "removeDay": _("Remove {what}"),
        "leave": _("The changes are not saved yet."),
    }
