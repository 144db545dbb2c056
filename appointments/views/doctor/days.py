"""Days and weeks as the workspace's addresses and headings name them."""

from datetime import date, datetime, timedelta, tzinfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.wall_clock import start_of_day

DAY = "D j M Y"

FIRST_YEAR, LAST_YEAR = 2000, 2100


def read_day(raw: str | None, default: date) -> date:
    """An ISO date out of an address; `default` for anything else, so that a mangled link still shows a page."""
    try:
        day = date.fromisoformat(raw or "")
    except ValueError:
        return default
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else default


def greeting(local_now: datetime) -> str:
    if local_now.hour < 12:
        return _("Good morning, Dr %(name)s.")
    return _("Good afternoon, Dr %(name)s.") if local_now.hour < 17 else _("Good evening, Dr %(name)s.")


def age_in_words(born: date | None, today: date) -> str:
    """ "34 years"; months below two years, because they matter for doses."""
    if born is None or born > today:
        return ""
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    if months < 24:
        return ngettext("%(count)d month", "%(count)d months", months) % {"count": months}
    years = months // 12
    return ngettext("%(count)d year", "%(count)d years", years) % {"count": years}


def range_in_words(starts_at: datetime, ends_at: datetime, tz: tzinfo) -> str:
    """ "Mon 21 Dec – Fri 25 Dec, whole days" or "Mon 21 Dec, 14:00 – 17:00", in `tz`; the end is exclusive."""
    start, end = starts_at.astimezone(tz), ends_at.astimezone(tz)
    if starts_at == start_of_day(start.date(), tz) and ends_at == start_of_day(end.date(), tz):
        last = end.date() - timedelta(days=1)
        if last == start.date():
            return _("%(day)s, the whole day") % {"day": date_format(last, DAY)}
        names = {"first": date_format(start.date(), DAY), "last": date_format(last, DAY)}
        return _("%(first)s – %(last)s, whole days") % names
    last, clock = end.date(), f"{end:%H:%M}"
    if ends_at == start_of_day(last, tz):
        last, clock = last - timedelta(days=1), "24:00"
    names = {"day": date_format(start, DAY), "start": f"{start:%H:%M}", "end": clock}
    if start.date() == last:
        return _("%(day)s, %(start)s – %(end)s") % names
    names["last"] = date_format(last, DAY)
    return _("%(day)s, %(start)s – %(last)s, %(end)s") % names
