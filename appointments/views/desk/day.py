"""The front desk's day. Who may: whoever holds `visits.view` at this clinic."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import ClinicPatient, ConsultationMode, Doctor
from appointments import selectors_desk as selectors
from appointments.models import Appointment, AppointmentStatus, TimeOff
from appointments.selectors_desk import Money
from appointments.views.desk.page import STATUSES, day_query, page
from appointments.views.doctor.days import range_in_words, read_day
from clinics.policies import can, capability_required, request_membership
from precta import clock
from precta.text import printable

LONGEST_SEARCH = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A visit as the desk sees it at this moment, and what may be done with it. `kind` is one of STATUSES."""

    visit: Appointment
    money: Money
    link_id: str
    kind: str
    is_now: bool
    is_late: bool
    held_minutes: int
    waiting_minutes: int
    can_arrive: bool
    can_undo: bool
    can_no_show: bool
    can_move: bool
    can_cancel: bool
    can_take_cash: bool

    @property
    def is_free(self) -> bool:
        return self.visit.is_free and not self.money.paid


@dataclass(frozen=True, slots=True)
class Section:
    doctor: Doctor
    rows: list[Row]
    total: int
    waiting: int
    off: list[str]
    is_away: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter as a link; `count` is how many visits of the day it shows."""

    label: str
    query: str
    count: int
    is_current: bool


@capability_required("visits.view")
@require_safe
def day(request: HttpRequest) -> HttpResponse:
    """The whole day of all doctors; htmx asks for the board alone every twenty seconds."""
    now = clock.now()
    clinic = request.clinic
    today = now.astimezone(clinic.policy.tz).date()
    query = day_query(request, request.GET)
    shown = read_day(query.get("day"), today)
    words = printable(request.GET.get("q", "")[:LONGEST_SEARCH]) if not request.htmx else ""
    visits = selectors.visits_of_day(clinic, shown, now=now)
    context = board(request, visits, shown, today, query, now)
    context |= {
        "title": _("Front desk"),
        "day": shown,
        "is_today": shown == today,
        "this_year": shown.year == today.year,
        "earlier": _link(query | {"day": (shown - timedelta(days=1)).isoformat()}),
        "later": _link(query | {"day": (shown + timedelta(days=1)).isoformat()}),
        "words": words,
        "found": selectors.find_patients(clinic, words, now=now) if words else None,
        "now": now,
    }
    return page(request, "_board" if request.htmx else "day", context)


def board(
    request: HttpRequest, visits: list[Appointment], day: date, today: date, query: dict[str, str], now: datetime
) -> dict[str, Any]:
    clinic, member = request.clinic, request_membership(request)
    money = selectors.money_of(visits)
    days = selectors.days_by_doctor(clinic, visits, day)
    links = dict(
        ClinicPatient.objects.filter(clinic=clinic.pk, patient__in={visit.patient_id for visit in visits}).values_list(
            "patient_id", "pk"
        )
    )
    may = {
        "attend": can(member, "visits.attend"),
        "move": can(member, "visits.move"),
        "cancel": can(member, "visits.cancel"),
        "take_cash": can(member, "payments.take_cash"),
    }
    rows = {
        visit.pk: row_of(
            visit,
            money[visit.pk],
            links.get(visit.patient_id, ""),
            may=may,
            day=day,
            today=today,
            now=now,
            grace=clinic.policy.no_show_grace,
        )
        for visit in visits
    }
    of_doctor = [row for row in rows.values() if query.get("doctor") in (None, row.visit.doctor_id)]
    counts = Counter(row.kind for row in of_doctor)
    status = query.get("status")
    sections = []
    for each in days:
        if query.get("doctor") not in (None, each.doctor.pk):
            continue
        all_rows = [rows[visit.pk] for visit in each.visits]
        picked = [row for row in all_rows if status in (None, row.kind)]
        if not picked and (status or not _works(each.doctor)):
            continue
        sections.append(
            Section(
                doctor=each.doctor,
                rows=picked,
                total=sum(row.kind != "cancelled" for row in all_rows),
                waiting=sum(row.kind == "waiting" for row in all_rows),
                off=[range_in_words(t.starts_at, t.ends_at, clinic.policy.tz) for t in each.times_off],
                is_away=_covers(each.times_off, now),
            )
        )
    return {
        "sections": [section for section in sections if section.rows or query.get("doctor")],
        "idle": [section for section in sections if not section.rows and not query.get("doctor")],
        "total": sum(number for kind, number in counts.items() if kind != "cancelled"),
        "statuses": _status_choices(query, counts),
        "doctors": _doctor_choices(query, days),
        "back": urlencode(query | {"day": day.isoformat()}),
        "poll": _link(query | {"day": day.isoformat()}),
        "query": query,
        "may_book": can(member, "visits.book") and bool(book_url()),
        "book_url": book_url(),
        "may_time_off": can(member, "availability.view"),
    }


def row_of(
    visit: Appointment,
    money: Money,
    link_id: str,
    *,
    may: dict[str, bool],
    day: date,
    today: date,
    now: datetime,
    grace: timedelta,
) -> Row:
    confirmed = visit.status == AppointmentStatus.CONFIRMED
    held = visit.status == AppointmentStatus.PENDING_PAYMENT
    arrived = confirmed and visit.arrived_at is not None
    ends_at = visit.scheduled_at + timedelta(minutes=visit.duration_minutes)
    running = visit.status == AppointmentStatus.IN_PROGRESS
    in_person = visit.consultation_type == ConsultationMode.IN_PERSON
    began = now >= visit.scheduled_at
    return Row(
        visit=visit,
        money=money,
        link_id=link_id,
        kind=_kind(visit, arrived=arrived),
        is_now=running or (confirmed and began and now < ends_at),
        is_late=confirmed and not arrived and in_person and began,
        held_minutes=-((now - visit.hold_expires_at) // timedelta(minutes=1)) if held else 0,
        waiting_minutes=selectors.age_of(visit.arrived_at, now) if arrived else 0,
        can_arrive=may["attend"] and confirmed and not arrived and in_person and day <= today,
        can_undo=may["attend"] and arrived,
        can_no_show=may["attend"] and confirmed and not arrived and now >= visit.scheduled_at + grace,
        can_move=may["move"] and confirmed and not began,
        can_cancel=may["cancel"] and (confirmed or held),
        can_take_cash=may["take_cash"] and held and bool(money.open_payment_id),
    )


def _kind(visit: Appointment, *, arrived: bool) -> str:
    if arrived or visit.status == AppointmentStatus.IN_PROGRESS:
        return "waiting"
    return {
        AppointmentStatus.PENDING_PAYMENT: "unpaid",
        AppointmentStatus.CONFIRMED: "coming",
        AppointmentStatus.COMPLETED: "done",
        AppointmentStatus.NO_SHOW: "missed",
        AppointmentStatus.CANCELLED: "cancelled",
    }[AppointmentStatus(visit.status)]


def _status_choices(query: dict[str, str], counts: Counter[str]) -> list[Choice]:
    labels = {
        "waiting": _("Here"),
        "coming": _("To come"),
        "unpaid": _("To pay"),
        "done": _("Seen"),
        "missed": _("Did not come"),
        "cancelled": _("Cancelled"),
    }
    current = query.get("status")
    rest = {name: value for name, value in query.items() if name != "status"}
    everything = sum(number for kind, number in counts.items() if kind != "cancelled")
    choices = [Choice(_("All"), _link(rest), everything, current is None)]
    return choices + [
        Choice(labels[kind], _link(rest | {"status": kind}), counts[kind], current == kind)
        for kind in STATUSES
        if counts[kind] or current == kind
    ]


def _doctor_choices(query: dict[str, str], days: list[selectors.DoctorsDay]) -> list[Choice]:
    rest = {name: value for name, value in query.items() if name != "doctor"}
    current = query.get("doctor")
    everybody = Choice(_("All doctors"), _link(rest), sum(len(each.visits) for each in days), current is None)
    return [everybody] + [
        Choice(
            each.doctor.display_name,
            _link(rest | {"doctor": each.doctor.pk}),
            len(each.visits),
            current == each.doctor.pk,
        )
        for each in days
        if each.visits or _works(each.doctor) or current == each.doctor.pk
    ]


def _works(doctor: Doctor) -> bool:
    return doctor.verification_status == "verified"


def _covers(times_off: list[TimeOff], now: datetime) -> bool:
    return any(each.starts_at <= now < each.ends_at for each in times_off)


def _link(query: dict[str, str]) -> str:
    return "?" + urlencode(query)


def book_url() -> str:
    """Where a visit is booked for a walk-in or a caller."""
    try:
        return reverse("admin:appointments_desk_book")
    except NoReverseMatch:
        return ""
