"""Reading who works at a clinic, who is asked to, and who wants to join with one."""

from typing import Any

from django.db.models import QuerySet

from clinics.invitation_tokens import hash_of
from clinics.models import Clinic, ClinicApplication, Membership, MembershipRole, StaffInvitation


def staff_of(clinic: Clinic) -> QuerySet[Membership]:
    """Everybody who works or worked at the clinic, those who do first."""
    return Membership.objects.filter(clinic=clinic).select_related("user").order_by("-is_active", "created_at", "pk")


def leaders(clinic: Clinic, *roles: MembershipRole) -> list[Any]:
    """The users who lead the clinic, its owners and managers (or of them those in `roles`): whoever works there now and
    can sign in."""
    roles = roles or (MembershipRole.OWNER, MembershipRole.MANAGER)
    leading = Membership.objects.filter(clinic=clinic, role__in=roles, is_active=True)
    return [one.user for one in leading.exclude(user__status="suspended").select_related("user__patient")]


def unanswered_invitations(clinic: Clinic) -> QuerySet[StaffInvitation]:
    """Those that wait for an answer or ran out, the newest first."""
    waiting = StaffInvitation.objects.unanswered().filter(clinic=clinic).select_related("invited_by")
    return waiting.order_by("-created_at", "-pk")


def invitation_by_token(token: str) -> StaffInvitation | None:
    """The invitation to which this link leads, whatever became of it."""
    found = StaffInvitation.objects.filter(token_hash=hash_of(token)).select_related("clinic", "invited_by")
    return found.first()


def application_of(user: Any) -> ClinicApplication | None:
    """The person's open application, else the newest that became a clinic."""
    mine = ClinicApplication.objects.of(user).select_related("clinic")
    return mine.open().first() or mine.order_by("-decided_at").first()


def open_application_of(user: Any) -> ClinicApplication | None:
    return ClinicApplication.objects.of(user).open().first()


def same_licence(application: ClinicApplication) -> list[ClinicApplication]:
    """Other applications that were sent with this licence number, however it was spaced."""
    others = ClinicApplication.objects.sent().filter(licence_key=application.licence_key).exclude(pk=application.pk)
    return list(others.order_by("-submitted_at")[:5])


def same_name(application: ClinicApplication) -> list[Clinic]:
    """Clinics that are called the same in the same town."""
    return list(Clinic.objects.filter(name__iexact=application.name, city__iexact=application.city)[:5])
