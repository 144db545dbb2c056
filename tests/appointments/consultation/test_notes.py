"""Notes are saved by compare-and-swap, signed once, and only added to afterwards."""

from datetime import timedelta

import pytest

from appointments.exceptions import NotEnded, NotesChanged, NotesIncomplete, NotesLocked, NotesOpen, NotTheDoctor
from appointments.models import Consultation, ConsultationAddendum
from appointments.services.attendance import mark_no_show
from appointments.services.encounter_notes import add_addendum, finish_notes, save_notes
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from tests import factories
from tests.appointments.consultation.conftest import NOW


@pytest.fixture
def doctor(cast):
    return cast.doctor.user


def stored():
    return Consultation.objects.get()


def noted():
    return AuditLog.objects.filter(action="consultation.noted").count()


def test_each_save_counts_up_and_leaves_what_it_does_not_name(notes, doctor):
    first = save_notes(consultation=notes, by_user=doctor, values={"findings": "Clear lungs"}, version=0)
    assert (first.notes_version, first.findings, first.reason) == (1, "Clear lungs", "A cough for three days")
    second = save_notes(consultation=notes, by_user=doctor, values={"plan": "Rest"}, version=1)
    assert (second.notes_version, second.findings, second.plan) == (2, "Clear lungs", "Rest")


def test_who_has_not_read_the_last_save_changes_nothing_and_is_handed_it(notes, doctor):
    save_notes(consultation=notes, by_user=doctor, values={"findings": "Crackles on the left"}, version=0)
    with pytest.raises(NotesChanged) as refusal:
        save_notes(consultation=notes, by_user=doctor, values={"findings": "Clear lungs"}, version=0)
    assert refusal.value.consultation.findings == stored().findings == "Crackles on the left"
    assert stored().notes_version == 1


def test_a_save_whose_answer_was_lost_may_be_sent_again(notes, doctor):
    for _time in range(2):
        saved = save_notes(consultation=notes, by_user=doctor, values={"findings": "Clear"}, version=0)
        assert saved.notes_version == 1


def test_the_trail_has_one_line_for_ten_minutes_of_writing(notes, doctor):
    for number in range(4):
        at = NOW + timedelta(minutes=4 * number)
        save_notes(consultation=notes, by_user=doctor, values={"plan": str(number)}, version=number, now=at)
        # Each save is 4 minutes after the one before: they are one stretch of writing.
    assert noted() == 1
    later = NOW + timedelta(minutes=40)
    save_notes(consultation=notes, by_user=doctor, values={"plan": "later"}, version=4, now=later)
    assert noted() == 2


def test_without_a_recommendation_there_is_no_proposed_time(notes, doctor):
    at = NOW + timedelta(days=14)
    values = {"follow_up_recommended": True, "follow_up_at": at, "follow_up_mode": "video"}
    save_notes(consultation=notes, by_user=doctor, values=values, version=0)
    saved = save_notes(consultation=notes, by_user=doctor, values={"follow_up_recommended": False}, version=1)
    assert (saved.follow_up_at, saved.follow_up_mode) == (None, "")


def test_signing_needs_the_end_and_a_diagnosis_or_a_plan(cast, running, notes, doctor, noon):
    sign = {"consultation": notes, "by_user": doctor}
    with pytest.raises(NotEnded):
        finish_notes(**sign, values={"plan": "Rest"}, version=0)
    Consultation.objects.update(ended_at=NOW)
    for nothing in ({}, {"plan": "  \n"}, {"findings": "Clear"}):
        with pytest.raises(NotesIncomplete):
            finish_notes(**sign, values=nothing, version=0)
    assert stored().finished_at is None and stored().notes_version == 0
    assert not OutboxEvent.objects.filter(kind="consultation.finished").exists()
    signed = finish_notes(**sign, values={"plan": "Rest"}, version=0)
    assert signed.finished_at == NOW and signed.plan == "Rest"
    assert finish_notes(**sign, values={"plan": "Rest"}, version=0).finished_at == NOW  # clicked twice
    assert OutboxEvent.objects.filter(kind="consultation.finished").count() == 1


def test_signed_notes_take_no_save_whatever_its_version(ended, doctor):
    finish_notes(consultation=ended, by_user=doctor, values={"plan": "Rest"}, version=0)
    for version in (0, 1, 2):
        with pytest.raises(NotesLocked):
            save_notes(consultation=ended, by_user=doctor, values={"plan": "Run"}, version=version)
        with pytest.raises(NotesLocked):
            finish_notes(consultation=ended, by_user=doctor, values={"plan": "Run"}, version=version)
    assert stored().plan == "Rest"


def test_a_missed_visit_has_no_notes(cast, running, notes, doctor):
    mark_no_show(appointment=running, by_user=doctor, now=NOW + timedelta(minutes=20))
    with pytest.raises(NotesLocked):
        save_notes(consultation=notes, by_user=doctor, values={"plan": "Rest"}, version=0)


def test_additions_come_after_the_signature_each_once_and_never_change(ended, doctor):
    with pytest.raises(NotesOpen):
        add_addendum(consultation=ended, by_user=doctor, text="The culture is negative")
    finish_notes(consultation=ended, by_user=doctor, values={"plan": "Rest"}, version=0)
    for _time in range(2):
        add_addendum(consultation=ended, by_user=doctor, text="The culture is negative")
    added = ConsultationAddendum.objects.get()
    assert added.author_id == doctor.pk and added.created_at is not None
    assert AuditLog.objects.filter(action="consultation.added_to").count() == 1


def test_the_same_words_on_another_day_or_after_others_are_another_addition(ended, doctor):
    finish_notes(consultation=ended, by_user=doctor, values={"plan": "Rest"}, version=0)
    first = add_addendum(consultation=ended, by_user=doctor, text="Called, no answer")
    later = first.created_at + timedelta(days=3)
    add_addendum(consultation=ended, by_user=doctor, text="Called, no answer", now=later)
    for text in ("Wrote a letter", "Called, no answer"):
        add_addendum(consultation=ended, by_user=doctor, text=text)
    assert [row.text for row in ConsultationAddendum.objects.all()] == [
        "Called, no answer",
        "Called, no answer",
        "Wrote a letter",
        "Called, no answer",
    ]
    assert AuditLog.objects.filter(action="consultation.added_to").count() == 4


def test_nobody_but_the_doctor_of_the_visit_writes(cast, ended, doctor):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Kamau")
    for person in (colleague.user, cast.patient.user, cast.staff, cast.owner):
        with pytest.raises(NotTheDoctor):
            save_notes(consultation=ended, by_user=person, values={"plan": "Rest"}, version=0)
        with pytest.raises(NotTheDoctor):
            finish_notes(consultation=ended, by_user=person, values={"plan": "Rest"}, version=0)
        with pytest.raises(NotTheDoctor):
            add_addendum(consultation=ended, by_user=person, text="Me too")
    assert stored().plan == "" and stored().notes_version == 0


def test_only_parts_of_the_notes_can_be_written(notes, doctor):
    with pytest.raises(ValueError, match="finished_at"):
        save_notes(consultation=notes, by_user=doctor, values={"finished_at": NOW}, version=0)
