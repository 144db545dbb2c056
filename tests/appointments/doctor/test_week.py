"""The week on the clinic's wall clock."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.doctor_week import ROWS_OF_DAY, lay_out
from appointments.models import Appointment, DoctorAvailability, TimeOff
from appointments.views.doctor.days import age_in_words, range_in_words
from clinics.models import Clinic
from precta.tenancy import clinic_context
from tests import factories

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
NAIROBI = ZoneInfo("Africa/Nairobi")


def week(monday, tz=NAIROBI, visits=(), windows=(), absences=()):
    return lay_out(
        date.fromisoformat(monday),
        today=date(2026, 11, 24),
        tz=tz,
        visits=[
            Appointment(scheduled_at=datetime.fromisoformat(at), duration_minutes=30, status="confirmed")
            for at in visits
        ],
        windows=[
            DoctorAvailability(day_of_week=day, start_time=time(start), end_time=time(end))
            for day, start, end in windows
        ],
        absences=[
            TimeOff(starts_at=datetime.fromisoformat(start), ends_at=datetime.fromisoformat(end))
            for start, end in absences
        ],
    )


def test_the_stylesheet_has_a_class_for_every_row_and_length():
    css = (Path(settings.BASE_DIR) / "static/css/week.css").read_text()
    assert {int(n) for n in re.findall(r"\.t(\d+)\{", css)} == set(range(ROWS_OF_DAY))
    assert {int(n) for n in re.findall(r"\.n(\d+)\{", css)} == set(range(1, ROWS_OF_DAY + 1))


@pytest.mark.parametrize(
    ("tz", "monday", "before", "after"),
    [
        # Europe goes back on Sunday 25 October 2026, forward on Sunday 28 March 2027; New York on 1 November, 14 March.
        (LONDON, "2026-10-19", "2026-10-24T08:00+00:00", "2026-10-25T09:00+00:00"),
        (LONDON, "2027-03-22", "2027-03-27T09:00+00:00", "2027-03-28T08:00+00:00"),
        (NEW_YORK, "2026-10-26", "2026-10-31T13:00+00:00", "2026-11-01T14:00+00:00"),
        (NEW_YORK, "2027-03-08", "2027-03-13T14:00+00:00", "2027-03-14T13:00+00:00"),
    ],
)
def test_nine_in_the_morning_stands_at_nine_on_both_sides_of_a_change_of_clocks(tz, monday, before, after):
    laid = week(monday, tz, [before, after], windows=[(6, 9, 12), (0, 9, 12)])
    saturday, sunday = laid.days[5], laid.days[6]
    assert saturday.visits[0].label == sunday.visits[0].label == "09:00"
    assert saturday.visits[0].row == sunday.visits[0].row == saturday.windows[0].row == sunday.windows[0].row
    assert saturday.windows[0].rows == sunday.windows[0].rows == 36


def test_two_visits_in_the_hour_that_repeats_stand_side_by_side_and_say_which_is_which():
    laid = week("2026-10-19", LONDON, ["2026-10-25T00:30+00:00", "2026-10-25T01:30+00:00"])
    first, second = laid.days[6].visits
    assert (first.label, second.label) == ("01:30 BST", "01:30 GMT")
    assert (first.row, first.lane, second.row, second.lane) == (first.row, "first", first.row, "second")


def test_a_visit_stands_on_the_clinics_day_not_on_utcs():
    laid = week("2026-11-23", visits=["2026-11-23T21:30+00:00"])
    assert [len(day.visits) for day in laid.days] == [0, 1, 0, 0, 0, 0, 0]
    assert laid.days[1].visits[0].label == "00:30"
    assert laid.hours[0].label == "00:00"


def test_the_grid_shows_the_usual_hours_and_grows_with_what_lies_outside():
    assert [hour.label for hour in week("2026-11-23").hours] == [f"{h:02d}:00" for h in range(8, 17)]
    grown = week("2026-11-23", windows=[(1, 6, 0)])
    assert (grown.hours[0].label, grown.hours[-1].label) == ("06:00", "23:00")
    assert grown.days[0].windows[0].rows == 18 * 12


def test_a_time_off_over_days_covers_each_of_them():
    laid = week("2026-11-23", absences=[("2026-11-24T11:00+00:00", "2026-11-26T08:00+00:00")])
    covered = [[(block.start, block.end) for block in day.absences] for day in laid.days]
    assert covered == [[], [(14 * 60, 17 * 60)], [(8 * 60, 17 * 60)], [(8 * 60, 11 * 60)], [], [], []]


def test_the_page_of_a_full_week_costs_no_more_statements_and_has_no_inline_style(cast, at_clinic):
    client = at_clinic(cast.uzima, cast.doctor.user)
    path = "/workspace/calendar/?week=2026-11-25"
    client.get(path)
    with CaptureQueriesContext(connection) as empty:
        client.get(path)
    factories.make_full_week(cast.doctor)
    for day in range(23, 30):
        for hour in range(6, 12):
            factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, day, hour, tzinfo=UTC))
    with clinic_context(cast.uzima):
        TimeOff.objects.create(
            doctor=cast.doctor,
            starts_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
            ends_at=datetime(2026, 11, 24, 13, tzinfo=UTC),
        )
    with CaptureQueriesContext(connection) as full:
        page = client.get(path)
    assert len(full) == len(empty)
    assert len(full) <= 11
    html = page.content.decode()
    assert "23 – 29 November" in html
    assert html.count("Amina Hassan") == 42
    assert "Time off" in html
    assert " style=" not in html


def test_a_clinic_in_london_reads_its_own_clock(cast, at_clinic):
    Clinic.objects.filter(pk=cast.uzima.pk).update(settings={"time_zone": "Europe/London"})
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 7, 1, 8, tzinfo=UTC))
    html = at_clinic(cast.uzima, cast.doctor.user).get("/workspace/calendar/?week=2026-07-01").content.decode()
    assert '<span class="num">09:00</span>' in html


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "words"),
    [
        ("2026-12-20T21:00", "2026-12-21T21:00", "Mon 21 Dec 2026, the whole day"),
        ("2026-12-20T21:00", "2026-12-25T21:00", "Mon 21 Dec 2026 – Fri 25 Dec 2026, whole days"),
        ("2026-12-21T11:00", "2026-12-21T14:00", "Mon 21 Dec 2026, 14:00 – 17:00"),
        ("2026-12-21T11:00", "2026-12-21T21:00", "Mon 21 Dec 2026, 14:00 – 24:00"),
        ("2026-12-21T11:00", "2026-12-22T06:00", "Mon 21 Dec 2026, 14:00 – Tue 22 Dec 2026, 09:00"),
    ],
)
def test_a_time_off_is_named_by_the_clinics_days_and_clock(starts_at, ends_at, words):
    moments = [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (starts_at, ends_at)]
    assert range_in_words(*moments, NAIROBI) == words


@pytest.mark.parametrize(
    ("born", "words"),
    [
        ("2026-11-24", "0 months"),
        ("2026-10-25", "0 months"),
        ("2026-10-24", "1 month"),
        ("2024-11-25", "23 months"),
        ("2024-11-24", "2 years"),
        ("1992-11-25", "33 years"),
        ("1992-11-24", "34 years"),
        ("2027-01-01", ""),
    ],
)
def test_an_age_counts_months_below_two_years(born, words):
    assert age_in_words(date.fromisoformat(born), date(2026, 11, 24)) == words
