"""A visit begins, goes on and ends; and what becomes of one that nobody ended."""

from datetime import timedelta

import pytest

from appointments.exceptions import InvalidTransition, NotTheDoctor, NotYet
from appointments.models import TRANSITIONS, Appointment, AppointmentStatus, Consultation
from appointments.services.attendance import mark_completed, mark_no_show
from appointments.services.consultation import close_left_open, end_consultation, start_consultation
from appointments.services.encounter_notes import finish_notes
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from tests import factories
from tests.appointments.consultation.conftest import NOW


def acts():
    return sorted(AuditLog.objects.values_list("action", flat=True))


def kinds():
    return sorted(OutboxEvent.objects.values_list("kind", flat=True))


def untouched(visit, status="confirmed"):
    return Appointment.objects.get(pk=visit.pk).status == status and not acts() and not kinds()


def test_it_begins_ten_minutes_before_its_time_and_not_a_second_earlier(cast, visit):
    opens = NOW - timedelta(minutes=10)
    with pytest.raises(NotYet):
        start_consultation(appointment=visit, by_user=cast.doctor.user, now=opens - timedelta(seconds=1))
    assert untouched(visit) and not Consultation.objects.exists()
    begun = start_consultation(appointment=visit, by_user=cast.doctor.user, now=opens)
    assert begun.started_at == opens and begun.ended_at is None and begun.duration_seconds is None
    assert begun.reason == "A cough for three days"  # what the patient gave, to go on from
    assert visit.status == Appointment.objects.get().status == "in_progress"
    assert acts() == kinds() == ["consultation.started"]


def test_a_second_click_and_a_second_tab_begin_nothing_new(cast, running):
    again = start_consultation(appointment=running, by_user=cast.doctor.user, now=NOW + timedelta(minutes=3))
    assert again.started_at == NOW
    assert Consultation.objects.count() == 1 and kinds() == ["consultation.started"]


def test_its_end_completes_the_visit_and_measures_its_length(cast, running):
    ended = end_consultation(appointment=running, by_user=cast.doctor.user, now=NOW + timedelta(minutes=24, seconds=9))
    assert ended.duration_seconds == 24 * 60 + 9
    assert running.status == Appointment.objects.get().status == "completed"
    assert kinds() == ["appointment.completed", "consultation.ended", "consultation.started"]
    again = end_consultation(appointment=running, by_user=cast.doctor.user, now=NOW + timedelta(hours=3))
    assert again.ended_at == ended.ended_at and len(kinds()) == 3


@pytest.mark.parametrize("status", AppointmentStatus.values)
def test_only_a_confirmed_visit_begins_and_only_one_in_progress_ends(cast, in_uzima, noon, status):
    visit = factories.make_appointment(cast.patient, cast.doctor, NOW, status=status)
    by = {"appointment": visit, "by_user": cast.doctor.user}
    if status in {"confirmed", "in_progress"}:
        start_consultation(**by)
        assert Appointment.objects.get().status == "in_progress"
        return
    with pytest.raises(InvalidTransition):
        start_consultation(**by)
    if status != "completed":
        with pytest.raises(InvalidTransition):
            end_consultation(**by)
    assert untouched(visit, status)
    assert not Consultation.objects.exists()


def test_nobody_but_the_doctor_of_the_visit_begins_or_ends_it(cast, visit, running):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Kamau")
    for person in (colleague.user, cast.patient.user, cast.staff, cast.owner, cast.admin):
        for service in (start_consultation, end_consultation):
            with pytest.raises(NotTheDoctor):
                service(appointment=visit, by_user=person)
    assert Appointment.objects.get().status == "in_progress"


def test_completing_from_the_list_ends_what_was_begun(cast, running):
    mark_completed(appointment=running, by_user=cast.doctor.user, now=NOW + timedelta(minutes=5))
    assert Consultation.objects.get().duration_seconds == 300
    assert "consultation.ended" in kinds() and "appointment.completed" in kinds()


