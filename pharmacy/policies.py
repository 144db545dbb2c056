"""Who may read a prescription at a clinic. Selectors cannot see beyond these answers."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Doctor, User
from appointments.policies import workspace_doctor
from clinics.models import Clinic, Membership
from clinics.policies import can


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody at the clinic that is asked: always a patient perhaps, besides its `doctor`, or one of its staff who
    hold `prescriptions.view`."""

    user: User
    doctor: Doctor | None
    is_staff: bool


def reader_at(clinic: Clinic, user: Any, membership: Membership | None) -> Reader:
    return Reader(user, workspace_doctor(user, clinic), can(membership, "prescriptions.view"))
