"""Two windows at one visit at the same moment: one effect, and no text that is silently gone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from appointments.exceptions import AppointmentError, InvalidTransition, NotesChanged, NotesLocked
from appointments.models import Appointment, Consultation
from appointments.services.attendance import mark_completed, mark_no_show
from appointments.services.cancellation import Side, cancel_appointment
from appointments.services.consultation import close_left_open, end_consultation, start_consultation
from appointments.services.encounter_notes import finish_notes, save_notes
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4


@pytest.fixture
def room(uzima):
    doctor = factories.make_doctor(uzima)
    patient = factories.make_patient()

    def at_once(*acts):
        start = Barrier(len(acts))

        def run(act):
            try:
                with clinic_context(uzima):
                    start.wait(10)
                    return act()
            except AppointmentError as error:
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    def visit(number, status="confirmed"):
        at = timezone.now().replace(microsecond=0) - timedelta(hours=number + 1)
        return factories.make_appointment(patient, doctor, at, status=status)

    return SimpleNamespace(at_once=at_once, visit=visit, doctor=doctor, by=doctor.user, clinic=uzima)


def fresh(visit):
    return Appointment.objects.select_related("clinic", "doctor").get(pk=visit.pk)


def events(kind):
    return OutboxEvent.objects.filter(kind=kind).count()


def test_begun_from_two_tabs_at_once_it_begins_once(room):
    for number in range(ROUNDS):
        visit = room.visit(number)
        first, second = room.at_once(*[lambda v=visit: start_consultation(appointment=fresh(v), by_user=room.by)] * 2)
        assert first.pk == second.pk
    with clinic_context(room.clinic):
        assert Consultation.objects.count() == events("consultation.started") == ROUNDS
        assert AuditLog.objects.filter(action="consultation.started").count() == ROUNDS


def test_begun_while_it_is_cancelled_one_of_the_two_happens(room):
    for number in range(ROUNDS):
        visit = room.visit(number)
        began, cancelled = room.at_once(
            lambda v=visit: start_consultation(appointment=fresh(v), by_user=room.by),
            lambda v=visit: cancel_appointment(appointment=fresh(v), by_user=room.by, side=Side.DOCTOR),
        )
        assert isinstance(began, InvalidTransition) != isinstance(cancelled, InvalidTransition)
        with clinic_context(room.clinic):
            status = fresh(visit).status
            assert Consultation.objects.filter(appointment=visit).exists() == (status == "in_progress")
    assert broken_invariants(room.clinic) == {}


def test_ended_twice_completed_from_the_list_and_swept_at_once_it_ends_once(room):
    for number in range(ROUNDS):
        visit = room.visit(number + 14)
        with clinic_context(room.clinic):
            start_consultation(appointment=fresh(visit), by_user=room.by, now=visit.scheduled_at)
        room.at_once(
            lambda v=visit: end_consultation(appointment=fresh(v), by_user=room.by),
            lambda v=visit: end_consultation(appointment=fresh(v), by_user=room.by),
            lambda v=visit: mark_completed(appointment=fresh(v), by_user=room.by),
            close_left_open,
        )
    with clinic_context(room.clinic):
        assert events("appointment.completed") == events("consultation.ended") == ROUNDS
        assert not Consultation.objects.filter(ended_at__isnull=True).exists()


def test_ended_and_missed_at_once_one_of_the_two_happens(room):
    for number in range(ROUNDS):
        visit = room.visit(number)
        with clinic_context(room.clinic):
            start_consultation(appointment=fresh(visit), by_user=room.by)
        room.at_once(
            lambda v=visit: end_consultation(appointment=fresh(v), by_user=room.by),
            lambda v=visit: mark_no_show(appointment=fresh(v), by_user=room.by),
        )
    with clinic_context(room.clinic):
        assert events("appointment.completed") + events("appointment.no_show") == ROUNDS


def running(room, number, *, ended=False):
    visit = room.visit(number)
    with clinic_context(room.clinic):
        notes = start_consultation(appointment=fresh(visit), by_user=room.by)
        if ended:
            end_consultation(appointment=fresh(visit), by_user=room.by)
    return visit, notes


def saving(room, notes, **values):
    return lambda: save_notes(consultation=notes, by_user=room.by, values=values, version=0)


def test_two_windows_that_save_at_once_leave_one_text_and_hand_the_other_window_both(room):
    for number in range(ROUNDS):
        _visit, notes = running(room, number)
        answers = room.at_once(saving(room, notes, plan="left"), saving(room, notes, plan="right"))
        (refusal,) = [answer for answer in answers if isinstance(answer, NotesChanged)]
        with clinic_context(room.clinic):
            stored = Consultation.objects.get(pk=notes.pk)
        assert stored.notes_version == 1
        assert refusal.consultation.plan == stored.plan


def test_an_autosave_beside_the_end_is_kept(room):
    for number in range(ROUNDS):
        visit, notes = running(room, number)
        room.at_once(
            lambda v=visit: end_consultation(appointment=fresh(v), by_user=room.by),
            saving(room, notes, plan="Rest"),
        )
        with clinic_context(room.clinic):
            stored = Consultation.objects.get(pk=notes.pk)
        assert stored.plan == "Rest" and stored.ended_at is not None and stored.notes_version == 1


def test_an_autosave_beside_the_signature_is_refused_or_signed_never_lost_in_silence(room):
    for number in range(ROUNDS):
        _visit, notes = running(room, number, ended=True)
        sign = lambda n=notes: finish_notes(  # noqa: E731
            consultation=n, by_user=room.by, values={"plan": "Rest"}, version=0
        )
        signed, saved = room.at_once(sign, saving(room, notes, plan="Rest and tea"))
        with clinic_context(room.clinic):
            stored = Consultation.objects.get(pk=notes.pk)
        if isinstance(saved, NotesLocked):
            assert stored.plan == "Rest" and stored.finished_at is not None
        else:
            assert isinstance(signed, NotesChanged)
            assert stored.plan == "Rest and tea" and stored.finished_at is None
