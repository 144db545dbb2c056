"""All hours of a doctor saved at once, refused, and taken back."""

from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from appointments.exceptions import HoursChanged, HoursClash, ModeNotOffered, VisitsOutside
from appointments.hours import DayHours, Hours, WeeklyHours, Window
from appointments.models import AvailabilityException, AvailabilityRevision, DoctorAvailability
from appointments.services import availability
from appointments.services import hours as service
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)  # Monday 09:00 in Nairobi
TODAY = date(2026, 11, 23)


def weekly(day, start, end, first=None, last=None, mode="in_person", active=True):
    return WeeklyHours(mode, Window(day, time.fromisoformat(start), time.fromisoformat(end), first, last), active)


MORNING = weekly(1, "08:00", "12:00")
EVENING = weekly(1, "18:00", "00:00", mode="video")
CHRISTMAS = DayHours(date(2026, 12, 25))


def save(cast, *rows, version=None, by=None, now=NOW, **extra):
    hours = Hours(
        tuple(row for row in rows if isinstance(row, WeeklyHours)),
        tuple(row for row in rows if isinstance(row, DayHours)),
    )
    if version is None:
        version = service.read_hours(cast.doctor, now=now).token
    return service.save_hours(
        doctor=cast.doctor, by_user=by or cast.doctor.user, hours=hours, version=version, now=now, **extra
    )


def stored(cast, now=NOW):
    return service.read_hours(cast.doctor, now=now)


def nothing_happened():
    return not (OutboxEvent.objects.exists() or AuditLog.objects.exists() or AvailabilityRevision.objects.exists())


pytestmark = pytest.mark.usefixtures("in_uzima")


def test_a_whole_set_is_saved_announced_once_and_told_in_the_trail(cast):
    save(cast, MORNING, EVENING, CHRISTMAS)
    assert stored(cast).token == Hours((MORNING, EVENING), (CHRISTMAS,)).token
    assert OutboxEvent.objects.get().payload == {"doctor_id": cast.doctor.pk}
    entry = AuditLog.objects.get()
    assert (entry.action, entry.user_id, entry.resource_id) == (
        "availability.saved",
        cast.doctor.user.pk,
        cast.doctor.pk,
    )
    assert (entry.details["added_count"], entry.details["removed_count"]) == (3, 0)


def test_saving_what_stands_already_changes_and_announces_nothing(cast):
    save(cast, MORNING)
    kept = DoctorAvailability.objects.get().pk
    for model in (OutboxEvent, AvailabilityRevision):
        model.objects.all().delete()
    assert save(cast, MORNING) is None
    assert not OutboxEvent.objects.exists() and not AvailabilityRevision.objects.exists()
    assert DoctorAvailability.objects.get().pk == kept


def test_rows_that_stay_the_same_keep_their_ids(cast):
    save(cast, MORNING, EVENING)
    kept = DoctorAvailability.objects.get(consultation_mode="video").pk
    save(cast, weekly(1, "09:00", "13:00"), EVENING)
    assert DoctorAvailability.objects.get(consultation_mode="video").pk == kept
    assert DoctorAvailability.objects.get(consultation_mode="in_person").start_time == time(9)


def test_two_windows_may_change_places(cast):
    save(cast, weekly(1, "08:00", "10:00"), weekly(2, "10:00", "12:00"))
    save(cast, weekly(2, "08:00", "11:00"), weekly(1, "09:00", "12:00"))
    assert DoctorAvailability.objects.count() == 2


def test_hours_that_clash_are_refused_with_the_two_and_nothing_is_kept(cast):
    other = weekly(1, "11:00", "14:00")
    with pytest.raises(HoursClash) as refused:
        save(cast, MORNING, other)
    assert set(refused.value.entries) == {MORNING, other}
    assert nothing_happened() and not DoctorAvailability.objects.exists()


def test_new_hours_of_a_kind_that_is_not_offered_are_refused_but_old_ones_may_stay(cast):
    save(cast, EVENING)
    cast.doctor.consultation_modes = ["in_person"]
    save(cast, MORNING, EVENING)
    save(cast, MORNING)
    with pytest.raises(ModeNotOffered):
        save(cast, MORNING, EVENING)
    assert DoctorAvailability.objects.count() == 1


def test_whoever_saves_second_is_told_who_was_first_and_changes_nothing(cast):
    seen = stored(cast).token
    save(cast, MORNING, by=cast.owner)
    with pytest.raises(HoursChanged) as refused:
        save(cast, EVENING, version=seen)
    assert refused.value.revision.saved_by == cast.owner
    assert stored(cast).weekly == (MORNING,)
    assert OutboxEvent.objects.count() == 1


def test_a_change_by_a_plain_form_counts_as_a_change_in_between(cast):
    seen = stored(cast).token
    availability.set_day(doctor=cast.doctor, by_user=cast.owner, day=date(2026, 12, 25), now=NOW)
    with pytest.raises(HoursChanged):
        save(cast, MORNING, version=seen)


def visit_on(cast, day, hour=9, **extra):
    at = datetime(day.year, day.month, day.day, hour - 3, tzinfo=UTC)
    return factories.make_appointment(cast.patient, cast.doctor, at, **extra)


def test_visits_left_outside_are_named_and_saved_over_only_when_just_these_are_accepted(cast):
    save(cast, MORNING)
    visit, later = visit_on(cast, date(2026, 11, 30)), visit_on(cast, date(2026, 12, 7))
    with pytest.raises(VisitsOutside) as asked:
        save(cast, EVENING)
    assert asked.value.visits == [visit, later]
    with pytest.raises(VisitsOutside):
        save(cast, EVENING, accepted=[visit.pk])  # the other was booked since the page was shown
    assert stored(cast).weekly == (MORNING,)
    save(cast, EVENING, accepted=[visit.pk, later.pk])
    visit.refresh_from_db()
    assert visit.status == "confirmed"
    assert stored(cast).weekly == (EVENING,)


