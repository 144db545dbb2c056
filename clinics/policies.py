"""Who may do what at a clinic: decided by the Membership alone, written as one table."""

from typing import Any

from django.http import HttpRequest

from clinics.models import Clinic, Membership, MembershipRole

OWNER, MANAGER, DESK, PHARMACIST = MembershipRole
RUNS_IT = frozenset({OWNER, MANAGER})
SEES_PATIENTS = frozenset({OWNER, MANAGER, DESK})

# model → action → roles, in the clinic's own admin. What is not written here nobody may. Nothing is ever deleted,
# and money, visits, hours of doctors and the trail change through services only, so they are for viewing here.
PERMISSIONS: dict[str, dict[str, frozenset[MembershipRole]]] = {
    "appointments.appointment": {"view": SEES_PATIENTS},
    "appointments.doctoravailability": {"view": SEES_PATIENTS},
    "appointments.timeoff": {"view": SEES_PATIENTS},
    "payments.payment": {"view": SEES_PATIENTS},
    "payments.refund": {"view": SEES_PATIENTS},
    "accounts.clinicpatient": {"view": SEES_PATIENTS},
    "accounts.doctor": {"view": frozenset(MembershipRole)},
    "clinics.clinic": {"view": frozenset(MembershipRole), "change": RUNS_IT},
    "clinics.membership": {"view": RUNS_IT},
    "audit.auditlog": {"view": RUNS_IT},
}


def membership_of(user: Any, clinic: Clinic) -> Membership | None:
    """The person's active membership of that clinic."""
    if not user.is_authenticated or user.status == "suspended":
        return None
    return Membership.objects.filter(user_id=user.pk, clinic_id=clinic.pk, is_active=True).first()


def request_membership(request: HttpRequest) -> Membership | None:
    """The membership of who asks, of the clinic whose host is asked; looked up once a request."""
    if not hasattr(request, "_membership"):
        clinic = getattr(request, "clinic", None)
        found = membership_of(request.user, clinic) if clinic is not None else None
        request._membership = found  # type: ignore[attr-defined]
    return request._membership  # type: ignore[attr-defined]


def may(membership: Membership | None, action: str, model_label: str) -> bool:
    """Whether the role may do `action` (view, add, change) to rows of `model_label` (`app.model`)."""
    if membership is None:
        return False
    return membership.role in PERMISSIONS.get(model_label, {}).get(action, frozenset())