def test_a_visit_that_was_never_begun_gets_notes_without_a_length(cast, visit):
    mark_completed(appointment=visit, by_user=cast.doctor.user, now=NOW + timedelta(hours=1))
    notes = Consultation.objects.get()
    assert (notes.started_at, notes.ended_at, notes.duration_seconds) == (NOW, NOW, 0)
    assert notes.finished_at is None
    assert kinds() == ["appointment.completed"]


def test_a_doctor_who_began_and_waited_in_vain_may_still_say_so_and_nobody_else(cast, running):
    assert "no_show" in TRANSITIONS["in_progress"]
    with pytest.raises(NotYet):
        mark_no_show(appointment=running, by_user=cast.doctor.user, now=NOW + timedelta(minutes=14))
    late = NOW + timedelta(minutes=15)
    with pytest.raises(InvalidTransition):
        mark_no_show(appointment=running, by_user=cast.staff, now=late)
    mark_no_show(appointment=running, by_user=cast.doctor.user, now=late)
    assert Appointment.objects.get().status == "no_show"
    assert Consultation.objects.get().ended_at == late


def test_the_grace_is_the_clinics_own(cast, visit):
    cast.uzima.settings = {"no_show_grace_minutes": 30}
    cast.uzima.save()
    visit.clinic = cast.uzima
    with pytest.raises(NotYet):
        mark_no_show(appointment=visit, by_user=cast.staff, now=NOW + timedelta(minutes=29))
    mark_no_show(appointment=visit, by_user=cast.staff, now=NOW + timedelta(minutes=30))
    assert Appointment.objects.get().status == "no_show"


def test_what_was_left_open_for_half_a_day_is_ended_at_its_time_and_the_doctor_told_once(cast, running):
    over_at = NOW + timedelta(minutes=running.duration_minutes)
    assert close_left_open(now=over_at + timedelta(hours=12)) == 0
    assert close_left_open(now=over_at + timedelta(hours=12, seconds=1)) == 1
    assert close_left_open(now=over_at + timedelta(hours=13)) == 0
    notes = Consultation.objects.get()
    assert notes.ended_at == over_at and Appointment.objects.get().status == "completed"
    event = OutboxEvent.objects.get(kind="consultation.left_open")
    for _time in range(2):
        OutboxEvent.objects.update(relayed_at=None, next_attempt_at=NOW - timedelta(days=1))
        assert relay_event(event.pk)
    told = Notification.objects.get()
    assert told.user_id == cast.doctor.pk and running.pk in told.data["url"]
    assert "cough" not in told.title + told.body


def test_a_visit_begun_late_is_left_alone_until_its_own_half_day_is_over(cast, visit):
    late = NOW + timedelta(hours=11)
    start_consultation(appointment=visit, by_user=cast.doctor.user, now=late)
    assert close_left_open(now=NOW + timedelta(hours=13)) == 0
    assert close_left_open(now=late + timedelta(hours=12, seconds=1)) == 1
    assert Consultation.objects.get().ended_at == late


@pytest.mark.parametrize("step", ["begin", "end", "complete", "sign"])
def test_what_breaks_off_before_its_commit_has_changed_nothing(cast, visit, noon, monkeypatch, step):
    by = {"appointment": visit, "by_user": cast.doctor.user}
    if step in {"end", "sign"}:
        start_consultation(**by)
    if step == "sign":
        end_consultation(**by)
    before = (Appointment.objects.get().status, list(Consultation.objects.values()), acts(), kinds())

    def broken(*args, **kwargs):
        raise ConnectionError("the database went away")

    for module in ("consultation", "encounter_notes", "attendance"):
        monkeypatch.setattr(f"appointments.services.{module}.emit", broken)
    noon.now += timedelta(minutes=5)
    with pytest.raises(ConnectionError):
        if step == "begin":
            start_consultation(**by)
        elif step == "end":
            end_consultation(**by)
        elif step == "complete":
            mark_completed(**by)
        else:
            notes = Consultation.objects.get()
            finish_notes(consultation=notes, by_user=cast.doctor.user, values={"plan": "Rest"}, version=0)
    assert (Appointment.objects.get().status, list(Consultation.objects.values()), acts(), kinds()) == before
