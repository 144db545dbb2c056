"""The directory's copy of free times follows every change, and an older computation never wins."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import DoctorClinicRequest
from appointments import tasks
from appointments.models import TimeOff
from appointments.services import projections
from appointments.services.booking import hold_slot
from appointments.services.cancellation import cancel_appointment
from appointments.services.time_off import add_time_off, remove_time_off
from content.invariants import consultation_counts_that_differ
from precta.outbox.services import emit, relay_event
from precta.payments.models import PaymentMethod
from precta.tenancy import clinic_context
from tests import factories

# A Monday, 08:00 in Nairobi.
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.fixture
def doctor(cast):
    """Works 09:00-12:00 each day, in person and by video, half an hour a visit."""
    factories.make_full_week(cast.doctor, "09:00", "12:00")
    projections.refresh_doctor(cast.doctor.pk, now=NOW)
    cast.doctor.refresh_from_db()
    return cast.doctor


def clock_times(doctor, mode="in_person"):
    zone = doctor.clinic.policy.tz
    return [datetime.fromisoformat(text).astimezone(zone).strftime("%d %H:%M") for text in doctor.next_slots[mode]]


def happen(doctor, kind, **payload):
    """The event is relayed in the clinic's schema a minute after NOW."""
    with clinic_context(doctor.clinic):
        event = emit(kind, **payload)
        # The relay goes by the real time at which the event was written, whatever the test's clock says.
        relay_event(event.pk, now=timezone.now() + timedelta(minutes=1))
    doctor.refresh_from_db()


def test_the_next_six_times_and_all_free_days_of_the_horizon_are_written(doctor):
    assert clock_times(doctor) == ["23 09:00", "23 09:30", "23 10:00", "23 10:30", "23 11:00", "23 11:30"]
    assert doctor.next_available_at == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert len(doctor.free_days_in_person) == len(doctor.free_days_video) == 43
    assert doctor.free_days_in_person[0].isoformat() == "2026-11-23"
    assert doctor.projected_at == NOW


def test_an_older_computation_does_not_overwrite_a_newer_one(doctor):
    assert projections.refresh_doctor(doctor.pk, now=NOW - timedelta(hours=2)) is False
    doctor.refresh_from_db()
    assert doctor.projected_at == NOW


def test_a_mode_that_is_not_offered_has_no_times(doctor):
    doctor.consultation_modes = ["in_person"]
    doctor.save()
    projections.refresh_doctor(doctor.pk, now=NOW)
    doctor.refresh_from_db()
    assert "video" not in doctor.next_slots
    assert doctor.free_days_video == []


def test_a_doctor_without_a_clinic_or_without_windows_has_nothing_free(doctor, cast):
    projections.refresh_doctor(cast.other_doctor.pk, now=NOW)
    cast.other_doctor.refresh_from_db()
    assert cast.other_doctor.next_available_at is None
    assert cast.other_doctor.free_days_video == []
    doctor.clinic = None
    doctor.save()
    assert projections.refresh_doctor(doctor.pk, now=NOW)
    doctor.refresh_from_db()
    assert doctor.next_available_at is None


def test_an_unknown_doctor_is_passed_over(cast):
    assert projections.refresh_doctor("nobody") is False


def test_a_booked_time_leaves_the_projection_and_returns_when_it_is_cancelled(doctor, cast, monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)
    visit = factories.make_appointment(cast.patient, doctor, datetime(2026, 11, 23, 6, 30, tzinfo=UTC))
    happen(doctor, "appointment.held", appointment_id=visit.pk)
    assert clock_times(doctor)[:2] == ["23 09:00", "23 10:00"]
    with clinic_context(doctor.clinic):
        visit.status, visit.cancelled_at, visit.refund_due = "cancelled", NOW, 0
        visit.save()
    happen(doctor, "appointment.cancelled", appointment_id=visit.pk)
    assert clock_times(doctor)[:2] == ["23 09:00", "23 09:30"]


def test_time_off_takes_the_day_away(doctor, monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)
    with clinic_context(doctor.clinic):
        off = TimeOff.objects.create(
            doctor=doctor, starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(hours=12)
        )
    happen(doctor, "time_off.created", time_off_id=off.pk)
    assert clock_times(doctor)[0] == "24 09:00"
    assert doctor.free_days_in_person[0].isoformat() == "2026-11-24"
    with clinic_context(doctor.clinic):
        TimeOff.objects.all().delete()
    happen(doctor, "time_off.removed", time_off_id=off.pk)
    assert clock_times(doctor)[0] == "23 09:00"


def test_a_completed_visit_is_counted(doctor, cast):
    visit = factories.make_appointment(cast.patient, doctor, NOW - timedelta(days=1), status="completed")
    happen(doctor, "appointment.completed", appointment_id=visit.pk)
    assert doctor.total_consultations == 1


