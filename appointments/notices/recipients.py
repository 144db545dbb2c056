"""Who is told about a visit, and in which language."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import User, UserStatus
from accounts.selectors import guardians_of, has_looked_after
from appointments.models import Appointment
from clinics.models import Clinic, Membership, MembershipRole


@dataclass(frozen=True, slots=True)
class Recipient:
    user: User
    language: str


def patient_side(appointment: Appointment) -> Iterator[Recipient]:
    """The patient; for somebody without a login, whoever looks after them, else their own phone, else who booked and
    looked after them then. The clinic's staff book for others, and are not told of it."""
    patient = appointment.patient
    if patient.user.has_email:
        yield Recipient(patient.user, patient.preferred_language)
        return
    told = False
    for guardian in guardians_of(patient):
        told = True
        yield Recipient(guardian.user, guardian.preferred_language)
    if told:
        return
    if patient.user.reachable_phone:
        yield Recipient(patient.user, patient.preferred_language)
    elif appointment.booked_by.has_email and has_looked_after(appointment.booked_by_id, patient):
        yield Recipient(appointment.booked_by, patient.preferred_language)


def doctor_side(appointment: Appointment) -> Iterator[Recipient]:
    yield Recipient(appointment.doctor.user, "en")


def managers(clinic: Clinic) -> Iterator[Recipient]:
    """Those who answer for the clinic's money; nobody whom the portal has shut out."""
    roles = (MembershipRole.OWNER, MembershipRole.MANAGER)
    memberships = Membership.objects.filter(clinic=clinic, role__in=roles, is_active=True)
    for membership in memberships.exclude(user__status=UserStatus.SUSPENDED).select_related("user"):
        yield Recipient(membership.user, "en")
