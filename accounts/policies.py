"""Who may act for whom."""

from accounts.models import Patient, Role, User
from accounts.selectors import patients_of


def may_act_for(user: User, patient: Patient) -> bool:
    """Whether `user` may book, read and pay for `patient`: themselves, or a child under a guardianship that lasts."""
    return patients_of(user).filter(pk=patient.pk).exists()


def needs_second_factor(user: User) -> bool:
    """Whether the person's work shows them patients: doctors, platform admins, whoever works at any clinic."""
    if not user.is_authenticated:
        return False
    return user.role in {Role.DOCTOR, Role.ADMIN} or user.memberships.filter(is_active=True).exists()
