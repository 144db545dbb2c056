"""What can go wrong with visits, hours and times off; views turn each into a sentence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appointments.models import Appointment, DoctorAvailability, TimeOff


class AppointmentError(Exception):
    """Any refusal by a rule of this app; nothing was changed."""


class WindowOverlaps(AppointmentError):
    """The doctor already has an active window of that kind over part of this time. `other` is it, if still there."""

    def __init__(self, other: "DoctorAvailability | None" = None) -> None:
        super().__init__("window overlaps")
        self.other = other


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


class NotYet(AppointmentError):
    """Too early: before the visit's start (and the grace, for a patient who did not come)."""
