"""Issuing and replacing: who, when, what, and that nothing changes afterwards."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from appointments.models import Consultation
from pharmacy import exceptions
from pharmacy.models import Prescription, PrescriptionState
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.conftest import issue, line, today_of

pytestmark = pytest.mark.django_db


def nothing_happened(clinic):
    with clinic_context(clinic):
        assert not Prescription.objects.exists()
        assert not OutboxEvent.objects.filter(kind__startswith="prescription").exists()
        assert not AuditLog.objects.filter(action__startswith="prescription").exists()


def test_a_prescription_keeps_its_letterhead_and_its_visit(visit, cast):
    with clinic_context(cast.uzima):
        consultation = Consultation.objects.create(appointment=visit, started_at=timezone.now())
    issued = issue(visit, line("Amoxicillin 500 mg capsule"), instructions=" Drink water. ")
    assert issued.consultation_id == consultation.pk
    assert issued.appointment_id == visit.pk
    assert issued.instructions == "Drink water."
    assert issued.letterhead["clinic"] == "Uzima Clinic"
    assert issued.letterhead["doctor"] == "Dr Achieng Njoroge"
    assert issued.letterhead["patient"] == "Amina Hassan"
    assert issued.state(today_of(cast.uzima)) == PrescriptionState.ACTIVE


def test_the_code_is_the_clinics_and_over_a_hundred_random_bits(visit, cast):
    codes = {issue(visit, line(f"Tea {n}xyz")).verification_code for n in range(5)}
    assert len(codes) == 5
    for code in codes:
        clinic, *groups = code.split("-")
        assert clinic == cast.uzima.code
        assert [len(group) for group in groups] == [3] * 7
        assert set("".join(groups)) <= set("abcdefghjkmnpqrstuvwxyz23456789")  # 31 ** 21 > 2 ** 104


def test_issuing_is_told_and_written_into_the_trail_without_a_clinical_word(visit, cast):
    issued = issue(visit)
    with clinic_context(cast.uzima):
        event = OutboxEvent.objects.get(kind="prescription.issued")
        assert event.payload == {"prescription_id": issued.pk}
        entry = AuditLog.objects.get(action="prescription.issued")
    assert entry.user_id == cast.doctor.pk
    assert entry.resource_id == issued.pk
    assert "Paracetamol" not in str(entry.details)


@pytest.mark.parametrize("status", ["pending_payment", "confirmed", "no_show", "cancelled"])
def test_nothing_is_prescribed_in_a_visit_that_is_not_held(cast, status):
    visit = factories.make_appointment(cast.patient, cast.doctor, timezone.now(), status=status)
    with pytest.raises(exceptions.VisitNotOpen):
        issue(visit)
    nothing_happened(cast.uzima)


def test_a_completed_visit_may_still_be_prescribed_for(cast):
    visit = factories.make_appointment(
        cast.patient, cast.doctor, timezone.now() - timedelta(hours=2), status="completed"
    )
    assert issue(visit).consultation_id is None


def test_only_the_doctor_of_the_visit_prescribes(visit, cast):
    colleague = factories.make_doctor(cast.uzima, "Wanjiku", "Maina")
    for other in (colleague.user, cast.patient.user, cast.owner, cast.other_doctor.user):
        with pytest.raises(exceptions.NotTheDoctor):
            issue(visit, by_user=other)
    nothing_happened(cast.uzima)


def test_a_doctor_whose_licence_lapsed_prescribes_nothing(visit, cast):
    type(cast.doctor).objects.filter(pk=cast.doctor.pk).update(verification_status="pending")
    with pytest.raises(exceptions.NotLicensed):
        issue(visit)
    nothing_happened(cast.uzima)


@pytest.mark.parametrize("days", [-1, 181, 4000])
def test_it_is_valid_from_today_to_half_a_year_ahead(visit, cast, days):
    with pytest.raises(exceptions.BadValidity):
        issue(visit, days=days)
    nothing_happened(cast.uzima)


def test_its_last_day_counts(visit, cast):
    issued = issue(visit, days=0)
    today = today_of(cast.uzima)
    assert issued.state(today) == PrescriptionState.ACTIVE
    assert issued.state(today + timedelta(days=1)) == PrescriptionState.EXPIRED


def test_the_same_form_sent_twice_is_issued_once(visit, cast):
    key = new_id()
    first, again = issue(visit, idempotency_key=key), issue(visit, idempotency_key=key)
    assert first.pk == again.pk
    with clinic_context(cast.uzima):
        assert Prescription.objects.count() == 1
        assert OutboxEvent.objects.filter(kind="prescription.issued").count() == 1


def test_the_same_form_with_something_else_in_it_changes_nothing(visit):
    key = new_id()
    first = issue(visit, idempotency_key=key)
    with pytest.raises(exceptions.AlreadyIssued) as refused:
        issue(visit, line("Ibuprofen 400 mg tablet"), idempotency_key=key)
    assert refused.value.prescription.pk == first.pk


def test_a_key_of_another_visit_is_refused(visit, cast):
    key = new_id()
    issue(visit, idempotency_key=key)
    other = factories.make_appointment(
        cast.other_patient, cast.doctor, timezone.now() - timedelta(hours=2), status="completed"
    )
    with pytest.raises(exceptions.KeyReused):
        issue(other, idempotency_key=key)


def test_replacing_marks_the_old_one_and_keeps_the_reason(visit, cast):
    old = issue(visit)
    new = issue(visit, line("Ibuprofen 400 mg tablet"), replaces=old, replacement_reason="Did not help")
    with clinic_context(cast.uzima):
        old = Prescription.objects.with_people().get(pk=old.pk)
        assert old.state(today_of(cast.uzima)) == PrescriptionState.REPLACED
        assert old.replacement == new
        assert new.replacement_reason == "Did not help"
        assert list(Prescription.objects.active(today_of(cast.uzima))) == [new]
        assert OutboxEvent.objects.get(kind="prescription.replaced").payload == {"prescription_id": old.pk}
        assert AuditLog.objects.get(action="prescription.replaced").details == {"by": new.pk}


def test_the_same_medicine_may_stand_in_what_replaces_it(visit):
    old = issue(visit)
    assert issue(visit, replaces=old, replacement_reason="Another strength").overrides == []


def test_replaced_once_and_never_again(visit):
    old = issue(visit)
    new = issue(visit, replaces=old, replacement_reason="One")
    with pytest.raises(exceptions.AlreadyReplaced) as refused:
        issue(visit, replaces=old, replacement_reason="Two")
    assert refused.value.replacement.pk == new.pk


def test_only_its_own_doctor_replaces_it(visit, cast):
    old = issue(visit)
    colleague = factories.make_doctor(cast.uzima, "Wanjiku", "Maina")
    theirs = factories.make_appointment(
        cast.patient, colleague, timezone.now() - timedelta(hours=3), status="completed"
    )
    with pytest.raises(exceptions.NotTheDoctor):
        issue(theirs, replaces=old, replacement_reason="I know better")


@pytest.mark.parametrize(
    "change",
    [
        {"medications": [line("Aspirin")]},
        {"valid_until": None},
        {"overrides": [{"kind": "allergy"}]},
        {"letterhead": {}},
        {"verification_code": "x"},
        {"idempotency_key": "x"},
        {"appointment": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_database_itself_refuses_to_change_what_is_issued(visit, cast, change):
    issued = issue(visit)
    with clinic_context(cast.uzima):
        with pytest.raises(IntegrityError), transaction.atomic():
            Prescription.objects.filter(pk=issued.pk).update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            Prescription.objects.filter(pk=issued.pk)._raw_delete("default")
        assert Prescription.objects.filter(pk=issued.pk).update(pdf_url="clinic_uzima/prescriptions/x") == 1
