"""The doctor's day. Who may: a doctor of this clinic."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from accounts.models import ConsultationMode, Doctor
from appointments import selectors_workspace as selectors
from appointments.figures.earnings import net_of
from appointments.models import Appointment, AppointmentStatus
from appointments.room.access import Side
from appointments.room.signalling import who_is_here
from appointments.selectors_encounter import MOST_TO_FINISH, notes_to_finish
from appointments.views.doctor.days import age_in_words, greeting, read_day
from appointments.views.doctor.encounter import may_start
from appointments.views.doctor.guard import workspace
from appointments.wall_clock import monday_of
from precta import clock
from precta.audit.services import record
from precta.converters import IdConverter

WEEK = 7
CHART_HEIGHT = 82


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the day's table and what may be done with it at this moment."""

    visit: Appointment
    is_hold: bool
    is_now: bool
    is_arrived: bool
    is_in_room: bool
    held_minutes: int
    can_arrive: bool
    can_undo: bool
    can_complete: bool
    can_no_show: bool
    can_cancel: bool
    can_open: bool

    @property
    def has_menu(self) -> bool:
        """There is always something else to do with a visit than its one button says."""
        return not self.is_hold


@dataclass(frozen=True, slots=True)
class Bar:
    day: date
    visits: int
    x: int
    y: int
    height: int
    is_current: bool

    @property
    def middle(self) -> int:
        return self.x + 13


@workspace
@require_safe
def today(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    now = clock.now()
    tz = request.clinic.policy.tz
    local_now = now.astimezone(tz)
    day = read_day(request.GET.get("day"), local_now.date())
    card = None
    if request.GET.get("visit") and doctor.is_verified:
        card = _card(doctor, request.GET["visit"])
        record("patient.viewed", resource=card.patient, details={"appointment_id": card.visit.pk})
    grace = request.clinic.policy.no_show_grace
    found = _visits(doctor, day, now)
    there = _in_their_rooms(found)
    rows = [row_of(v, now=now, day=day, today=local_now.date(), grace=grace, is_in_room=v.pk in there) for v in found]
    visits = [row.visit for row in rows if not row.is_hold]
    monday = monday_of(day)
    unfinished = list(notes_to_finish(doctor)[: MOST_TO_FINISH + 1])
    context = {
        "doctor": doctor,
        "day": day,
        "is_today": day == local_now.date(),
        "earlier": day - timedelta(days=1),
        "later": day + timedelta(days=1),
        "this_year": day.year == local_now.year,
        "rows": rows,
        "total": len(visits),
        "by_video": sum(visit.consultation_type == ConsultationMode.VIDEO for visit in visits),
        "waiting": sum(row.is_arrived or row.is_in_room for row in rows),
        "earned": _earned(doctor, monday),
        "currency": request.clinic.policy.currency,
        "greeting": greeting(local_now) % {"name": doctor.last_name},
        "bars": bars(selectors.visits_by_day(doctor, first=monday, days=WEEK), day),
        "card": card,
        "to_finish": unfinished[:MOST_TO_FINISH],
        "more_to_finish": len(unfinished) > MOST_TO_FINISH,
        "last_seen": date_format(card.last_seen.astimezone(tz), "j F Y") if card and card.last_seen else "",
        "age": age_in_words(card.patient.date_of_birth, local_now.date()) if card else "",
    }
    return render(request, "appointments/doctor/today.html", context)


def _earned(doctor: Doctor, monday: date) -> Decimal:
    """What the week brought in so far, counted as on the page of earnings."""
    sums = net_of(doctor, first=monday, last=monday + timedelta(days=WEEK - 1))
    return sums.get(doctor.clinic.policy.currency, Decimal(0))


def _card(doctor: Doctor, visit_id: str) -> selectors.PatientCard:
    card = selectors.patient_card(doctor, visit_id) if re.fullmatch(IdConverter.regex, visit_id) else None
    if card is None:
        raise Http404
    return card


def _visits(doctor: Doctor, day: date, now: datetime) -> list[Appointment]:
    return list(selectors.visits_and_holds(doctor, first=day, days=1, now=now))


def _in_their_rooms(visits: list[Appointment]) -> set[str]:
    """The visits whose patient has the video room open while the doctor has not begun: one question for all, and
    nobody while Valkey is away."""
    asked = [
        visit.pk
        for visit in visits
        if visit.consultation_type == ConsultationMode.VIDEO and visit.status == AppointmentStatus.CONFIRMED
    ]
    return {visit_id for visit_id, there in who_is_here(asked).items() if Side.PATIENT in there}


def row_of(
    visit: Appointment, *, now: datetime, day: date, today: date, grace: timedelta, is_in_room: bool = False
) -> Row:
    confirmed = visit.status == AppointmentStatus.CONFIRMED
    running = visit.status == AppointmentStatus.IN_PROGRESS
    is_hold = visit.status == AppointmentStatus.PENDING_PAYMENT
    arrived = confirmed and visit.arrived_at is not None
    started = now >= visit.scheduled_at
    ends_at = visit.scheduled_at + timedelta(minutes=visit.duration_minutes)
    in_person = visit.consultation_type == ConsultationMode.IN_PERSON
    return Row(
        visit=visit,
        is_hold=is_hold,
        is_now=running or (confirmed and started and now < ends_at),
        is_arrived=arrived,
        is_in_room=is_in_room,
        held_minutes=-((now - visit.hold_expires_at) // timedelta(minutes=1)) if is_hold else 0,
        can_arrive=confirmed and not arrived and in_person and day <= today,
        can_undo=arrived,
        can_complete=running or (confirmed and started),
        can_no_show=(confirmed or running)
        and visit.arrived_at is None
        and not is_in_room
        and now >= visit.scheduled_at + grace,
        # After the start, too: a doctor who was kept away gives everything back.
        can_cancel=confirmed,
        can_open=running or may_start(visit, now),
    )


def bars(counts: list[tuple[date, int]], current: date) -> list[Bar]:
    """The week's chart: the fullest day fills the height, a day without visits keeps a sliver."""
    most = max((number for _day, number in counts), default=0) or 1
    result = []
    for place, (day, number) in enumerate(counts):
        height = max(4, round(CHART_HEIGHT * number / most))
        result.append(Bar(day, number, 8 + 42 * place, 100 - height, height, day == current))
    return result
