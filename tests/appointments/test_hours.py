"""Hours with dates and days that differ: as plain values, as slots, and what the database refuses."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.hours import DayHours, Hours, WeeklyHours, Window, hours_from_json, minutes_of
from appointments.models import AvailabilityException, DoctorAvailability
from appointments.slots import compute_slots, free_slots, free_slots_over
from tests import factories

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
CAIRO = ZoneInfo("Africa/Cairo")
NAIROBI = ZoneInfo("Africa/Nairobi")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR_AWAY = date(2100, 1, 1)
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)  # Monday 09:00 in Nairobi
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def weekly(day, start, end, first=None, last=None, mode="in_person", active=True):
    return WeeklyHours(mode, Window(day, time.fromisoformat(start), time.fromisoformat(end), first, last), active)


def on(day, start="", end="", mode=""):
    return DayHours(day, mode, time.fromisoformat(start) if start else None, time.fromisoformat(end) if end else None)


def slots_of(hours, first_day, days=1, *, mode="in_person", tz=NAIROBI, minutes=30):
    return compute_slots(
        hours.windows(mode),
        (),
        (),
        mode=mode,
        tz=tz,
        duration_minutes=minutes,
        buffer_minutes=0,
        first_day=first_day,
        days=days,
        not_before=LONG_AGO,
        last_day=FAR_AWAY,
        exceptions=hours.exceptions(mode),
    )


def walls(slots):
    return [f"{slot.local:%H:%M}" for slot in slots]


class TestDates:
    def test_both_ends_of_the_dates_count(self):
        hours = Hours((weekly(2, "08:00", "09:00", TUESDAY, TUESDAY + timedelta(days=7)),))
        days = slots_of(hours, TUESDAY - timedelta(days=7), 22)
        assert [str(day) for day, slots in days.items() if slots] == ["2026-11-24", "2026-12-01"]

    def test_one_set_of_hours_takes_over_from_another_on_its_day(self):
        change = date(2026, 12, 1)
        hours = Hours(
            (
                weekly(2, "08:00", "09:00", None, change - timedelta(days=1)),
                weekly(2, "14:00", "15:00", change),
            )
        )
        days = slots_of(hours, TUESDAY, 8)
        assert walls(days[TUESDAY]) == ["08:00", "08:30"]
        assert walls(days[change]) == ["14:00", "14:30"]
        assert hours.turning_points() == [change]
        assert hours.clash() is None

    def test_hours_of_the_29th_of_february_alone(self):
        leap = date(2028, 2, 29)  # a Tuesday
        days = slots_of(Hours((weekly(2, "08:00", "08:30", leap, leap),)), date(2028, 2, 22), 15)
        assert [day for day, slots in days.items() if slots] == [leap]

    @pytest.mark.parametrize(
        ("tz", "day"),
        [
            (LONDON, date(2026, 3, 29)),
            (LONDON, date(2026, 10, 25)),
            (NEW_YORK, date(2026, 3, 8)),
            (NEW_YORK, date(2026, 11, 1)),
            (CAIRO, date(2026, 4, 24)),
            (CAIRO, date(2026, 10, 29)),
        ],
    )
    def test_dates_are_the_clinics_own_also_when_the_clocks_change(self, tz, day):
        weekday = day.isoweekday() % 7
        hours = Hours((weekly(weekday, "00:00", "00:00", day, day),))
        days = slots_of(hours, day - timedelta(days=7), 15, tz=tz)
        assert [on for on, slots in days.items() if slots] == [day]
        # 23, 24 or 25 hours, but every time on the wall once.
        assert len(set(walls(days[day]))) == len(days[day]) in {46, 48}
        assert all(slot.starts_at.astimezone(tz).date() == day for slot in days[day])


class TestExceptions:
    HOURS = (weekly(2, "08:00", "10:00"), weekly(2, "08:00", "10:00", mode="video"))

    def test_a_day_has_its_own_hours_instead_of_the_weekly_ones(self):
        hours = Hours(self.HOURS, (on(TUESDAY, "14:00", "15:00"), on(TUESDAY, "16:00", "16:30")))
        for mode in ("in_person", "video"):
            days = slots_of(hours, TUESDAY, 8, mode=mode)
            assert walls(days[TUESDAY]) == ["14:00", "14:30", "16:00"]
            assert walls(days[TUESDAY + timedelta(days=7)])[0] == "08:00"

    def test_it_may_be_for_one_kind_of_visit_alone(self):
        hours = Hours(self.HOURS, (on(TUESDAY, mode="video"),))
        assert walls(slots_of(hours, TUESDAY)[TUESDAY])[0] == "08:00"
        assert slots_of(hours, TUESDAY, mode="video")[TUESDAY] == []

    def test_a_day_without_weekly_hours_can_be_opened(self):
        sunday = date(2026, 11, 29)
        hours = Hours(self.HOURS, (on(sunday, "22:00", "00:00", "in_person"),))
        assert walls(slots_of(hours, sunday)[sunday]) == ["22:00", "22:30", "23:00", "23:30"]
        assert slots_of(hours, sunday, mode="video")[sunday] == []

    def test_the_29th_of_february_can_differ(self):
        leap = date(2028, 2, 29)
        hours = Hours(self.HOURS, (on(leap),))
        days = slots_of(hours, date(2028, 2, 22), 15)
        assert [len(days[leap + timedelta(days=n)]) for n in (-7, 0, 7)] == [4, 0, 4]

    def test_in_london_the_hour_that_does_not_exist_is_not_offered(self):
        day = date(2026, 3, 29)
        hours = Hours((), (on(day, "00:30", "02:30"),))
        assert walls(slots_of(hours, day, tz=LONDON)[day]) == ["00:30", "02:00"]

    def test_in_cairo_the_day_that_begins_at_one_begins_at_one(self):
        day = date(2026, 4, 24)
        hours = Hours((weekly(5, "09:00", "12:00"),), (on(day, "00:00", "02:00"),))
        assert walls(slots_of(hours, day, tz=CAIRO)[day]) == ["01:00", "01:30"]

    def test_a_visit_is_covered_by_the_days_hours_and_no_longer_by_the_weekly_ones(self):
        at_nine = datetime(2026, 11, 24, 6, tzinfo=UTC)
        assert Hours(self.HOURS).cover(at_nine, 30, "in_person", NAIROBI)
        assert not Hours(self.HOURS, (on(TUESDAY),)).cover(at_nine, 30, "in_person", NAIROBI)
        assert Hours(self.HOURS, (on(TUESDAY, mode="video"),)).cover(at_nine, 30, "in_person", NAIROBI)
        assert Hours((), (on(TUESDAY, "09:00", "09:30"),)).cover(at_nine, 30, "video", NAIROBI)


DATES = st.dates(date(2026, 2, 1), date(2028, 12, 31))
MODES = st.sampled_from(["in_person", "video"])


@st.composite
def windows(draw):
    start = draw(st.integers(0, 1439))
    end = draw(st.integers(start + 1, 1440))
    first, last = draw(st.none() | DATES), draw(st.none() | DATES)
    if first and last and last < first:
        first, last = last, first
    clocks = time(*divmod(start, 60)), time(*divmod(end % 1440, 60))
    return WeeklyHours(draw(MODES), Window(draw(st.integers(0, 6)), *clocks, first, last), draw(st.booleans()))


@st.composite
def entries(draw):
    mode = draw(st.sampled_from(["", "in_person", "video"]))
    if draw(st.booleans()):
        return DayHours(draw(DATES), mode)
    start = draw(st.integers(0, 1439))
    end = draw(st.integers(start + 1, 1440))
    return DayHours(draw(DATES), mode, time(*divmod(start, 60)), time(*divmod(end % 1440, 60)))


@st.composite
def sets_of_hours(draw):
    """What the database lets stand: entries that clash with an earlier one are left out."""
    hours = Hours()
    for row in draw(st.lists(windows(), max_size=14)):
        wider = Hours((*hours.weekly, row), hours.days)
        hours = hours if wider.clash() else wider
    for entry in draw(st.lists(entries(), max_size=8)):
        wider = Hours(hours.weekly, (*hours.days, entry))
        hours = hours if wider.clash() else wider
    return hours


@settings(max_examples=150, deadline=None)
@given(
    hours=sets_of_hours(),
    tz=st.sampled_from([LONDON, NEW_YORK, CAIRO, NAIROBI]),
    day=DATES
    | st.sampled_from(
        [
            date(2026, 3, 29),
            date(2026, 10, 25),
            date(2026, 3, 8),
            date(2026, 11, 1),
            date(2026, 4, 24),
            date(2026, 10, 29),
            date(2028, 2, 29),
        ]
    ),
    mode=MODES,
    minutes=st.integers(10, 120),
)
def test_every_slot_lies_in_hours_that_hold_on_its_day_and_is_covered_by_them(hours, tz, day, mode, minutes):
    # Where something begins, ends or differs is where it may go wrong.
    edges = [*hours.turning_points(), *(entry.day for entry in hours.days)]
    for first in [day, *(edge - timedelta(days=1) for edge in edges)]:
        found = slots_of(hours, first, 3, mode=mode, tz=tz, minutes=minutes)
        for on_day, slots in found.items():
            differs = [entry for entry in hours.days if entry.day == on_day and entry.mode in ("", mode)]
            for slot in slots:
                assert slot.local.date() == on_day
                assert hours.cover(slot.starts_at, minutes, mode, tz)
                wall = slot.local.hour * 60 + slot.local.minute
                holding = [
                    (entry.start, entry.end) for entry in differs if entry.start is not None and entry.end is not None
                ] or [
                    (row.window.start, row.window.end)
                    for row in hours.weekly
                    if not differs and row.is_active and row.mode == mode and row.window.holds_on(on_day)
                ]
                assert any(o <= wall and wall + minutes <= c for o, c in (minutes_of(*pair) for pair in holding))


@settings(max_examples=100, deadline=None)
@given(hours=sets_of_hours(), data=st.data())
def test_hours_are_written_and_read_back_and_the_token_names_the_content_not_the_order(hours, data):
    assert hours_from_json(hours.as_json()).token == hours.token
    shuffled = Hours(
        tuple(data.draw(st.permutations(hours.weekly))),
        tuple(data.draw(st.permutations(hours.days))),
    )
    assert shuffled.token == hours.token
    if hours.weekly:
        assert Hours(hours.weekly[1:], hours.days).token != hours.token


def store(doctor, hours):
    for mode, window, active in hours.weekly:
        DoctorAvailability.objects.create(
            doctor=doctor,
            day_of_week=window.day_of_week,
            start_time=window.start,
            end_time=window.end,
            effective_from=window.effective_from,
            effective_until=window.effective_until,
            consultation_mode=mode,
            is_active=active,
        )
    for entry in hours.days:
        AvailabilityException.objects.create(
            doctor=doctor,
            date=entry.day,
            consultation_mode=entry.mode,
            start_time=entry.start,
            end_time=entry.end,
        )


FIRST, LAST = date(2026, 12, 1), date(2026, 12, 31)
WEEKLY_PAIRS = [
    (weekly(1, "08:00", "12:00"), weekly(1, "11:00", "13:00", FIRST, LAST), True),
    (weekly(1, "08:00", "12:00", None, FIRST), weekly(1, "11:00", "13:00", FIRST), True),
    (weekly(1, "08:00", "12:00", None, FIRST - timedelta(days=1)), weekly(1, "11:00", "13:00", FIRST), False),
    (weekly(1, "08:00", "12:00", FIRST, LAST), weekly(1, "08:00", "12:00", LAST, None), True),
    (weekly(1, "08:00", "12:00", FIRST, LAST), weekly(1, "12:00", "00:00", FIRST, LAST), False),
    (weekly(1, "22:00", "00:00"), weekly(1, "23:00", "23:30"), True),
    (weekly(1, "08:00", "12:00"), weekly(1, "08:00", "12:00", active=False), False),
    (weekly(1, "08:00", "12:00"), weekly(1, "08:00", "12:00", mode="video"), False),
]
DAY_PAIRS = [
    (on(TUESDAY), on(TUESDAY), True),
    (on(TUESDAY), on(TUESDAY, "08:00", "09:00"), True),
    (on(TUESDAY), on(TUESDAY, mode="video"), True),
    (on(TUESDAY, mode="in_person"), on(TUESDAY, "08:00", "09:00", "video"), False),
    (on(TUESDAY, "08:00", "09:00"), on(TUESDAY, "08:30", "00:00", "video"), True),
    (on(TUESDAY, "08:00", "09:00"), on(TUESDAY, "09:00", "00:00"), False),
    (on(TUESDAY), on(MONDAY), False),
]


@pytest.mark.usefixtures("in_uzima")
class TestDatabase:
    @pytest.mark.parametrize(("one", "other", "clash"), [*WEEKLY_PAIRS, *DAY_PAIRS])
    def test_it_refuses_what_cannot_both_stand_and_the_plain_values_know_it_beforehand(self, cast, one, other, clash):
        hours = Hours((one, other)) if isinstance(one, WeeklyHours) else Hours((), (one, other))
        assert (hours.clash() is not None) is clash
        if clash:
            with pytest.raises(IntegrityError), transaction.atomic():
                store(cast.doctor, hours)
        else:
            store(cast.doctor, hours)

    @pytest.mark.parametrize(
        "values",
        [
            {"start_time": time(9), "end_time": time(8)},
            {"start_time": time(9), "end_time": time(9)},
            {"start_time": time(9), "end_time": None},
            {"start_time": None, "end_time": time(9)},
            {"consultation_mode": "letter"},
        ],
    )
    def test_it_refuses_a_day_that_makes_no_sense(self, cast, values):
        with pytest.raises(IntegrityError), transaction.atomic():
            AvailabilityException.objects.create(doctor=cast.doctor, date=TUESDAY, **values)

    def test_it_refuses_hours_that_end_before_they_begin_to_hold(self, cast):
        with pytest.raises(IntegrityError), transaction.atomic():
            store(cast.doctor, Hours((weekly(1, "08:00", "09:00", LAST, FIRST),)))

    def test_the_slots_are_read_with_their_dates_and_exceptions_in_one_statement(self, cast, django_assert_num_queries):
        hours = Hours(
            (
                weekly(2, "08:00", "09:00", None, TUESDAY),
                weekly(2, "10:00", "11:00", date(2026, 12, 1)),
                weekly(3, "08:00", "09:00"),
                weekly(3, "08:00", "09:00", mode="video"),
            ),
            (on(date(2026, 11, 25), mode="video"), on(date(2026, 12, 8), "17:00", "17:30")),
        )
        store(cast.doctor, hours)
        free_slots(doctor=cast.doctor, clinic=cast.uzima, mode="video", first_day=TUESDAY, days=1, now=NOW)
        with django_assert_num_queries(1):
            found = free_slots_over(
                doctor=cast.doctor,
                clinic=cast.uzima,
                modes=["in_person", "video"],
                first_day=TUESDAY,
                days=15,
                now=NOW,
            )
        times = {
            mode: {f"{day:%d %b}": walls(slots) for day, slots in days.items() if slots} for mode, days in found.items()
        }
        assert times == {
            "in_person": {
                "24 Nov": ["08:00", "08:30"],
                "25 Nov": ["08:00", "08:30"],
                "01 Dec": ["10:00", "10:30"],
                "02 Dec": ["08:00", "08:30"],
                "08 Dec": ["17:00"],
            },
            "video": {"02 Dec": ["08:00", "08:30"], "08 Dec": ["17:00"]},
        }

    def test_slots_of_hours_that_are_not_saved_are_those_they_have_once_saved(self, cast):
        draft = Hours(
            (weekly(2, "08:00", "12:00", TUESDAY, TUESDAY), weekly(3, "08:00", "12:00")),
            (on(date(2026, 12, 2), "14:00", "16:00"),),
        )
        factories.make_window(cast.doctor, 4, "08:00", "12:00")
        ask = {
            "doctor": cast.doctor,
            "clinic": cast.uzima,
            "modes": ["in_person", "video"],
            "first_day": MONDAY,
            "days": 21,
            "now": NOW,
        }
        before = free_slots_over(**ask)
        ahead = free_slots_over(**ask, hours=draft)
        assert free_slots_over(**ask) == before != ahead
        DoctorAvailability.objects.all().delete()
        store(cast.doctor, draft)
        assert free_slots_over(**ask) == ahead
