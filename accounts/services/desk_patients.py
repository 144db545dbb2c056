"""Patients whom a clinic's desk adds, or links, while they stand there or are on the phone."""

from collections.abc import Collection
from datetime import date

from django.db import connection, transaction

from accounts.exceptions import PossibleTwin
from accounts.models import Patient, Role, User, UserStatus
from accounts.models.user import NO_MAIL_DOMAIN
from accounts.selectors_desk import twins_of
from accounts.services.clinic_links import admit_patient, record_consent, write_admission
from clinics.models import Clinic
from precta.audit.services import record
from precta.ids import new_id


def add_patient(
    *,
    clinic: Clinic,
    by: User,
    first_name: str,
    last_name: str,
    date_of_birth: date | None = None,
    phone: str = "",
    language: str = "en",
    twins_seen: Collection[str] = (),
) -> Patient:
    """Make a patient of `clinic` who cannot sign in and may claim the account later, with the consent that was given
    at the desk and heard by `by`.

    `phone` (E.164) is where the person is told of visits; nobody has proved it. Raises PossibleTwin when the clinic has
    patients who may be the same person, beside those in `twins_seen` (ids), which somebody has looked at. Outside
    transactions.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One after the other, so that a form sent twice finds what it has made.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"add-patient:{clinic.pk}"])
        twins = twins_of(clinic, first_name=first_name, last_name=last_name, date_of_birth=date_of_birth, phone=phone)
        if any(twin.pk not in twins_seen for twin in twins):
            raise PossibleTwin(twins)
        user_id = new_id()
        user = User(id=user_id, email=f"{user_id}@{NO_MAIL_DOMAIN}", role=Role.PATIENT, status=UserStatus.ACTIVE)
        user.set_unusable_password()
        user.save()
        patient = Patient.objects.create(
            user=user,
            first_name=first_name,
            last_name=last_name,
            date_of_birth=date_of_birth,
            contact_phone=phone,
            preferred_language=language,
            clinic=clinic,
        )
        write_admission(patient=patient, clinic=clinic, given_by=user, taken_by=by)
    record("patient.added", resource=patient, user=by)
    record_consent(patient=patient, given_by=user, taken_by=by)
    return patient


def link_patient(*, patient: Patient, clinic: Clinic, by: User) -> None:
    """Let `clinic` know a patient of the portal who has proved the phone and agreed at the desk; repeating it changes
    nothing. The caller answers for the proof."""
    record("patient.linked", resource=patient, user=by)
    admit_patient(patient=patient, clinic=clinic, given_by=patient.user, taken_by=by)
