"""Who may do what with visits. Selectors cannot see beyond these answers; views turn a refusal into 403 or 404."""

from datetime import datetime

from accounts.models import Doctor, Role, User
from appointments.models import Appointment, AppointmentStatus
from appointments.services.rescheduling import last_moment_to_move
from clinics.models import Clinic


def workspace_doctor(user: User, clinic: Clinic) -> Doctor | None:
    """The doctor whose workspace `user` may open at `clinic`; None for everybody else.

    Only a doctor of this very clinic has one, and nobody whose verification was refused or withdrawn. A doctor who
    waits for it may prepare hours, and finish notes of visits before a licence lapsed: what else shows patients asks
    `may_doctor_see_records` or `Doctor.is_verified`.
    """
    if not user.is_authenticated or user.role != Role.DOCTOR or not user.is_active:
        return None
    doctor = Doctor.objects.filter(pk=user.pk, clinic=clinic).first()
    if doctor is None or not doctor.has_workspace:
        return None
    doctor.clinic = clinic
    doctor.user = user
    return doctor


# While it is only held, the doctor has no patient yet; after a cancelled or missed visit no longer.
SHOWS_RECORDS = frozenset({AppointmentStatus.CONFIRMED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED})


def may_doctor_see_records(visit: Appointment) -> bool:
    """Whether the visit lets its doctor see the patient's records at this clinic: only while the doctor is verified
    and still there."""
    doctor = visit.doctor
    return visit.status in SHOWS_RECORDS and doctor.is_verified and doctor.clinic_id == visit.clinic_id


def may_patient_cancel(appointment: Appointment, *, now: datetime) -> bool:
    """Whether the patient's side may still cancel: held or confirmed, and before the visit's time."""
    return (
        appointment.status in {AppointmentStatus.PENDING_PAYMENT, AppointmentStatus.CONFIRMED}
        and appointment.scheduled_at > now
    )


def may_patient_move(appointment: Appointment, *, now: datetime) -> bool:
    """Whether the patient's side may still move: confirmed, and before the clinic's last moment for it."""
    return appointment.status == AppointmentStatus.CONFIRMED and now <= last_moment_to_move(appointment)
