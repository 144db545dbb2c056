"""Who is told about a visit or an order, and in which language."""

from collections.abc import Iterator

from accounts.models import Doctor, Patient
from accounts.selectors import guardians_of, reader
from clinics.models import Clinic
from clinics.selectors import leaders
from precta.notifications.telling import Recipient


def patient_side(patient: Patient) -> Iterator[Recipient]:
    """The patient; for somebody without a login, whoever looks after them now, else their own phone, else nobody.

    Who booked or ordered for them is not asked: that may have been the clinic's staff, or somebody whose guardianship
    is over.
    """
    if patient.user.has_email:
        yield Recipient(patient.user, patient.preferred_language)
        return
    guardians = list(guardians_of(patient))
    for guardian in guardians:
        yield Recipient(guardian.user, guardian.preferred_language)
    if not guardians and patient.user.reachable_phone:
        yield Recipient(patient.user, patient.preferred_language)


def doctor_side(doctor: Doctor) -> Iterator[Recipient]:
    yield reader(doctor.user)


def managers(clinic: Clinic) -> Iterator[Recipient]:
    """Those who answer for the clinic's money and its patients."""
    for user in leaders(clinic):
        yield reader(user)
