"""Hours that somebody is working on: what the page sends is read strictly, because a script made it, or anybody."""

import json
import re
from datetime import date, time
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ConsultationMode, Doctor
from appointments.hours import DayHours, Hours, WeeklyHours, Window, minutes_of

MOST_ROWS = 200
LAST_YEAR = 2100
# A row takes some 120 characters.
LONGEST = 60_000
A_TIME = re.compile(r"[0-9]{2}:[0-9]{2}")


class DraftError(ValueError):
    """The draft makes no sense; its text is a sentence for the person."""


def read_draft(text: str, *, doctor: Doctor, saved: Hours, today: date) -> Hours:
    """The draft as hours. Rows that are saved already pass as they are; new ones must be of use. Raises DraftError."""
    try:
        data: Any = json.loads(text) if len(text) <= LONGEST else None
        weekly, days = data["weekly"], data["days"]
        if not isinstance(weekly, list) or not isinstance(days, list) or len(weekly) + len(days) > MOST_ROWS:
            raise DraftError(_nonsense())
        hours = Hours(tuple(_weekly(row) for row in weekly), tuple(_day(row) for row in days))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise error if isinstance(error, DraftError) else DraftError(_nonsense()) from error
    known = {*saved.weekly, *saved.days}
    for row in hours.weekly:
        if row not in known:
            _must_fit(minutes_of(row.window.start, row.window.end), doctor)
    for entry in hours.days:
        if entry in known:
            continue
        if entry.day < today:
            raise DraftError(_("A day that differs lies in the past. Remove it, or choose a day to come."))
        if entry.start is not None and entry.end is not None:
            _must_fit(minutes_of(entry.start, entry.end), doctor)
    return hours


def _nonsense() -> str:
    return _("These hours could not be read. Reload the page and try again, please.")


def _must_fit(minutes: tuple[int, int], doctor: Doctor) -> None:
    if minutes[1] - minutes[0] < doctor.consultation_duration_minutes:
        raise DraftError(
            ngettext(
                "Some hours are shorter than one visit of %(count)d minute.",
                "Some hours are shorter than one visit of %(count)d minutes.",
                doctor.consultation_duration_minutes,
            )
            % {"count": doctor.consultation_duration_minutes}
        )


def _weekly(row: dict[str, Any]) -> WeeklyHours:
    day, mode, active = row["day"], row["mode"], row["active"]
    if type(day) is not int or not 0 <= day <= 6 or type(active) is not bool or mode not in ConsultationMode.values:
        raise ValueError(row)
    window = Window(day, _time(row["start"]), _time(row["end"]), _date(row["from"]), _date(row["until"]))
    if window.effective_from and window.effective_until and window.effective_until < window.effective_from:
        raise DraftError(_("Some hours end before the day on which they begin to hold."))
    _in_order(window.start, window.end)
    return WeeklyHours(mode, window, active)


def _day(row: dict[str, Any]) -> DayHours:
    day, mode = _date(row["date"]), row["mode"]
    if day is None or mode not in ("", *ConsultationMode.values):
        raise ValueError(row)
    if row["start"] == row["end"] == "":
        return DayHours(day, mode)
    start, end = _time(row["start"]), _time(row["end"])
    _in_order(start, end)
    return DayHours(day, mode, start, end)


def _time(text: Any) -> time:
    # Python reads "08+01" and "0800Z" as well, which no other time can be compared with.
    if not isinstance(text, str) or not A_TIME.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text)


def _date(text: Any) -> date | None:
    if text == "":
        return None
    if not isinstance(text, str) or len(text) != len("2026-02-28"):
        raise ValueError(text)
    day = date.fromisoformat(text)
    if not 2000 <= day.year <= LAST_YEAR:
        raise ValueError(text)
    return day


def _in_order(start: time, end: time) -> None:
    opens, closes = minutes_of(start, end)
    if closes <= opens:
        raise DraftError(_("Some hours end before they begin. For midnight write 00:00."))
