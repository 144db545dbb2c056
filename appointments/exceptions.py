"""What can go wrong with visits, hours and times off; views turn each into a sentence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from appointments.hours import DayHours, WeeklyHours
    from appointments.models import (
        Appointment,
        AvailabilityRevision,
        Consultation,
        DoctorAvailability,
        MedicalRecord,
        TimeOff,
    )
    from appointments.services.cancellation import RefundQuote
    from appointments.services.rescheduling import MoveQuote


class AppointmentError(Exception):
    """Any refusal by a rule of this app; nothing was changed."""


class InvalidTransition(AppointmentError):
    """The visit's status does not lead there, or somebody else changed it a moment ago. `current` is its status now."""

    def __init__(self, current: str, to: str) -> None:
        super().__init__(f"{current} does not lead to {to}")
        self.current = current
        self.to = to


class SlotTaken(AppointmentError):
    """Somebody else has the time, or the doctor is off during it."""


class SlotNotOffered(AppointmentError):
    """The time is past, too near, beyond the horizon, off the doctor's grid, or of a kind of visit not offered."""


class TooManyHolds(AppointmentError):
    """The person holds as many unpaid times as one may."""


class TooManyFreeVisits(AppointmentError):
    """The person has booked as many coming visits without a fee at this clinic as one may."""


class KeyReused(AppointmentError):
    """The idempotency key belongs to an earlier booking of the same person for something else."""


class EmailNotVerified(AppointmentError):
    """The person who books has not verified an e-mail address."""


class NotYourPatient(AppointmentError):
    """The person who books may not act for this patient."""


class ConsentNeeded(AppointmentError):
    """The patient has not agreed to the care of this clinic."""


class VisitBegan(AppointmentError):
    """The visit has begun or is over; the patient cannot cancel it any more."""


class RefundChanged(AppointmentError):
    """What goes back is not what was shown, because a deadline passed in between. `quote` is how it stands now."""

    def __init__(self, quote: "RefundQuote") -> None:
        super().__init__("refund changed")
        self.quote = quote


class RefundOutOfRange(AppointmentError):
    """Less than the rule gives back, or more than was paid. `quote` is how it stands now; None when not cancelling."""

    def __init__(self, quote: "RefundQuote | None" = None) -> None:
        super().__init__("refund out of range")
        self.quote = quote


class PaymentChanged(AppointmentError):
    """What is left of the payment is not what was shown: somebody gave some of it back a moment ago."""


class TooLateToMove(AppointmentError):
    """The clinic's rules let the patient move the visit no more. `until` was the last moment."""

    def __init__(self, until: "datetime") -> None:
        super().__init__("too late to move")
        self.until = until


class FeeChanged(AppointmentError):
    """The time costs something else than was shown. `quote` is how a move stands now."""

    def __init__(self, quote: "MoveQuote | None" = None) -> None:
        super().__init__("fee changed")
        self.quote = quote


class NothingToMove(AppointmentError):
    """The visit is at that time and of that kind already."""


class WindowOverlaps(AppointmentError):
    """The doctor already has an active window of that kind over part of this time. `other` is it, if still there."""

    def __init__(self, other: "DoctorAvailability | None" = None) -> None:
        super().__init__("window overlaps")
        self.other = other


class HoursClash(AppointmentError):
    """Two entries of a set of hours cannot both stand. `entries` are the two, when they are known."""

    def __init__(self, *entries: "WeeklyHours | DayHours") -> None:
        super().__init__("hours clash")
        self.entries = entries


class HoursChanged(AppointmentError):
    """The hours are no longer those that the person saw. `revision` is the change in between, when it is known."""

    def __init__(self, revision: "AvailabilityRevision | None" = None) -> None:
        super().__init__("hours changed")
        self.revision = revision


class ModeNotOffered(AppointmentError):
    """The doctor does not offer this kind of visit."""


class VisitsOutside(AppointmentError):
    """The change would leave these booked visits outside the doctor's hours, and was not confirmed."""

    def __init__(self, visits: "Sequence[Appointment]") -> None:
        super().__init__(f"{len(visits)} visits outside")
        self.visits = list(visits)


class TimeOffInPast(AppointmentError):
    """The time off would begin before now."""


class TimeOffReversed(AppointmentError):
    """The time off would end before it begins."""


class TimeOffOverlaps(AppointmentError):
    """The doctor is off already during part of this time. `other` is that time off, if still there."""

    def __init__(self, other: "TimeOff | None" = None) -> None:
        super().__init__("time off overlaps")
        self.other = other


class VisitsInTheWay(AppointmentError):
    """The visits booked into the time off are not those that the doctor was shown."""

    def __init__(self, visits: "Sequence[Appointment]") -> None:
        super().__init__(f"{len(visits)} visits in the way")
        self.visits = list(visits)


class SameRecord(AppointmentError):
    """The patient has this very file at this clinic already: `record`."""

    def __init__(self, record: "MedicalRecord") -> None:
        super().__init__("the same file")
        self.record = record


class QuotaReached(AppointmentError):
    """The clinic keeps no more documents of this patient than `quota` bytes; `used` are taken."""

    def __init__(self, *, used: int, quota: int) -> None:
        super().__init__(f"{used} of {quota} bytes are used")
        self.used, self.quota = used, quota


class RecordGone(AppointmentError):
    """The record is deleted, or cannot be taken back any more."""


class NotYet(AppointmentError):
    """Too early: before the visit's start (and the grace, for a patient who did not come)."""


class NotTheDoctor(AppointmentError):
    """Only the doctor of the visit may do that."""


class NotVerified(AppointmentError):
    """The doctor's verification lapsed or was taken back, or the doctor has left the clinic: no visit begins."""


class RoomClosed(AppointmentError):
    """The room of the visit is not open any more."""


class TooManyMessages(AppointmentError):
    """As many lines were written in one room as a visit can have."""


class AlreadyRecorded(AppointmentError):
    """There is a recording already; who wants it gone asks the clinic."""


class VideoError(AppointmentError):
    """Base of what a call to the provider of video rooms may raise."""


class VideoUnavailable(VideoError):
    """No usable answer: we do not know whether the provider did what we asked."""


class VideoRefused(VideoError):
    """The provider answered and did not do it."""


class BadVideoEvent(AppointmentError):
    """Not an event as the provider of video rooms tells them."""


class BadVideoSecret(AppointmentError):
    """Whoever sent the event does not know our secret."""


class NotesChanged(AppointmentError):
    """Another window saved these notes after this one had read them. `consultation` is how they stand now."""

    def __init__(self, consultation: "Consultation") -> None:
        super().__init__("notes changed")
        self.consultation = consultation


class NotesLocked(AppointmentError):
    """The notes are finished, or the visit is not one that has notes. `consultation` is how they stand."""

    def __init__(self, consultation: "Consultation") -> None:
        super().__init__("notes locked")
        self.consultation = consultation


class NotEnded(AppointmentError):
    """The visit goes on; its notes are finished after its end."""


class NotesIncomplete(AppointmentError):
    """There is neither a diagnosis nor a plan, which the patient's summary consists of."""


class NotesOpen(AppointmentError):
    """The notes are not finished yet: they are changed themselves, nothing is added to them."""
