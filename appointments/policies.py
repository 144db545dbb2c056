"""Who may do what with visits. Selectors cannot see beyond these answers; views turn a refusal into 403 or 404."""

from accounts.models import Doctor, Role, User
from clinics.models import Clinic


def workspace_doctor(user: User, clinic: Clinic) -> Doctor | None:
    """The doctor whose workspace `user` may open at `clinic`; None for everybody else.

    Only a doctor of this very clinic has one. Verification is not asked: a doctor who still waits for it may prepare
    hours, and is shown to no patient before.
    """
    if not user.is_authenticated or user.role != Role.DOCTOR or not user.is_active:
        return None
    doctor = Doctor.objects.filter(pk=user.pk, clinic=clinic).first()
    if doctor is not None:
        doctor.clinic = clinic
        doctor.user = user
    return doctor
