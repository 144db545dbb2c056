"""What the page of a doctor's week shows: which week, which day, which time; and what was wrong with what was asked."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.models import ConsultationMode, Doctor
from appointments.models import Appointment
from appointments.slots import Slot, SlotsByDay, free_slots, last_bookable_day
from appointments.wall_clock import city_of
from clinics.models import Clinic

DAYS = 7
# Nobody's horizon is longer; a time beyond it is not even looked at.
FARTHEST = timedelta(days=800)


def moment_key(moment: datetime) -> str:
    """A time as it stands in addresses and forms: UTC to the minute, like `2026-11-24T05:30Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 time with its offset (a plus that a query turned into a space is mended); None for anything else."""
    text = text.strip()
    if not 16 <= len(text) <= 40 or not text.isascii():
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        return None
    # The ends of the calendar overflow as soon as a zone is applied.
    return moment if moment.tzinfo is not None and 2000 <= moment.year <= 9000 else None


def parse_day(text: str) -> date | None:
    """A date like `2026-02-28`; None for one that does not exist."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-02-28") else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class StripDay:
    """One day of the strip; `free` None means that the doctor has no hours then, or that it cannot be booked."""

    number: int
    day: date
    free: int | None
    is_current: bool
    query: str


@dataclass(frozen=True, slots=True)
class SlotLink:
    text: str
    query: str
    is_free: bool
    is_current: bool


@dataclass
class Week:
    """Seven days of one doctor, read with one statement when it is made.

    `at` is the chosen time when it is really on offer, `error` a sentence when what was asked is not.
    """

    doctor: Doctor
    clinic: Clinic
    now: datetime
    mode: str
    first_day: date
    day: date
    slots: SlotsByDay
    at: Slot | None = None
    error: str = ""
    was_taken: bool = False
    modes: list[str] = field(default_factory=list)
    # What else the page's address carries, in every link to another day, kind or time.
    carried: dict[str, str] = field(default_factory=dict)

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(self.clinic.policy.tz).date()

    @cached_property
    def last_day(self) -> date:
        return last_bookable_day(self.clinic.policy, self.now)

    @cached_property
    def strip(self) -> list[StripDay]:
        strip = []
        for number, (day, slots) in enumerate(self.slots.items()):
            free = sum(slot.is_free for slot in slots) if slots and day <= self.last_day else None
            strip.append(StripDay(number, day, free, day == self.day, self.query(day=day)))
        return strip

    @cached_property
    def day_slots(self) -> list[SlotLink]:
        chosen = self.at.starts_at if self.at else None
        return [
            SlotLink(
                f"{slot.local:%H:%M}",
                "?" + urlencode(self.carried | {"at": moment_key(slot.starts_at), "mode": self.mode}, safe=":"),
                slot.is_free,
                slot.starts_at == chosen,
            )
            for slot in self.slots[self.day]
        ]

    @cached_property
    def has_free(self) -> bool:
        return any(slot.is_free for slots in self.slots.values() for slot in slots)

    @property
    def end_day(self) -> date:
        return self.first_day + timedelta(days=DAYS - 1)

    @property
    def earlier(self) -> str:
        """The query of the week before, empty in the first."""
        return self.query(day=self.first_day - timedelta(days=DAYS)) if self.first_day > self.today else ""

    @property
    def later(self) -> str:
        following = self.first_day + timedelta(days=DAYS)
        return self.query(day=following) if following <= self.last_day else ""

    @property
    def next_free(self) -> str:
        """The query of the next free day that the doctor's projection knows after this week, empty when none."""
        days = self.doctor.free_days_video if self.mode == ConsultationMode.VIDEO else self.doctor.free_days_in_person
        end = self.first_day + timedelta(days=DAYS)
        day = min((day for day in days if day >= end), default=None)
        return self.query(day=day) if day else ""

    @property
    def mode_links(self) -> list[tuple[str, str, bool]]:
        """(query, label, whether it is the present one) of each kind of visit that the doctor offers."""
        labels = dict(ConsultationMode.choices)
        return [(self.query(mode=mode, day=self.day), str(labels[mode]), mode == self.mode) for mode in self.modes]

    @property
    def mode_label(self) -> str:
        return str(dict(ConsultationMode.choices)[self.mode])

    @cached_property
    def zone(self) -> dict[str, str]:
        """The clinic's zone in words: the city of its name and the letters that clocks use there then."""
        tz = self.clinic.policy.tz
        letters = datetime.combine(self.day, time(12), tzinfo=tz).tzname() or ""
        return {
            "key": tz.key,
            "city": city_of(tz),
            "letters": letters if letters.isalpha() else f"UTC{letters}",
        }

    def query(self, *, day: date, mode: str = "") -> str:
        return "?" + urlencode(self.carried | {"mode": mode or self.mode, "day": day.isoformat()})


def read_week(
    *,
    doctor: Doctor,
    clinic: Clinic,
    now: datetime,
    mode: str = "",
    day: str = "",
    at: str = "",
    moving: Appointment | None = None,
    within_lead: bool = False,
    carried: dict[str, str] | None = None,
) -> Week:
    """The week that the texts of a query ask for. Never raises for what they hold: `error` says what is wrong.

    `moving` is a visit of this doctor that looks for another time: its own time is in nobody's way, and is not offered.
    `within_lead` is for the clinic's own desk (see `free_slots`); `carried` is what else the address holds.
    """
    modes = [value for value in ConsultationMode.values if value in doctor.consultation_modes]
    error = _("This doctor does not offer that kind of visit.") if mode and mode not in modes else ""
    mode = mode if mode in modes else modes[0]
    tz = clinic.policy.tz
    today = now.astimezone(tz).date()
    last_day = last_bookable_day(clinic.policy, now)
    moment = parse_moment(at) if at else None
    wanted: date | None = None
    if moment is not None and abs(moment - now) < FARTHEST:
        wanted = moment.astimezone(tz).date()
    elif at:
        error = error or _("That is not a time we can read. Choose one of the free times below.")
    elif day:
        wanted = parse_day(day)
        if wanted is None:
            error = error or _("That day does not exist. Choose one of the days below.")
    if wanted is not None and not today <= wanted <= last_day:
        error = error or (
            _("That day is over. Choose one of the days below.")
            if wanted < today
            else _("So far ahead nothing can be booked yet. Choose one of the days below.")
        )
        wanted = None
    # The projection knows no times within the lead time.
    start = wanted or (today if within_lead else _first_free_day(doctor, mode, tz, now, today, last_day))
    first_day = today + (start - today) // timedelta(days=DAYS) * timedelta(days=DAYS)
    slots = free_slots(
        doctor=doctor,
        clinic=clinic,
        mode=mode,
        first_day=first_day,
        days=DAYS,
        now=now,
        include_taken=True,
        moving=moving.pk if moving else None,
        within_lead=within_lead,
    )
    if moving is not None and moving.consultation_type == mode:
        for times in slots.values():
            times[:] = [s._replace(is_free=s.is_free and s.starts_at != moving.scheduled_at) for s in times]
    if wanted is None:
        start = next((d for d, times in slots.items() if d >= today and any(s.is_free for s in times)), start)
    week = Week(doctor, clinic, now, mode, first_day, start, slots, error=error, modes=modes, carried=carried or {})
    if moment is not None and wanted is not None and not error:
        slot = next((s for s in slots[start] if s.starts_at == moment), None)
        if slot is not None and slot.is_free:
            week.at = slot
        elif slot is not None and moving is not None and slot.starts_at == moving.scheduled_at:
            week.error = _("Your visit is at this time already. Choose another one below.")
        elif slot is not None:
            week.was_taken = True
            week.error = _("This time has been taken. Choose another one below.")
        else:
            week.error = _("The doctor does not offer this time. Choose one of the free times below.")
    return week


def _first_free_day(doctor: Doctor, mode: str, tz, now: datetime, today: date, last_day: date) -> date:
    """Where to begin when no day was asked for: the projection's first free time, today when it knows none."""
    for text in doctor.next_slots.get(mode, ()):
        moment = datetime.fromisoformat(text)
        if moment > now:
            day = moment.astimezone(tz).date()
            return day if today <= day <= last_day else today
    return today