def test_visits_at_a_clinic_that_the_doctor_has_left_go_on_counting(doctor, cast):
    DoctorClinicRequest.objects.create(doctor=doctor, clinic=cast.uzima, status="accepted", decided_at=NOW)
    factories.make_appointment(cast.patient, doctor, NOW - timedelta(days=2), status="completed")
    doctor.clinic = cast.pwani
    doctor.save(update_fields=["clinic"])
    visit = factories.make_appointment(cast.patient, doctor, NOW - timedelta(days=1), status="completed")
    happen(doctor, "appointment.completed", appointment_id=visit.pk)
    assert doctor.total_consultations == 2
    assert consultation_counts_that_differ() == []


def test_a_count_that_was_overtaken_is_made_again(doctor, cast, monkeypatch):
    """Another relay has written while this one counted."""
    count, counts = projections._completed_at, iter([1])

    def overtaken(clinic, doctor_id):
        found = next(counts, None)
        if found is None:
            return count(clinic, doctor_id)
        type(doctor).objects.filter(pk=doctor_id).update(total_consultations=2)
        return found

    monkeypatch.setattr(projections, "_completed_at", overtaken)
    for days in (1, 2):
        factories.make_appointment(cast.patient, doctor, NOW - timedelta(days=days), status="completed")
    projections.recount_consultations(doctor.pk)
    doctor.refresh_from_db()
    assert doctor.total_consultations == 2


def test_only_what_time_itself_has_changed_is_looked_at_again(doctor, cast):
    later = NOW + timedelta(minutes=30)  # 08:30: 09:00 is within the lead time of an hour
    assert projections.refresh_stale(cast.uzima, now=NOW) == 0
    assert projections.refresh_stale(cast.uzima, now=later) == 1
    doctor.refresh_from_db()
    assert clock_times(doctor)[0] == "23 09:30"
    assert projections.refresh_stale(cast.uzima, now=later) == 0


def test_a_new_day_adds_a_day_to_the_horizon(doctor, cast):
    night = NOW + timedelta(hours=17)  # 01:00 on Tuesday
    assert projections.refresh_stale(cast.uzima, now=night) == 1
    doctor.refresh_from_db()
    assert doctor.free_days_video[-1].isoformat() == "2027-01-05"


def test_a_whole_clinic_is_refreshed_with_three_reads(cast, doctor, django_assert_max_num_queries):
    more = [factories.make_doctor(cast.uzima, f"Doctor{n}") for n in range(5)]
    # Doctors, three of slots, two to switch the schema and back; then one a doctor.
    with django_assert_max_num_queries(4 + 2 + 1 + len(more)):
        assert projections.refresh_clinic(cast.uzima, now=NOW) == 6


def test_the_beat_job_refreshes_each_active_clinic(doctor, cast):
    doctor.__class__.objects.update(projected_at=None)
    cast.pwani.status = "suspended"
    cast.pwani.save()
    tasks.refresh_projections_all()
    doctor.refresh_from_db()
    cast.other_doctor.refresh_from_db()
    assert doctor.projected_at is not None
    assert cast.other_doctor.projected_at is None


def test_the_services_themselves_keep_the_directory_in_step(cast, django_capture_on_commit_callbacks):
    """By the real clock and through the real outbox: book, cancel, take time off, take it back."""
    doctor, clinic = cast.doctor, cast.uzima
    factories.make_full_week(doctor)
    projections.refresh_doctor(doctor.pk)

    def first_time():
        doctor.refresh_from_db()
        return datetime.fromisoformat(doctor.next_slots["in_person"][0])

    first = first_time()
    with clinic_context(clinic):
        with django_capture_on_commit_callbacks(execute=True):
            visit = hold_slot(
                patient=cast.patient,
                booked_by=cast.patient.user,
                doctor=doctor,
                clinic=clinic,
                starts_at=first,
                mode="in_person",
                notes="",
                idempotency_key="projections-1",
                method=PaymentMethod.MPESA,
            )
        assert first_time() > first
        with django_capture_on_commit_callbacks(execute=True):
            cancel_appointment(appointment=visit, by_user=cast.patient.user, side="patient")
        assert first_time() == first
        with django_capture_on_commit_callbacks(execute=True):
            off = add_time_off(doctor=doctor, starts_at=first, ends_at=first + timedelta(days=3), by_user=doctor.user)
        assert first_time() >= first + timedelta(days=3)
        with django_capture_on_commit_callbacks(execute=True):
            remove_time_off(doctor=doctor, by_user=doctor.user, time_off_id=off.pk)
        assert first_time() == first
