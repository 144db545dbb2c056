"""The menus of the two admin sites: by the work people come for, not by where the tables live.

A list gets its place by its label in PLACES; a page that is no list by an Entry, given to the site's `add_entry`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

Site = Literal["platform", "clinic"]

GROUPS: dict[Site, dict[str, Any]] = {
    "platform": {
        "work": _("To decide"),
        "people": _("People"),
        "clinics": _("Clinics"),
        "content": _("Health articles"),
        "watch": _("Watching over it"),
    },
    "clinic": {
        "day": _("The day"),
        "pharmacy": _("Pharmacy"),
        "people": _("Patients and doctors"),
        "money": _("Money"),
        "clinic": _("The clinic"),
    },
}
LAST: dict[Site, str] = {"platform": "watch", "clinic": "clinic"}
# label → (group, order, icon)
PLACES: dict[Site, dict[str, tuple[str, int, str]]] = {
    "platform": {
        "clinics.clinicapplication": ("work", 10, "building-2"),
        "accounts.doctor": ("people", 10, "stethoscope"),
        "accounts.doctorcredential": ("people", 20, "file-badge"),
        "accounts.user": ("people", 30, "users"),
        "clinics.clinic": ("clinics", 10, "hospital"),
        "clinics.membership": ("clinics", 20, "id-card"),
        "clinics.domain": ("clinics", 30, "globe"),
        "content.review": ("work", 30, "star"),
        "content.reviewanswer": ("work", 40, "message-square-reply"),
        "content.reviewreport": ("work", 50, "flag"),
        "content.article": ("content", 10, "book-open"),
        "content.author": ("content", 20, "pen-line"),
        "audit.auditlog": ("watch", 20, "scroll-text"),
        "clinics.emergencyaccess": ("watch", 30, "key-round"),
    },
    "clinic": {
        "appointments.appointment": ("day", 20, "calendar-days"),
        "pharmacy.order": ("pharmacy", 20, "package"),
        "pharmacy.prescription": ("pharmacy", 30, "pill"),
        "pharmacy.medicine": ("pharmacy", 40, "pill-bottle"),
        "appointments.doctoravailability": ("people", 30, "calendar-clock"),
        "appointments.timeoff": ("people", 40, "calendar-off"),
        "accounts.clinicpatient": ("people", 10, "users"),
        "accounts.doctor": ("people", 20, "stethoscope"),
        "payments.payment": ("money", 10, "wallet"),
        "payments.refund": ("money", 20, "undo-2"),
        "clinics.clinic": ("clinic", 10, "hospital"),
        "clinics.membership": ("clinic", 20, "id-card"),
        "audit.auditlog": ("clinic", 40, "scroll-text"),
        "clinics.emergencyaccess": ("clinic", 50, "key-round"),
    },
}
# What a list is called in the menu, where the table's own name says less.
NAMES: dict[Site, dict[str, Any]] = {
    "platform": {
        "clinics.clinicapplication": _("Clinics that apply"),
        "audit.auditlog": _("Audit trail"),
        "accounts.user": _("Accounts"),
    },
    "clinic": {
        "clinics.clinic": _("Page, hours and rules"),
        "accounts.clinicpatient": _("Patients"),
        "appointments.doctoravailability": _("Working hours"),
    },
}


@dataclass(frozen=True)
class Entry:
    """A page that is no list: `url_name` like `admin:appointments_desk`, shown when `is_for(request)`.

    `group` is a key of GROUPS (the site's first one otherwise), `icon` a name of the lucide set.
    """

    label: Any
    url_name: str
    is_for: Callable[[HttpRequest], bool]
    order: int = 10
    group: str = ""
    icon: str = "square"


def name_of(site: Site, label: str, name: Any) -> Any:
    """What the list of the model `label` is called; `name` where it has no other."""
    return NAMES[site].get(label, name)


def grouped(
    request: HttpRequest, site: Site, models: dict[str, dict[str, Any]], entries: Iterable[Entry]
) -> list[dict[str, Any]]:
    """The menu for this person, in the shape of Django's list of apps. `models`: label → what they may open."""
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {group: [] for group in GROUPS[site]}
    for label, model in models.items():
        group, order, icon = PLACES[site].get(label, (LAST[site], 100, "square"))
        found[group].append((order, {**model, "name": name_of(site, label, model["name"]), "icon": icon}))
    for entry in entries:
        if entry.is_for(request):
            group = entry.group if entry.group in found else next(iter(found))
            found[group].append((entry.order, _line(entry)))
    return [
        {
            "name": str(GROUPS[site][group]),
            "app_label": group,
            "app_url": lines[0][1]["admin_url"],
            "has_module_perms": True,
            "models": [line for _order, line in sorted(lines, key=lambda pair: pair[0])],
        }
        for group, lines in found.items()
        if lines
    ]


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.label,
        "object_name": entry.url_name.partition(":")[2],
        "perms": {},
        "admin_url": reverse(entry.url_name),
        "add_url": None,
        "view_only": True,
        "icon": entry.icon,
    }
