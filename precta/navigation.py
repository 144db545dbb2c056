"""The menus of the layouts, declared in one place.

An entry whose page is not installed is left out, so that no menu ever shows a dead link.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
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
    label: str
    short: str
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
MY_PRESCRIPTIONS = Entry(
    _("My prescriptions"), "pill", "platform", "pharmacy:me:prescriptions", ("pharmacy:me:",), _("Prescriptions")
)
MY_ORDERS = Entry(
    _("My orders"), "package", "platform", "pharmacy:me-orders:orders", ("pharmacy:me-orders:",), _("Orders")
)
MY_RECORDS = Entry(
    _("My documents"),
    "folder-heart",
    "platform",
    "appointments:me:records",
    ("appointments:me:records",),
    _("Documents"),
)
MY_HISTORY = Entry(_("History"), "history", "platform", "appointments:me:timeline", ("appointments:me:timeline",))
OWN_REVIEWS = Entry(_("My reviews"), "star", "platform", "content:me:reviews", ("content:me:",), _("Reviews"))
INBOX = Entry(_("Inbox"), "bell", "platform", "notifications:inbox", ("notifications:",))
PROFILE = Entry(_("Profile"), "user", "platform", "accounts:me:profile", ("accounts:me:profile", "accounts:me:consent"))
FAMILY = Entry(_("Family"), "users", "platform", "accounts:me:family", ("accounts:me:family",))
MY_PRACTICE = Entry(
    _("My practice"), "stethoscope", "platform", "accounts:join-doctor:home", ("accounts:join-doctor:",)
)
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
    _("My visits here"),
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
CLINIC_RECORDS = Entry(
    _("My documents here"),
    "folder-heart",
    "clinic",
    "appointments:records:list",
    ("appointments:records:",),
    _("Documents"),
)
CLINIC_PHARMACY = Entry(_("Pharmacy"), "pill-bottle", "clinic", "pharmacy:orders:counter", ("pharmacy:orders:",))
OTHER_CLINICS = Entry(_("All clinics"), "building-2", "platform", "accounts:directory:clinics", ())

TODAY = Entry(_("Today"), "layout-list", "clinic", "appointments:doctor:today", ("appointments:doctor:today",))
WEEK = Entry(_("Week"), "calendar-days", "clinic", "appointments:doctor:calendar", ("appointments:doctor:calendar",))
AVAILABILITY = Entry(
    _("My hours"),
    "clock",
    "clinic",
    "appointments:doctor:availability",
    ("appointments:doctor:availability",),
    _("Hours"),
)
TIME_OFF = Entry(
    _("Time off"), "calendar-off", "clinic", "appointments:doctor:time-off", ("appointments:doctor:time-off",)
)

PATIENTS = Entry(_("Patients"), "users", "clinic", "appointments:doctor:patients", ("appointments:doctor:patient",))
EARNINGS = Entry(
    _("Earnings"), "chart-column", "clinic", "appointments:doctor:earnings", ("appointments:doctor:earnings",)
)
PRESCRIPTION_TEMPLATES = Entry(
    _("Prescription templates"),
    "pill",
    "clinic",
    "pharmacy:doctor:templates",
    ("pharmacy:doctor:template",),
    _("Templates"),
)
MY_REVIEWS = Entry(_("Reviews"), "star", "clinic", "content:doctor:reviews", ("content:doctor:review",))

MENUS: dict[str, tuple[Entry, ...]] = {
    "platform": (DOCTORS, CLINICS, ARTICLES, MY_CARE),
    "platform-more": (DOCTORS, CLINICS, ARTICLES),
    "platform-tabs": (HOME, DOCTORS, MY_VISITS, MY_CARE),
    "clinic": (CLINIC_HOME, CLINIC_DOCTORS, CLINIC_PHARMACY, CLINIC_VISITS, CLINIC_RECORDS, OTHER_CLINICS),
    "clinic-tabs": (CLINIC_HOME, CLINIC_DOCTORS, CLINIC_VISITS, MY_CARE),
    "me": (
        *(MY_CARE, MY_VISITS, MY_PRESCRIPTIONS, MY_ORDERS, MY_RECORDS, MY_HISTORY, OWN_REVIEWS),
        *(INBOX, FAMILY, PROFILE),
    ),
    "account": (INBOX, PROFILE),
    "doctor": (MY_PRACTICE, INBOX, PROFILE),
    "workspace-tabs": (TODAY, WEEK, AVAILABILITY, TIME_OFF, PATIENTS),
    "workspace": (TODAY, WEEK, AVAILABILITY, TIME_OFF, PATIENTS, EARNINGS, PRESCRIPTION_TEMPLATES, MY_REVIEWS),
    "legal": (
        Entry(_("For clinics"), "building-2", "platform", "clinics:join:landing", ("clinics:join:",)),
        Entry(_("For doctors"), "stethoscope", "platform", "accounts:join-doctor:home", ()),
        Entry(
            _("Check a prescription"), "qr-code", "platform", "pharmacy:check", ("pharmacy:check", "pharmacy:verify")
        ),
        Entry(_("Privacy"), "lock", "platform", "pages:privacy", ("pages:privacy",)),
        Entry(_("Terms"), "file-text", "platform", "pages:terms", ("pages:terms",)),
        Entry(_("Help"), "life-buoy", "platform", "pages:help", ("pages:help",)),
    ),
}


def address(request: HttpRequest, host: Host, name: str, *, absolute: bool = False) -> str:
    """Where the page leads from this request's host; empty when it is not installed or only a clinic's host has it."""
    here = getattr(request, "host_kind", "platform")
    return _address(here, host, name, absolute, hosts.origin(settings.PLATFORM_HOST))


def place(request: HttpRequest | None) -> tuple[str, str, str, str, str]:
    """What menus, bars and feet depend on: kind of host, clinic, view, language, and the portal's own origin."""
    match = getattr(request, "resolver_match", None)
    clinic = getattr(request, "clinic", None)
    return (
        getattr(request, "host_kind", "platform"),
        clinic.name if clinic is not None else "",
        match.view_name if match else "",
        get_language() or settings.LANGUAGE_CODE,
        hosts.origin(settings.PLATFORM_HOST),
    )


def menu(request: HttpRequest, name: str) -> tuple[Link, ...]:
    """The named menu for this request, the current page marked."""
    here, _clinic, view_name, language, origin = place(request)
    return _menu(name, here, view_name, language, origin)


# Every page shows some fifteen of these links, and reversing them took a third of a page's time. Addresses change only
# with the settings that are part of the keys.
@lru_cache(maxsize=256)
def _address(here: str, host: Host, name: str, absolute: bool, _origin: str) -> str:
    try:
        if host == here and not absolute:
            return reverse(name, hosts.URLCONFS[here])
        if host == "platform":
            return hosts.platform_url(name)
    except NoReverseMatch:
        pass
    return ""


@lru_cache(maxsize=2048)
def _menu(name: str, here: str, view_name: str, _language: str, origin: str) -> tuple[Link, ...]:
    links = []
    for entry in MENUS[name]:
        url = _address(here, entry.host, entry.name, False, origin)
        if url:
            current = bool(view_name) and view_name.startswith(entry.within)
            links.append(Link(str(entry.label), str(entry.short or entry.label), entry.icon, url, current))
    return tuple(links)
