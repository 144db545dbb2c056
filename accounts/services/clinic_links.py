"""The first visit to a clinic: from then on its staff know the patient."""

from collections.abc import Iterable

from django.db import connection, transaction

from accounts.consent_texts import CONSENT_TEXTS
from accounts.models import ClinicPatient, Consent, ConsentPurpose, Patient, User
from clinics.models import Clinic
from precta.audit.services import record


def is_admitted(*, patient: Patient, clinic: Clinic) -> bool:
    """Whether a consent to the clinic's care stands for the patient, in whatever version; one statement."""
    with connection.cursor() as cursor:
        # As SQL because every booking asks it.
        cursor.execute(
            "SELECT EXISTS (SELECT FROM accounts_consent WHERE patient_id = %s AND clinic_id = %s"
            " AND purpose = %s AND withdrawn_at IS NULL)",
            [patient.pk, clinic.pk, ConsentPurpose.CLINIC_CARE.value],
        )
        return bool(cursor.fetchone()[0])


def admitted_ids(*, patients: Iterable[Patient], clinic: Clinic) -> set[str]:
    """Which of `patients` are admitted, by id; one statement.

    The consent alone is asked for: `admit_patient` writes the link with it, while a link that staff made for a walk-in
    has none yet.
    """
    given = Consent.objects.filter(
        patient__in=[patient.pk for patient in patients],
        clinic=clinic.pk,
        purpose=ConsentPurpose.CLINIC_CARE,
        withdrawn_at__isnull=True,
    )
    return set(given.values_list("patient_id", flat=True))


def admit_patient(*, patient: Patient, clinic: Clinic, given_by: User, taken_by: User | None = None) -> None:
    """Link `patient` to `clinic` and keep the consent that `given_by` gave, in the words shown and their language;
    `taken_by` is who of the staff heard it, when it was given at the desk.

    Repeating it changes nothing. A transaction of its own on public rows, before any of the clinic's: never call it
    inside one. The trail is written where the caller is, so the clinic can show what it was allowed.
    """
    with transaction.atomic():
        is_new = write_admission(patient=patient, clinic=clinic, given_by=given_by, taken_by=taken_by)
    if is_new:
        record_consent(patient=patient, given_by=given_by, taken_by=taken_by)


def write_admission(*, patient: Patient, clinic: Clinic, given_by: User, taken_by: User | None) -> bool:
    """The public rows of `admit_patient`, in the caller's transaction; True when the consent is new."""
    consent = CONSENT_TEXTS[ConsentPurpose.CLINIC_CARE]
    ClinicPatient.objects.bulk_create([ClinicPatient(clinic=clinic, patient=patient)], ignore_conflicts=True)
    _consent, is_new = Consent.objects.get_or_create(
        patient=patient,
        clinic=clinic,
        purpose=ConsentPurpose.CLINIC_CARE,
        text_version=consent.version,
        withdrawn_at=None,
        defaults={"given_by": given_by, "taken_by": taken_by, "text": consent.for_clinic(clinic)},
    )
    return is_new


def record_consent(*, patient: Patient, given_by: User, taken_by: User | None) -> None:
    consent = CONSENT_TEXTS[ConsentPurpose.CLINIC_CARE]
    details = {"purpose": ConsentPurpose.CLINIC_CARE.value, "version": consent.version}
    record(
        "consent.given",
        resource=("patient", patient.pk),
        user=taken_by or given_by,
        details=details | ({"at": "desk"} if taken_by else {}),
    )