def test_only_visits_on_the_days_that_change_are_outside(cast):
    save(cast, MORNING)
    visit_on(cast, date(2026, 11, 30))
    christmas = visit_on(cast, date(2026, 12, 28))
    ends = date(2026, 12, 20)
    with pytest.raises(VisitsOutside) as asked:
        save(cast, weekly(1, "08:00", "12:00", None, ends))
    assert asked.value.visits == [christmas]
    with pytest.raises(VisitsOutside) as asked:
        save(cast, MORNING, DayHours(date(2026, 12, 28), "in_person", time(10), time(12)))
    assert asked.value.visits == [christmas]
    save(cast, MORNING, DayHours(date(2026, 12, 28), "video"))
    save(cast, weekly(1, "08:00", "12:00", None, ends), weekly(1, "08:30", "09:30", ends + timedelta(days=1)))


def test_hours_that_have_ended_are_in_nobodys_way_and_leave_with_the_next_change(cast):
    factories.make_window(cast.doctor, 1, "08:00", "12:00", effective_until=TODAY - timedelta(days=1))
    assert stored(cast).weekly == ()
    save(cast, MORNING)
    availability.set_window(
        doctor=cast.doctor,
        by_user=cast.doctor.user,
        day_of_week=2,
        start_time=time(8),
        end_time=time(9),
        mode="video",
        now=NOW,
    )
    assert DoctorAvailability.objects.count() == 2


def test_a_change_is_taken_back_whole_and_that_can_be_taken_back_too(cast):
    save(cast, MORNING, CHRISTMAS)
    revision = save(cast, EVENING)
    undone = service.undo_change(doctor=cast.doctor, by_user=cast.owner, revision_id=revision.pk, now=NOW)
    assert stored(cast) == Hours((MORNING,), (CHRISTMAS,))
    service.undo_change(doctor=cast.doctor, by_user=cast.owner, revision_id=undone.pk, now=NOW)
    assert stored(cast) == Hours((EVENING,))
    assert AuditLog.objects.filter(action="availability.saved").count() == 4


def test_nothing_is_taken_back_once_somebody_changed_the_hours_again(cast):
    save(cast, MORNING)
    revision = save(cast, EVENING)
    save(cast, EVENING, CHRISTMAS, by=cast.owner)
    with pytest.raises(HoursChanged):
        service.undo_change(doctor=cast.doctor, by_user=cast.doctor.user, revision_id=revision.pk, now=NOW)
    assert stored(cast) == Hours((EVENING,), (CHRISTMAS,))


def test_another_doctors_change_cannot_be_taken_back(cast):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    revision = save(cast, MORNING)
    with pytest.raises(AvailabilityRevision.DoesNotExist):
        service.undo_change(doctor=colleague, by_user=colleague.user, revision_id=revision.pk, now=NOW)


def test_few_changes_are_kept(cast):
    for number in range(service.REVISIONS_KEPT + 3):
        save(cast, weekly(1, f"{number:02d}:00", f"{number:02d}:30"))
    assert AvailabilityRevision.objects.count() == service.REVISIONS_KEPT
    assert OutboxEvent.objects.count() == service.REVISIONS_KEPT + 3


def test_a_day_that_differs_is_set_and_removed_with_a_word_in_the_trail(cast):
    entry = availability.set_day(
        doctor=cast.doctor,
        by_user=cast.owner,
        day=CHRISTMAS.day,
        start_time=time(9),
        end_time=time(11),
        now=NOW,
    )
    with pytest.raises(HoursClash):
        availability.set_day(doctor=cast.doctor, by_user=cast.owner, day=CHRISTMAS.day, now=NOW)
    availability.remove_day(doctor=cast.doctor, by_user=cast.owner, exception_id=entry.pk, now=NOW)
    assert not AvailabilityException.objects.exists()
    assert list(AuditLog.objects.order_by("created_at").values_list("action", flat=True)) == [
        "availability.day_set",
        "availability.day_removed",
    ]
    assert OutboxEvent.objects.filter(kind="availability.changed").count() == 2


def test_removing_a_days_own_hours_asks_about_the_visits_in_them(cast):
    entry = availability.set_day(doctor=cast.doctor, by_user=cast.owner, day=CHRISTMAS.day, now=NOW)
    availability.remove_day(doctor=cast.doctor, by_user=cast.owner, exception_id=entry.pk, now=NOW)
    opened = availability.set_day(
        doctor=cast.doctor, by_user=cast.owner, day=CHRISTMAS.day, start_time=time(9), end_time=time(11), now=NOW
    )
    visit_on(cast, CHRISTMAS.day)
    with pytest.raises(VisitsOutside):
        availability.remove_day(doctor=cast.doctor, by_user=cast.owner, exception_id=opened.pk, now=NOW)
    assert AvailabilityException.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told_and_nothing_is_mixed(cast):
    connection.set_schema_to_public()
    barrier = Barrier(2)
    outcomes: list[str] = []

    def session(row):
        try:
            with clinic_context(cast.uzima):
                version = stored(cast).token
                barrier.wait()
                save(cast, row, version=version)
            outcomes.append("saved")
        except HoursChanged:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [Thread(target=session, args=(row,)) for row in (MORNING, EVENING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told"]
    with clinic_context(cast.uzima):
        assert DoctorAvailability.objects.count() == 1
        assert OutboxEvent.objects.filter(kind="availability.changed").count() == 1
