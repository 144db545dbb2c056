"""The patient came, did not come, has been seen."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Doctor
from appointments.exceptions import InvalidTransition, NotYet
from appointments.models import TRANSITIONS, AppointmentStatus
from appointments.room import signalling
from appointments.room.access import Side
from appointments.services import attendance
from appointments.services.consultation import start_consultation
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from tests import factories

START = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
AFTER = START + timedelta(hours=1)


@pytest.fixture
def visit(cast):
    return factories.make_appointment(cast.patient, cast.doctor, START)


def unchanged(visit, status="confirmed"):
    visit.refresh_from_db()
    return (
        visit.status == status
        and not AuditLog.objects.filter(action__startswith="appointment.").exists()
        and not OutboxEvent.objects.exists()
    )


def test_an_arrival_is_marked_once_and_can_be_taken_back(cast, in_uzima, visit):
    attendance.mark_arrived(appointment=visit, by_user=cast.doctor.user, now=START - timedelta(minutes=10))
    visit.refresh_from_db()
    assert visit.arrived_at == START - timedelta(minutes=10)
    with pytest.raises(InvalidTransition):
        attendance.mark_arrived(appointment=visit, by_user=cast.doctor.user, now=START)
    attendance.undo_arrived(appointment=visit, by_user=cast.doctor.user)
    visit.refresh_from_db()
    assert visit.arrived_at is None
    with pytest.raises(InvalidTransition):
        attendance.undo_arrived(appointment=visit, by_user=cast.doctor.user)
    assert sorted(AuditLog.objects.values_list("action", flat=True)) == [
        "appointment.arrival_undone",
        "appointment.arrived",
    ]


def test_nobody_arrives_the_day_before_by_the_clinics_calendar(cast, in_uzima, visit):
    # 23:59 in Nairobi on the eve.
    with pytest.raises(NotYet):
        attendance.mark_arrived(
            appointment=visit, by_user=cast.doctor.user, now=datetime(2026, 11, 23, 20, 59, tzinfo=UTC)
        )
    assert unchanged(visit)


def test_a_no_show_needs_the_start_and_the_grace_to_pass(cast, in_uzima, visit):
    grace = cast.uzima.policy.no_show_grace
    just_before = START + grace - timedelta(seconds=1)
    with pytest.raises(NotYet):
        attendance.mark_no_show(appointment=visit, by_user=cast.doctor.user, now=just_before)
    assert unchanged(visit)
    attendance.mark_no_show(appointment=visit, by_user=cast.doctor.user, now=START + grace)
    visit.refresh_from_db()
    assert visit.status == "no_show"
    assert OutboxEvent.objects.get().payload == {"appointment_id": visit.pk}


def test_a_patient_who_arrived_is_no_no_show(cast, in_uzima, visit):
    visit.arrived_at = START
    visit.save()
    with pytest.raises(InvalidTransition):
        attendance.mark_no_show(appointment=visit, by_user=cast.doctor.user, now=AFTER)
    assert unchanged(visit)


def _waits(visit, side):
    signalling.wait(visit.pk, side)


def _was_in_the_room(visit, side):
    record("room.joined", resource=visit, details={"side": str(side)})


@pytest.mark.parametrize("comes", [_waits, _was_in_the_room])
def test_whoever_came_to_the_video_room_before_its_doctor_is_no_no_show(cast, in_uzima, at_clinic, comes):
    visit = factories.make_appointment(cast.patient, cast.doctor, START, consultation_type="video")
    comes(visit, Side.PATIENT)
    for who in (cast.staff, cast.doctor.user):
        with pytest.raises(InvalidTransition) as refused:
            attendance.mark_no_show(appointment=visit, by_user=who, now=AFTER)
        assert refused.value.current == attendance.ARRIVED
    assert unchanged(visit)
    # The page that asks says so and has no button for it; a click from an older page is told the same.
    client = at_clinic(cast.uzima, cast.doctor.user)
    page = client.get(f"/workspace/visits/{visit.pk}/no-show/").content.decode()
    assert "Amina Hassan has come, so this visit was not missed." in page and "btn danger" not in page
    told = client.post(f"/workspace/visits/{visit.pk}/no-show/", follow=True).content.decode()
    assert "Amina Hassan has come, so this visit was not missed." in told
    assert unchanged(visit)
    # Who has begun the visit and seen nobody may say so.
    start_consultation(appointment=visit, by_user=cast.doctor.user, now=AFTER)
    attendance.mark_no_show(appointment=visit, by_user=cast.doctor.user, now=AFTER)
    assert visit.status == "no_show"


@pytest.mark.parametrize("comes", [_waits, _was_in_the_room])
def test_a_doctor_alone_in_the_video_room_has_met_nobody(cast, in_uzima, comes):
    visit = factories.make_appointment(cast.patient, cast.doctor, START, consultation_type="video")
    comes(visit, Side.DOCTOR)
    attendance.mark_no_show(appointment=visit, by_user=cast.doctor.user, now=AFTER)
    assert visit.status == "no_show"


def test_a_visit_cannot_be_completed_before_it_starts(cast, in_uzima, visit):
    with pytest.raises(NotYet):
        attendance.mark_completed(appointment=visit, by_user=cast.doctor.user, now=START - timedelta(seconds=1))
    assert unchanged(visit)


@pytest.mark.parametrize("status", AppointmentStatus.values)
@pytest.mark.parametrize(
    ("mark", "after"), [(attendance.mark_completed, "completed"), (attendance.mark_no_show, "no_show")]
)
def test_only_the_table_of_transitions_decides_what_follows(cast, in_uzima, status, mark, after):
    visit = factories.make_appointment(cast.patient, cast.doctor, START, status=status)
    if after in TRANSITIONS[status]:
        mark(appointment=visit, by_user=cast.doctor.user, now=AFTER)
        visit.refresh_from_db()
        assert visit.status == after
        assert AuditLog.objects.filter(action=f"appointment.{after}", resource_id=visit.pk).count() == 1
        assert OutboxEvent.objects.filter(kind=f"appointment.{after}").count() == 1
    else:
        with pytest.raises(InvalidTransition):
            mark(appointment=visit, by_user=cast.doctor.user, now=AFTER)
        assert unchanged(visit, status)


def test_whoever_comes_second_changes_nothing(cast, in_uzima, visit):
    stale = type(visit).objects.get(pk=visit.pk)
    attendance.mark_completed(appointment=visit, by_user=cast.doctor.user, now=AFTER)
    with pytest.raises(InvalidTransition):
        attendance.mark_no_show(appointment=stale, by_user=cast.doctor.user, now=AFTER)
    assert OutboxEvent.objects.count() == 1


def test_the_public_count_follows_and_bears_repetition(cast, in_uzima, visit):
    attendance.mark_completed(appointment=visit, by_user=cast.doctor.user, now=AFTER)
    event = OutboxEvent.objects.get(kind="appointment.completed")
    for _time in range(2):
        OutboxEvent.objects.update(relayed_at=None, next_attempt_at=AFTER - timedelta(days=400))
        assert relay_event(event.pk)
        assert Doctor.objects.get(pk=cast.doctor.pk).total_consultations == 1
