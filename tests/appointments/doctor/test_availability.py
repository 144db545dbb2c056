"""The weekly hours of a doctor."""

from datetime import UTC, datetime, time
from threading import Barrier, Thread

import pytest
from django.db import connection

from appointments.exceptions import ModeNotOffered, VisitsOutside, WindowOverlaps
from appointments.models import Appointment, DoctorAvailability
from appointments.services import availability
from appointments.services.hours import hours_of
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)  # Monday 09:00 in Nairobi
MONDAY, TUESDAY, WEDNESDAY = 1, 2, 3


def add(cast, start="08:00", end="12:00", day=MONDAY, mode="in_person", **extra):
    return availability.set_window(
        doctor=cast.doctor,
        by_user=cast.doctor.user,
        day_of_week=day,
        start_time=time.fromisoformat(start),
        end_time=time.fromisoformat(end),
        mode=mode,
        now=NOW,
        **extra,
    )


def events(kind="availability.changed"):
    return OutboxEvent.objects.filter(kind=kind)


def test_a_window_is_audited_and_announced(cast, in_uzima):
    window = add(cast)
    assert AuditLog.objects.get(action="availability.set").resource_id == window.pk
    assert events().get().payload == {"doctor_id": cast.doctor.pk}


@pytest.mark.parametrize(("start", "end"), [("11:00", "13:00"), ("07:00", "00:00"), ("09:00", "10:00")])
def test_windows_of_one_day_and_kind_never_overlap_and_the_error_names_the_other(cast, in_uzima, start, end):
    first = add(cast)
    with pytest.raises(WindowOverlaps) as refused:
        add(cast, start, end)
    assert refused.value.other == first
    assert DoctorAvailability.objects.count() == 1
    assert events().count() == 1
    assert AuditLog.objects.filter(action="availability.set").count() == 1


def test_windows_may_touch_and_other_days_and_kinds_are_free(cast, in_uzima):
    add(cast)
    add(cast, "12:00", "00:00")
    add(cast, mode="video")
    add(cast, day=TUESDAY)
    assert DoctorAvailability.objects.count() == 4


def test_a_resting_window_may_overlap_but_cannot_be_taken_up_again(cast, in_uzima):
    resting = add(cast, is_active=False)
    add(cast, "10:00", "14:00")
    with pytest.raises(WindowOverlaps):
        availability.switch_window(
            doctor=cast.doctor, by_user=cast.doctor.user, window_id=resting.pk, is_active=True, now=NOW
        )
    resting.refresh_from_db()
    assert not resting.is_active


def test_a_kind_of_visit_that_the_doctor_does_not_offer_is_refused(cast, in_uzima):
    cast.doctor.consultation_modes = ["in_person"]
    with pytest.raises(ModeNotOffered):
        add(cast, mode="video")
    assert not DoctorAvailability.objects.exists()


def test_another_doctors_window_cannot_be_changed_or_removed(cast, in_uzima):
    colleague = factories.make_doctor(in_uzima, "Wanjiru", "Mwangi")
    theirs = factories.make_window(colleague, MONDAY, "08:00", "12:00")
    with pytest.raises(DoctorAvailability.DoesNotExist):
        add(cast, window_id=theirs.pk)
    with pytest.raises(DoctorAvailability.DoesNotExist):
        availability.remove_window(doctor=cast.doctor, by_user=cast.doctor.user, window_id=theirs.pk)
    theirs.refresh_from_db()
    assert theirs.end_time == time(12)
    assert not events().exists()


def visit_on_monday_at_nine(cast):
    # The Monday after, 09:00 in Nairobi.
    return factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 30, 6, tzinfo=UTC))


def test_a_change_that_leaves_booked_visits_outside_asks_first_and_keeps_nothing(cast, in_uzima):
    window = add(cast)
    visit = visit_on_monday_at_nine(cast)
    with pytest.raises(VisitsOutside) as asked:
        add(cast, "09:15", "12:00", window_id=window.pk)
    assert asked.value.visits == [visit]
    with pytest.raises(VisitsOutside):
        availability.remove_window(doctor=cast.doctor, by_user=cast.doctor.user, window_id=window.pk, now=NOW)
    window.refresh_from_db()
    assert window.start_time == time(8)
    assert events().count() == 1


def test_a_confirmed_change_leaves_the_booked_visit_valid(cast, in_uzima):
    window = add(cast)
    visit = visit_on_monday_at_nine(cast)
    availability.remove_window(
        doctor=cast.doctor, by_user=cast.doctor.user, window_id=window.pk, confirmed=True, now=NOW
    )
    visit.refresh_from_db()
    assert visit.status == "confirmed"
    assert not DoctorAvailability.objects.exists()


def test_a_visit_that_was_outside_before_is_not_asked_about(cast, in_uzima):
    visit_on_monday_at_nine(cast)
    window = add(cast, "14:00", "16:00")
    availability.remove_window(doctor=cast.doctor, by_user=cast.doctor.user, window_id=window.pk, now=NOW)
    assert Appointment.objects.get().status == "confirmed"


def test_copying_a_day_replaces_the_others(cast, in_uzima):
    add(cast)
    add(cast, "13:00", "00:00", mode="video")
    add(cast, "06:00", "07:00", day=TUESDAY)
    availability.copy_day(
        doctor=cast.doctor, by_user=cast.doctor.user, from_day=MONDAY, to_days=[MONDAY, TUESDAY, WEDNESDAY], now=NOW
    )
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        windows = DoctorAvailability.objects.filter(day_of_week=day)
        assert [(w.start_time, w.end_time, w.consultation_mode) for w in windows] == [
            (time(8), time(12), "in_person"),
            (time(13), time(0), "video"),
        ]


@pytest.mark.parametrize(
    ("hour", "minutes", "covered"), [(8, 240, True), (8, 241, False), (7, 30, False), (23, 60, True), (23, 61, False)]
)
def test_a_visit_is_covered_when_it_lies_wholly_in_a_window_by_the_wall_clock(cast, in_uzima, hour, minutes, covered):
    windows = [
        DoctorAvailability(
            day_of_week=MONDAY, start_time=time(start), end_time=time(end), consultation_mode="in_person"
        )
        for start, end in ((8, 12), (22, 0))
    ]
    moment = datetime(2026, 11, 30, hour - 3, tzinfo=UTC)
    assert hours_of(windows).cover(moment, minutes, "in_person", in_uzima.policy.tz) is covered


@pytest.mark.django_db(transaction=True)
def test_of_two_sessions_that_add_overlapping_hours_at_once_the_database_lets_one_through(cast):
    barrier = Barrier(2)
    outcomes: list[str] = []

    def session(start, end):
        try:
            with clinic_context(cast.uzima):
                barrier.wait()
                add(cast, start, end)
            outcomes.append("set")
        except WindowOverlaps:
            outcomes.append("overlaps")
        finally:
            connection.close()

    threads = [Thread(target=session, args=args) for args in (("08:00", "12:00"), ("10:00", "14:00"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["overlaps", "set"]
    with clinic_context(cast.uzima):
        assert DoctorAvailability.objects.count() == 1
        assert AuditLog.objects.filter(action="availability.set").count() == 1
