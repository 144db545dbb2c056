"""Who may be in the room of a visit, and when: its doctor and the patient's side, around its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef

from accounts.models import ConsultationMode, Role, User, VerificationStatus
from accounts.selectors import patients_of
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.services.consultation import OPENS_BEFORE
from clinics.models import Clinic
from precta import clock
from precta.audit.services import record

# For so long after its time (and the pause behind it) a visit that was never begun may still be entered.
CLOSES_AFTER = timedelta(minutes=30)
PENDING = VerificationStatus.PENDING


class Side(StrEnum):
    PATIENT = "patient"
    DOCTOR = "doctor"

    @property
    def other(self) -> "Side":
        return Side.DOCTOR if self is Side.PATIENT else Side.PATIENT


class Why(StrEnum):
    """Why somebody is not let in; the trail's `reason`."""

    NOT_YOURS = "not_yours"
    NOT_VIDEO = "not_video"
    NOT_PAID = "not_paid"
    CANCELLED = "cancelled"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    MISSED = "missed"
    ENDED = "ended"


# For whom such a room is not there at all; the others have one that is closed.
NOT_THERE = frozenset({Why.NOT_YOURS, Why.NOT_VIDEO, Why.NOT_PAID, Why.CANCELLED})


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands towards the room of a visit. `refusal` is None for whoever may be in it now."""

    visit: Appointment
    user: User
    side: Side
    refusal: Why | None

    @property
    def opens_at(self) -> datetime:
        return opens_at(self.visit)

    @property
    def consultation(self) -> Consultation | None:
        return getattr(self.visit, "consultation", None)

    @property
    def is_running(self) -> bool:
        return self.visit.status == AppointmentStatus.IN_PROGRESS

    @property
    def other_name(self) -> str:
        """What this side calls the other one."""
        return self.visit.doctor.display_name if self.side is Side.PATIENT else self.visit.patient.full_name


class Refused(Exception):
    """Nobody is let in like this. `visit` is what was asked for; `place` is None for who has no part in it."""

    def __init__(self, why: Why, visit: Appointment, place: Place | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.visit = visit
        self.place = place


def opens_at(visit: Appointment) -> datetime:
    return visit.scheduled_at - OPENS_BEFORE


def closes_at(visit: Appointment) -> datetime:
    """When a visit that nobody began can no longer be entered. One in progress stays open until its doctor ends it."""
    return visit.busy_until + CLOSES_AFTER


def find_place(*, user: User, clinic: Clinic, visit_id: str, now: datetime | None = None) -> Place | None:
    """The place of `user` at this visit of the active clinic; None when there is no such visit. One statement.

    Raises Refused for whoever has no place: neither the visit's doctor nor the patient's side, or a visit without a
    room. A closed room is a place with a `refusal`.
    """
    mine = patients_of(user).order_by().filter(pk=OuterRef("patient_id"))
    visit = (
        Appointment.objects.filter(pk=visit_id)
        .select_related("doctor", "patient", "consultation")
        .annotate(is_mine=Exists(mine))
        .first()
    )
    if visit is None:
        return None
    side = _side_of(visit, user)
    visit.clinic = visit.doctor.clinic = clinic
    if side is None:
        raise Refused(Why.NOT_YOURS, visit)
    why = why_closed(visit, now=now or clock.now())
    place = Place(visit, user, side, why)
    if why in NOT_THERE:
        raise Refused(why, visit, place)
    return place


def enter(*, user: User, clinic: Clinic, visit_id: str, now: datetime | None = None) -> Place | None:
    """The same for whoever may be in the room at this moment; Refused when it is closed."""
    place = find_place(user=user, clinic=clinic, visit_id=visit_id, now=now)
    if place is not None and place.refusal is not None:
        raise Refused(place.refusal, place.visit, place)
    return place


def why_closed(visit: Appointment, *, now: datetime) -> Why | None:
    """Why nobody can be in this visit's room at `now`, whoever they are; None while it is open."""
    if visit.consultation_type != ConsultationMode.VIDEO:
        return Why.NOT_VIDEO
    match visit.status:
        case AppointmentStatus.IN_PROGRESS:
            return None
        case AppointmentStatus.CONFIRMED:
            if now < opens_at(visit):
                return Why.TOO_EARLY
            return Why.TOO_LATE if now > closes_at(visit) else None
        case AppointmentStatus.PENDING_PAYMENT:
            return Why.NOT_PAID
        case AppointmentStatus.CANCELLED:
            return Why.CANCELLED
        case AppointmentStatus.NO_SHOW:
            return Why.MISSED
    return Why.ENDED


def note_refusal(refusal: Refused, *, user: User) -> None:
    record("room.refused", resource=refusal.visit, user=user, details={"reason": str(refusal.why)})


def _side_of(visit: Appointment, user: User) -> Side | None:
    if visit.is_mine:  # type: ignore[attr-defined]
        return Side.PATIENT
    if visit.doctor_id != user.pk or user.role != Role.DOCTOR:
        return None
    return Side.DOCTOR if may_doctor_enter(visit) else None


def may_doctor_enter(visit: Appointment) -> bool:
    """A doctor who has left the clinic since has no visits here any more, nor has one who is not verified any more; but
    no licence that lapses at midnight ends a visit that has begun."""
    is_lapsing = visit.status == AppointmentStatus.IN_PROGRESS and visit.doctor.verification_status == PENDING
    return visit.doctor.clinic_id == visit.clinic_id and (visit.doctor.is_verified or is_lapsing)
