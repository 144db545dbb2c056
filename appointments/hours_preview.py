"""What a draft of hours would mean for patients: the times that come and go, and the booked visits left outside."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from accounts.models import ConsultationMode, Doctor
from appointments.hours import DayHours, Hours, WeeklyHours
from appointments.models import Appointment
from appointments.services.hours import visits_left_outside
from appointments.slots import Slot, free_slots_over, last_bookable_day
from clinics.models import Clinic

DAYS = 14
# How far ahead the first difference is looked for.
FARTHEST = 400


@dataclass(frozen=True, slots=True)
class ModeDay:
    """One kind of visit on one day: free times as the clinic's clock shows them."""

    mode: str
    label: str
    times: list[tuple[str, str]]  # (time, "new" | "gone" | "")
    before: int
    after: int

    @property
    def is_changed(self) -> bool:
        return any(state for _time, state in self.times)


@dataclass(frozen=True, slots=True)
class PreviewDay:
    day: date
    modes: list[ModeDay]
    is_open_yet: bool

    @property
    def is_changed(self) -> bool:
        return any(mode.is_changed for mode in self.modes)


@dataclass(frozen=True)
class Preview:
    first_day: date
    days: list[PreviewDay]
    first_change: date | None
    horizon: date
    outside: list[Appointment]
    added: list[WeeklyHours | DayHours] = field(default_factory=list)
    removed: list[WeeklyHours | DayHours] = field(default_factory=list)

    @property
    def last_day(self) -> date:
        return self.days[-1].day

    @property
    def coming(self) -> int:
        return self._count("new")

    @property
    def going(self) -> int:
        return self._count("gone")

    @property
    def is_same(self) -> bool:
        return not (self.added or self.removed)

    def _count(self, state: str) -> int:
        return sum(found == state for day in self.days for mode in day.modes for _time, found in mode.times)


def first_difference(doctor: Doctor, before: Hours, after: Hours, today: date) -> date | None:
    """The first day from `today` on that has other hours in `after`, within about a year."""
    plans = [(before.windows(m), before.exceptions(m), after.windows(m), after.exceptions(m)) for m in _modes(doctor)]
    for number in range(FARTHEST):
        day = today + timedelta(days=number)
        for old, old_days, new, new_days in plans:
            if _of(day, old, old_days) != _of(day, new, new_days):
                return day
    return None


def make_preview(
    *, doctor: Doctor, clinic: Clinic, before: Hours, after: Hours, now: datetime, first_day: date | None = None
) -> Preview:
    """Two weeks from `first_day`, or from today, or from the first change when that comes later.

    Times are those of `appointments.slots` over the two sets of hours, days beyond the clinic's horizon included: what
    patients will find once these days are open. Runs in the clinic's schema, three statements.
    """
    tz = clinic.policy.tz
    today = now.astimezone(tz).date()
    change = first_difference(doctor, before, after, today)
    if first_day is None:
        first_day = change if change is not None and change >= today + timedelta(days=DAYS) else today
    first_day = max(first_day, today)
    last_day = first_day + timedelta(days=DAYS - 1)
    horizon = last_bookable_day(clinic.policy, now)
    modes = _modes(doctor)
    old, new = (
        free_slots_over(
            doctor=doctor,
            clinic=clinic,
            modes=modes,
            first_day=first_day,
            days=DAYS,
            now=now,
            hours=hours,
            last_day=last_day,
        )
        for hours in (before, after)
    )
    labels = dict(ConsultationMode.choices)
    days = [
        PreviewDay(
            day, [_mode_day(mode, str(labels[mode]), old[mode][day], new[mode][day]) for mode in modes], day <= horizon
        )
        for day in (first_day + timedelta(days=number) for number in range(DAYS))
    ]
    was, will = Counter(_rows(before)), Counter(_rows(after))
    return Preview(
        first_day=first_day,
        days=days,
        first_change=change,
        horizon=horizon,
        outside=visits_left_outside(doctor=doctor, before=before, after=after, now=now),
        added=list((will - was).elements()),
        removed=list((was - will).elements()),
    )


def _modes(doctor: Doctor) -> list[str]:
    return [mode for mode in ConsultationMode.values if mode in doctor.consultation_modes]


def _of(day: date, windows: Iterable, exceptions: dict) -> list:
    return sorted(w[1:3] for w in (exceptions[day] if day in exceptions else (w for w in windows if w.holds_on(day))))


def _mode_day(mode: str, label: str, old: list[Slot], new: list[Slot]) -> ModeDay:
    before, after = {slot.starts_at: slot for slot in old}, {slot.starts_at: slot for slot in new}
    times = []
    for moment in sorted({*before, *after}):
        state = "" if moment in before and moment in after else "new" if moment in after else "gone"
        times.append((f"{(after.get(moment) or before[moment]).local:%H:%M}", state))
    return ModeDay(mode, label, times, len(before), len(after))


def _rows(hours: Hours) -> list[WeeklyHours | DayHours]:
    weekly = sorted(hours.weekly, key=lambda row: ((row.window.day_of_week - 1) % 7, row.window.start, row.mode))
    return [*weekly, *sorted(hours.days, key=lambda row: (row.day, row.mode))]
