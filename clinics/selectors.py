"""Reading who works at a clinic and who is asked to."""

from django.db.models import QuerySet

from clinics.invitation_tokens import hash_of
from clinics.models import Clinic, Membership, StaffInvitation


def staff_of(clinic: Clinic) -> QuerySet[Membership]:
    """Everybody who works or worked at the clinic, those who do first."""
    return Membership.objects.filter(clinic=clinic).select_related("user").order_by("-is_active", "created_at", "pk")


def unanswered_invitations(clinic: Clinic) -> QuerySet[StaffInvitation]:
    """Those that wait for an answer or ran out, the newest first."""
    waiting = StaffInvitation.objects.unanswered().filter(clinic=clinic).select_related("invited_by")
    return waiting.order_by("-created_at", "-pk")


def invitation_by_token(token: str) -> StaffInvitation | None:
    """The invitation to which this link leads, whatever became of it."""
    found = StaffInvitation.objects.filter(token_hash=hash_of(token)).select_related("clinic", "invited_by")
    return found.first()
