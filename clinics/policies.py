"""Who may do what at a clinic: decided by the Membership alone, written as two tables (docs/permissions.md)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic, Membership, MembershipRole

OWNER, MANAGER, DESK, PHARMACIST = MembershipRole
RUNS_IT = frozenset({OWNER, MANAGER})
SEES_PATIENTS = frozenset({OWNER, MANAGER, DESK})
OWNS_IT = frozenset({OWNER})
# Who dispenses needs what was prescribed; the owner answers for it to the authorities. Nobody else does.
DISPENSES = frozenset({OWNER, PHARMACIST})
KEEPS_CATALOGUE = frozenset({OWNER, MANAGER, PHARMACIST})

# model → action → roles, in the clinic's own admin. What is not written here nobody may. Nothing is ever deleted,
# and money, visits, hours of doctors and the trail change through services only, so they are for viewing here.
PERMISSIONS: dict[str, dict[str, frozenset[MembershipRole]]] = {
    "appointments.appointment": {"view": SEES_PATIENTS},
    "appointments.doctoravailability": {"view": SEES_PATIENTS},
    "appointments.timeoff": {"view": SEES_PATIENTS},
    "payments.payment": {"view": SEES_PATIENTS},
    "payments.refund": {"view": SEES_PATIENTS},
    "accounts.clinicpatient": {"view": SEES_PATIENTS},
    "pharmacy.prescription": {"view": DISPENSES},
    "pharmacy.medicine": {"view": KEEPS_CATALOGUE, "add": KEEPS_CATALOGUE, "change": KEEPS_CATALOGUE},
    "pharmacy.order": {"view": DISPENSES},
    "accounts.doctor": {"view": frozenset(MembershipRole)},
    "clinics.clinic": {"view": frozenset(MembershipRole), "change": RUNS_IT},
    "clinics.membership": {"view": RUNS_IT},
    "audit.auditlog": {"view": RUNS_IT},
    "clinics.emergencyaccess": {"view": RUNS_IT},
}

# What is done through services, on pages of their own: capability → roles.
CAPABILITIES: dict[str, frozenset[MembershipRole]] = {
    "visits.view": SEES_PATIENTS,
    "visits.book": SEES_PATIENTS,
    "visits.move": SEES_PATIENTS,
    "visits.cancel": SEES_PATIENTS,
    "visits.attend": SEES_PATIENTS,
    "patients.view": SEES_PATIENTS,
    "patients.link": SEES_PATIENTS,
    "payments.view": SEES_PATIENTS,
    "payments.take_cash": SEES_PATIENTS,
    "payments.hand_back_cash": SEES_PATIENTS,
    "payments.retry_refund": SEES_PATIENTS,
    "payments.refund": RUNS_IT,
    "prescriptions.view": DISPENSES,
    "pharmacy.catalogue": KEEPS_CATALOGUE,
    "orders.view": DISPENSES,
    "orders.dispense": DISPENSES,
    "orders.cancel": DISPENSES,
    "availability.view": SEES_PATIENTS,
    "availability.edit": RUNS_IT,
    "doctors.accept": RUNS_IT,
    "clinic.settings": RUNS_IT,
    "figures.view": RUNS_IT,
    "exports": RUNS_IT,
    "audit.view": RUNS_IT,
    "staff.manage": RUNS_IT,
    "staff.manage_leaders": OWNS_IT,
    "staff.transfer": OWNS_IT,
}

CAPABILITY_WORDS = {
    "visits.view": _("See the day and the visits of all doctors"),
    "visits.book": _("Book a visit for a walk-in or a caller"),
    "visits.move": _("Move a visit"),
    "visits.cancel": _("Cancel a visit, with the refund that the clinic's rules give"),
    "visits.attend": _("Mark a patient as arrived or not come"),
    "patients.view": _("See the patients of this clinic"),
    "patients.link": _("Add a patient, or link one by phone and code"),
    "payments.view": _("See payments and refunds"),
    "payments.take_cash": _("Take cash"),
    "payments.hand_back_cash": _("Hand back cash that the clinic owes"),
    "payments.retry_refund": _("Send a failed refund again"),
    "payments.refund": _("Pay back more than the clinic's rules give"),
    "prescriptions.view": _("See prescriptions, to dispense and to answer for them"),
    "pharmacy.catalogue": _("Keep the catalogue of medicines: prices, stock and batches"),
    "orders.view": _("See orders of medicines"),
    "orders.dispense": _("Prepare, dispense and send orders"),
    "orders.cancel": _("Cancel orders or lines of them, with the money back"),
    "availability.view": _("See the working hours and the time off of doctors"),
    "availability.edit": _("Change the working hours and the time off of doctors"),
    "doctors.accept": _("Accept a doctor at this clinic or refuse them"),
    "clinic.settings": _("Change the clinic's page, hours and rules"),
    "figures.view": _("See the clinic's figures"),
    "exports": _("Export lists"),
    "audit.view": _("Read the audit trail"),
    "staff.manage": _("Invite and manage front desk and pharmacists"),
    "staff.manage_leaders": _("Invite and manage owners and managers"),
    "staff.transfer": _("Hand over the ownership of the clinic"),
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


def can(membership: Membership | None, capability: str) -> bool:
    """Whether the role holds `capability`, a key of CAPABILITIES. Raises KeyError for one that is not written there."""
    roles = CAPABILITIES[capability]
    return membership is not None and membership.is_active and membership.role in roles


def require(request: HttpRequest, capability: str) -> Membership:
    """The membership of who asks at this clinic. Raises PermissionDenied when it does not hold `capability`."""
    membership = request_membership(request)
    if membership is None or not can(membership, capability):
        raise PermissionDenied
    return membership


def capability_required(capability: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """For a view inside `clinic_admin.admin_view`, which asks strangers to sign in: 403 without the capability."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            require(request, capability)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def may_give_role(membership: Membership | None, role: str) -> bool:
    """Whether the person may invite somebody in `role`, or put somebody into it."""
    return can(membership, "staff.manage_leaders" if role in RUNS_IT else "staff.manage")


def may_manage(membership: Membership | None, other: Membership) -> bool:
    """Whether the person may change the role or the access of `other`: of their clinic, in reach, never their own."""
    return (
        membership is not None
        and membership.clinic_id == other.clinic_id
        and membership.user_id != other.user_id
        and may_give_role(membership, other.role)
    )
