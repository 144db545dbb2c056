"""The one computation of free times: the pure part by rules and properties, the reading part against the database."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.models import AppointmentStatus, TimeOff
from appointments.slots import (
    Slot,
    Window,
    WrongSchemaError,
    compute_slots,
    free_slots,
    free_slots_over,
)
from clinics.models import Clinic
from tests import factories

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
NAIROBI = ZoneInfo("Africa/Nairobi")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR_AWAY = date(2100, 1, 1)


def slots_of(day: date, *windows: tuple[str, str], tz=NAIROBI, minutes=30, buffer=0, busy=(), off=(), **extra):
    """The slots of one day with windows given as ("08:00", "12:00")."""
    extra = {"not_before": LONG_AGO, "last_day": FAR_AWAY, **extra}
    weekly = [Window(day.isoweekday() % 7, time.fromisoformat(s), time.fromisoformat(e)) for s, e in windows]
    result = compute_slots(
        weekly,
        busy,
        off,
        mode="in_person",
        tz=tz,
        duration_minutes=minutes,
        buffer_minutes=buffer,
        first_day=day,
        days=1,
        **extra,
    )
    return result[day]


def walls(slots: list[Slot]) -> list[str]:
    return [f"{slot.local:%H:%M}" for slot in slots]


def assert_apart(slots: list[Slot], length: timedelta) -> None:
    for earlier, later in pairwise(slots):
        assert earlier.starts_at + length <= later.starts_at


class TestGrid:
    DAY = date(2026, 11, 24)  # a Tuesday

    def test_the_grid_begins_at_the_window_and_steps_by_the_length_of_a_visit(self):
        assert walls(slots_of(self.DAY, ("08:15", "10:00"))) == ["08:15", "08:45", "09:15"]

    def test_a_visit_that_would_leave_the_window_is_not_offered(self):
        assert walls(slots_of(self.DAY, ("08:00", "09:29"))) == ["08:00", "08:30"]

    def test_the_buffer_widens_the_step_and_may_reach_beyond_the_window(self):
        assert walls(slots_of(self.DAY, ("08:00", "09:50"), buffer=10)) == ["08:00", "08:40", "09:20"]

    def test_a_window_to_midnight_lasts_to_the_end_of_the_day(self):
        assert walls(slots_of(self.DAY, ("22:30", "00:00"))) == ["22:30", "23:00", "23:30"]

    def test_a_whole_day_has_every_slot_once(self):
        slots = slots_of(self.DAY, ("00:00", "00:00"))
        assert len(slots) == 48
        assert slots[0].starts_at == datetime(2026, 11, 23, 21, tzinfo=UTC)

    def test_two_windows_of_a_day_come_in_order(self):
        assert walls(slots_of(self.DAY, ("14:00", "15:00"), ("08:00", "09:00"))) == ["08:00", "08:30", "14:00", "14:30"]

    def test_sunday_is_day_zero(self):
        sunday = date(2026, 11, 29)
        assert walls(slots_of(sunday, ("08:00", "08:30"))) == ["08:00"]

    def test_the_29th_of_february_is_a_day_like_any_other(self):
        days = compute_slots(
            [Window(n, time(8), time(9)) for n in range(7)],
            (),
            (),
            mode="video",
            tz=NAIROBI,
            duration_minutes=30,
            buffer_minutes=0,
            first_day=date(2028, 2, 28),
            days=3,
            not_before=LONG_AGO,
            last_day=FAR_AWAY,
        )
        assert [(str(day), len(slots)) for day, slots in days.items()] == [
            ("2028-02-28", 2),
            ("2028-02-29", 2),
            ("2028-03-01", 2),
        ]

    def test_nothing_before_the_lead_time_or_after_the_horizon(self):
        not_before = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)  # 08:30 in Nairobi
        assert walls(slots_of(self.DAY, ("08:00", "10:00"), not_before=not_before)) == ["08:30", "09:00", "09:30"]
        assert slots_of(self.DAY, ("08:00", "10:00"), last_day=self.DAY - timedelta(days=1)) == []
        assert slots_of(self.DAY, ("08:00", "10:00"), last_day=self.DAY) != []

    def test_a_visit_takes_the_slots_that_it_or_its_buffer_touches(self):
        busy = [(datetime(2026, 11, 24, 5, 30, tzinfo=UTC), datetime(2026, 11, 24, 6, 10, tzinfo=UTC))]
        assert walls(slots_of(self.DAY, ("08:00", "10:00"), busy=busy)) == ["08:00", "09:30"]

    def test_a_slot_whose_own_buffer_would_meet_a_visit_is_taken(self):
        busy = [(datetime(2026, 11, 24, 5, 35, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC))]
        assert "08:00" in walls(slots_of(self.DAY, ("08:00", "10:00"), busy=busy))
        assert "08:00" not in walls(slots_of(self.DAY, ("08:00", "10:00"), busy=busy, buffer=10))

    def test_a_time_off_takes_the_visit_but_not_the_buffer(self):
        off = [(datetime(2026, 11, 24, 5, 30, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC))]
        assert walls(slots_of(self.DAY, ("08:00", "10:00"), off=off, buffer=15)) == ["08:00", "09:30"]

    def test_taken_times_can_be_shown_and_are_marked(self):
        busy = [(datetime(2026, 11, 24, 5, 30, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC))]
        slots = slots_of(self.DAY, ("08:00", "09:30"), busy=busy, include_taken=True)
        assert [(f"{s.local:%H:%M}", s.is_free) for s in slots] == [("08:00", True), ("08:30", False), ("09:00", True)]


class TestDaylightSaving:
    def test_in_london_the_hour_that_does_not_exist_is_not_offered(self):
        slots = slots_of(date(2026, 3, 29), ("00:00", "04:00"), tz=LONDON)
        assert walls(slots) == ["00:00", "00:30", "02:00", "02:30", "03:00", "03:30"]
        assert slots[2].starts_at == datetime(2026, 3, 29, 1, tzinfo=UTC)
        assert_apart(slots, timedelta(minutes=30))

    def test_in_new_york_the_hour_that_does_not_exist_is_not_offered(self):
        slots = slots_of(date(2026, 3, 8), ("01:00", "04:00"), tz=NEW_YORK)
        assert walls(slots) == ["01:00", "01:30", "03:00", "03:30"]
        assert slots[2].starts_at == datetime(2026, 3, 8, 7, tzinfo=UTC)

    def test_in_london_the_hour_that_comes_twice_is_offered_once(self):
        slots = slots_of(date(2026, 10, 25), ("00:00", "03:00"), tz=LONDON)
        assert walls(slots) == ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30"]
        assert slots[2].starts_at == datetime(2026, 10, 25, 0, tzinfo=UTC)
        assert slots[4].starts_at == datetime(2026, 10, 25, 2, tzinfo=UTC)
        assert_apart(slots, timedelta(minutes=30))

    def test_in_new_york_the_hour_that_comes_twice_is_offered_once(self):
        slots = slots_of(date(2026, 11, 1), ("00:30", "03:00"), tz=NEW_YORK)
        assert walls(slots) == ["00:30", "01:00", "01:30", "02:00", "02:30"]
        assert slots[2].starts_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
        assert slots[3].starts_at == datetime(2026, 11, 1, 7, tzinfo=UTC)

    def test_a_visit_across_the_jump_is_followed_by_no_overlapping_one(self):
        slots = slots_of(date(2026, 3, 29), ("00:30", "04:00"), tz=LONDON, minutes=25)
        assert_apart(slots, timedelta(minutes=25))
        assert walls(slots)[:3] == ["00:30", "00:55", "02:35"]

    def test_a_window_that_ends_in_the_missing_hour_ends_at_the_jump(self):
        slots = slots_of(date(2026, 3, 29), ("00:30", "01:30"), ("02:00", "03:00"), tz=LONDON, minutes=60)
        assert walls(slots) == ["02:00"]

    def test_the_same_wall_time_is_offered_on_both_sides_of_the_change(self):
        for day, hour in ((date(2026, 3, 28), 9), (date(2026, 3, 30), 8)):
            (slot,) = slots_of(day, ("09:00", "09:30"), tz=LONDON)
            assert slot.starts_at.hour == hour and slot.local.hour == 9

    def test_a_zone_that_jumps_at_midnight_keeps_its_first_hour_out(self):
        cairo = ZoneInfo("Africa/Cairo")  # 24 April 2026: 00:00 becomes 01:00
        assert walls(slots_of(date(2026, 4, 24), ("00:00", "02:00"), tz=cairo)) == ["01:00", "01:30"]
        assert walls(slots_of(date(2026, 4, 23), ("23:00", "00:00"), tz=cairo)) == ["23:00", "23:30"]


ZONES = st.sampled_from(
    [LONDON, NEW_YORK, NAIROBI, ZoneInfo("Africa/Cairo"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]
)
DAYS = st.one_of(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 24)]),
)


@st.composite
def window_sets(draw):
    """Windows of every weekday that do not overlap, as the database guarantees."""
    windows = []
    for weekday in range(7):
        edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
        for start, end in zip(edges[::2], edges[1::2], strict=False):
            ends = time(0) if end == 1440 else time(*divmod(end, 60))
            windows.append(Window(weekday, time(*divmod(start, 60)), ends))
    return windows


@st.composite
def intervals(draw, day):
    start = datetime.combine(day, time(), tzinfo=UTC) + timedelta(minutes=draw(st.integers(-1440, 4320)))
    return start, start + timedelta(minutes=draw(st.integers(1, 600)))


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    windows=window_sets(),
    tz=ZONES,
    day=DAYS,
    minutes=st.integers(5, 180),
    buffer=st.integers(0, 45),
)
def test_slots_are_on_the_grid_within_their_window_and_clear_of_everything(data, windows, tz, day, minutes, buffer):
    busy = data.draw(st.lists(intervals(day), max_size=6))
    off = data.draw(st.lists(intervals(day), max_size=3))
    visit, step = timedelta(minutes=minutes), timedelta(minutes=minutes + buffer)
    result = compute_slots(
        windows,
        busy,
        off,
        mode="video",
        tz=tz,
        duration_minutes=minutes,
        buffer_minutes=buffer,
        first_day=day,
        days=3,
        not_before=LONG_AGO,
        last_day=FAR_AWAY,
        include_taken=True,
    )
    assert list(result) == [day + timedelta(days=n) for n in range(3)]
    everything = [slot for slots in result.values() for slot in slots]
    assert_apart(everything, visit)
    for on, slots in result.items():
        for slot in slots:
            assert slot.local.astimezone(UTC) == slot.starts_at
            wall = slot.local.replace(tzinfo=None)
            assert slot.starts_at.astimezone(tz).replace(tzinfo=None) == wall and wall.date() == on
            window = next(
                w
                for w in windows
                if w.day_of_week == on.isoweekday() % 7
                and w.start <= wall.time()
                and (w.end == time.min or wall.time() < w.end)
            )
            begin = datetime.combine(on, window.start)
            end = datetime.combine(on + timedelta(days=window.end == time.min), window.end)
            assert (wall - begin) % step == timedelta(0)
            assert wall + visit <= end
            meets = any(s < slot.starts_at + step and e > slot.starts_at for s, e in busy)
            meets = meets or any(s < slot.starts_at + visit and e > slot.starts_at for s, e in off)
            assert slot.is_free is not meets


@pytest.mark.usefixtures("in_uzima")
class TestReading:
    NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # Monday noon in Nairobi
    TUESDAY = date(2026, 11, 24)

    def read(self, cast, **extra):
        extra = {"mode": "in_person", "first_day": self.TUESDAY, "days": 1, "now": self.NOW, **extra}
        return free_slots(doctor=cast.doctor, clinic=cast.uzima, **extra)

    def test_weekly_windows_visits_and_time_off_make_the_day(self, cast):
        factories.make_window(cast.doctor, 2, "08:00", "11:00")
        factories.make_window(cast.doctor, 2, "08:00", "09:00", "video")
        factories.make_window(cast.doctor, 2, "15:00", "16:00", is_active=False)
        factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 24, 5, 30, tzinfo=UTC))
        TimeOff.objects.create(
            doctor=cast.doctor,
            starts_at=datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
            ends_at=datetime(2026, 11, 24, 7, 30, tzinfo=UTC),
        )
        assert walls(self.read(cast)[self.TUESDAY]) == ["08:00", "09:00", "09:30", "10:30"]
        assert walls(self.read(cast, mode="video")[self.TUESDAY]) == ["08:00"]

    def test_a_cancelled_visit_and_an_ended_hold_are_in_nobodys_way(self, cast):
        factories.make_window(cast.doctor, 2, "08:00", "09:30")
        at = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
        factories.make_appointment(cast.patient, cast.doctor, at, status=AppointmentStatus.CANCELLED)
        factories.make_appointment(
            cast.patient, cast.doctor, at, status=AppointmentStatus.PENDING_PAYMENT, hold_expires_at=self.NOW
        )
        factories.make_appointment(
            cast.patient,
            cast.doctor,
            at + timedelta(minutes=30),
            status=AppointmentStatus.PENDING_PAYMENT,
            hold_expires_at=self.NOW + timedelta(seconds=1),
        )
        assert walls(self.read(cast)[self.TUESDAY]) == ["08:00", "09:00"]

    def test_a_visit_that_began_the_day_before_still_counts(self, cast):
        factories.make_window(cast.doctor, 2, "00:00", "01:00")
        at = datetime(2026, 11, 23, 20, 45, tzinfo=UTC)  # Monday 23:45 in Nairobi
        factories.make_appointment(cast.patient, cast.doctor, at)
        assert walls(self.read(cast)[self.TUESDAY]) == ["00:30"]

    def test_lead_time_and_horizon_are_the_clinics(self, cast):
        factories.make_full_week(cast.doctor, "08:00", "17:00")
        cast.uzima.settings = {"lead_time_minutes": 120, "horizon_days": 3}
        monday = date(2026, 11, 23)
        days = self.read(cast, first_day=monday, days=7)
        assert walls(days[monday])[0] == "14:00"
        assert [str(day) for day, slots in days.items() if slots] == [
            "2026-11-23",
            "2026-11-24",
            "2026-11-25",
            "2026-11-26",
        ]

    def test_the_clinics_zone_rules(self, cast):
        factories.make_window(cast.doctor, 0, "00:00", "03:00")
        cast.uzima.settings = {"time_zone": "Europe/London"}
        day = date(2027, 3, 28)
        days = self.read(cast, first_day=day, now=datetime(2027, 3, 20, tzinfo=UTC))
        assert walls(days[day]) == ["00:00", "00:30", "02:00", "02:30"]

    def test_a_kind_of_visit_that_the_doctor_does_not_offer_has_no_slots(self, cast):
        factories.make_full_week(cast.doctor)
        cast.doctor.consultation_modes = ["video"]
        assert self.read(cast)[self.TUESDAY] == []

    def test_it_takes_one_statement_for_any_number_of_days_and_kinds(self, cast, django_assert_num_queries):
        factories.make_full_week(cast.doctor)
        self.read(cast)  # enters the schema
        with django_assert_num_queries(1):
            by_mode = free_slots_over(
                doctor=cast.doctor,
                clinic=cast.uzima,
                modes=["in_person", "video"],
                first_day=self.TUESDAY,
                days=40,
                now=self.NOW,
            )
        assert len(by_mode["video"][self.TUESDAY]) == 18

    def test_another_clinics_slots_are_never_read_from_this_schema(self, cast):
        with pytest.raises(WrongSchemaError):
            free_slots(
                doctor=cast.other_doctor, clinic=cast.pwani, mode="video", first_day=self.TUESDAY, days=1, now=self.NOW
            )


def test_clinics_default_to_the_zone_of_nairobi():
    assert Clinic().policy.tz == NAIROBI
