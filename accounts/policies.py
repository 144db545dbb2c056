"""Who may act for whom."""

from accounts.models import ClinicPatient, Patient, Role, User
from accounts.selectors import patients_of
from clinics.models import Clinic
from clinics.policies import can, membership_of


def may_act_for(user: User, patient: Patient) -> bool:
    """Whether `user` may book, read and pay for `patient`: themselves, or a child under a guardianship that lasts."""
    return patients_of(user).filter(pk=patient.pk).exists()


def needs_second_factor(user: User) -> bool:
    """Whether the person's work shows them patients: doctors, platform admins, whoever works at any clinic."""
    if not user.is_authenticated:
        return False
    return user.role in {Role.DOCTOR, Role.ADMIN} or user.memberships.filter(is_active=True).exists()


def may_book_at_desk(user: User, patient: Patient, clinic: Clinic) -> bool:
    """Whether `user` books for others at `clinic`, and `patient` is one of the clinic's own."""
    if not can(membership_of(user, clinic), "visits.book"):
        return False
    return ClinicPatient.objects.filter(clinic=clinic.pk, patient=patient.pk).exists()
