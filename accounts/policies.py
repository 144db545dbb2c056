"""Who may act for whom."""

from accounts.models import Patient, User
from accounts.selectors import patients_of


def may_act_for(user: User, patient: Patient) -> bool:
    """Whether `user` may book, read and pay for `patient`: themselves, or a child under a guardianship that lasts."""
    return patients_of(user).filter(pk=patient.pk).exists()
