"""The menus of the layouts, declared in one place.

An entry whose page is not installed is left out, so that no menu ever shows a dead link.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from precta import hosts

Host = Literal["platform", "clinic"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry: `within` are the view names under which it counts as the current one."""

    label: str | Promise
    icon: str
    host: Host
    name: str
    within: tuple[str, ...]
    short: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Link:
    label: str | Promise
    short: str | Promise
    icon: str
    url: str
    current: bool


DOCTORS = Entry(_("Doctors"), "stethoscope", "platform", "accounts:directory:doctors", ("accounts:directory:doctor",))
CLINICS = Entry(_("Clinics"), "building-2", "platform", "accounts:directory:clinics", ("accounts:directory:clinic",))
ARTICLES = Entry(_("Health articles"), "book-open", "platform", "content:public:articles", ("content:public:",))
MY_CARE = Entry(_("My care"), "heart-pulse", "platform", "appointments:me:home", ("appointments:me:home",))
MY_VISITS = Entry(
    _("My visits"),
    "calendar",
    "platform",
    "appointments:me:appointments",
    ("appointments:me:appointments",),
    _("Visits"),
)
INBOX = Entry(_("Inbox"), "bell", "platform", "notifications:inbox", ("notifications:",))
PROFILE = Entry(_("Profile"), "user", "platform", "accounts:me:profile", ("accounts:me:profile",))
FAMILY = Entry(_("Family"), "users", "platform", "accounts:me:family", ("accounts:me:family",))
HOME = Entry(_("Home"), "house", "platform", "accounts:directory:home", ("accounts:directory:home",))

CLINIC_HOME = Entry(_("The clinic"), "house", "clinic", "accounts:clinic:home", ("accounts:clinic:home",), _("Clinic"))
CLINIC_DOCTORS = Entry(
    _("Doctors"),
    "stethoscope",
    "clinic",
    "accounts:clinic:doctors",
    ("accounts:clinic:doctor", "appointments:patient:book"),
)
CLINIC_VISITS = Entry(
    _("My visits"),
    "calendar",
    "clinic",
    "appointments:patient:list",
    (
        "appointments:patient:list",
        "appointments:patient:detail",
        "appointments:patient:pay",
        "appointments:patient:cancel",
        "appointments:patient:reschedule",
        "appointments:patient:receipt",
    ),
    _("Visits"),
)
OTHER_CLINICS = Entry(_("All clinics"), "building-2", "platform", "accounts:directory:clinics", ())

TODAY = Entry(_("Today"), "layout-list", "clinic", "appointments:doctor:today", ("appointments:doctor:today",))
WEEK = Entry(_("Week"), "calendar-days", "clinic", "appointments:doctor:calendar", ("appointments:doctor:calendar",))
AVAILABILITY = Entry(
    _("Availability"),
    "clock",
    "clinic",
    "appointments:doctor:availability",
    ("appointments:doctor:availability",),
    _("Hours"),
)
TIME_OFF = Entry(
    _("Time off"), "calendar-off", "clinic", "appointments:doctor:time-off", ("appointments:doctor:time-off",)
)

MENUS: dict[str, tuple[Entry, ...]] = {
    "platform": (DOCTORS, CLINICS, ARTICLES, MY_CARE),
    "platform-tabs": (HOME, DOCTORS, MY_VISITS, MY_CARE),
    "clinic": (CLINIC_HOME, CLINIC_DOCTORS, CLINIC_VISITS, OTHER_CLINICS),
    "clinic-tabs": (CLINIC_HOME, CLINIC_DOCTORS, CLINIC_VISITS, MY_CARE),
    "me": (MY_CARE, MY_VISITS, INBOX, FAMILY, PROFILE),
    "workspace": (TODAY, WEEK, AVAILABILITY, TIME_OFF),
    "legal": (
        Entry(_("Privacy"), "lock", "platform", "pages:privacy", ("pages:privacy",)),
        Entry(_("Terms"), "file-text", "platform", "pages:terms", ("pages:terms",)),
        Entry(_("Help"), "life-buoy", "platform", "pages:help", ("pages:help",)),
    ),
}


def address(request: HttpRequest, entry: Entry, *, absolute: bool = False) -> str:
    """Where the entry leads from this request's host; empty when the page is not installed or has no clinic here."""
    kind = getattr(request, "host_kind", "platform")
    try:
        if entry.host == kind and not absolute:
            return reverse(entry.name)
        if entry.host == "platform":
            return hosts.platform_url(entry.name)
    except NoReverseMatch:
        pass
    return ""


def menu(request: HttpRequest, name: str) -> list[Link]:
    """The named menu for this request, the current page marked."""
    return [link for entry in MENUS[name] if (link := _link(request, entry))]


def _link(request: HttpRequest, entry: Entry) -> Link | None:
    url = address(request, entry)
    if not url:
        return None
    match = getattr(request, "resolver_match", None)
    current = bool(match) and _is_within(match.view_name, entry.within)
    return Link(label=entry.label, short=entry.short or entry.label, icon=entry.icon, url=url, current=current)


def _is_within(view_name: str, within: Iterable[str]) -> bool:
    return any(view_name.startswith(prefix) for prefix in within)
