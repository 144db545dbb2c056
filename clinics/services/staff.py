"""Who works at a clinic: inviting, accepting, roles, leaving, handing the ownership over.

Every change takes the clinic's row first, so that two changes to one clinic's staff never overlap: the rules (an owner
is always left, one membership a person) hold without further locks. What happens is written into the clinic's own trail
and told by the handlers of the `staff.*` events.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from clinics.exceptions import (
    InvitationClosed,
    InvitedAlready,
    LastOwner,
    NotTheInvited,
    NotYourPart,
    WorksHereAlready,
)
from clinics.invitation_tokens import hash_of, make_token
from clinics.models import Clinic, InvitationState, Membership, MembershipRole, StaffInvitation
from clinics.policies import can, may_give_role, may_manage, membership_of
from precta import clock
from precta.audit.services import record
from precta.ids import new_id
from precta.outbox.services import emit
from precta.tenancy import clinic_context, public_context

VALID_FOR = timedelta(days=7)


@contextmanager
def _staff_of(clinic_id: str) -> Iterator[Clinic]:
    """One change at a time to the staff of a clinic."""
    with public_context(), transaction.atomic():
        yield Clinic.objects.select_for_update(no_key=True).get(pk=clinic_id)


def invite(
    *,
    clinic: Clinic,
    by: Any,
    role: str,
    email: str | None = None,
    phone: Any | None = None,
    language: str = "en",
    now: datetime | None = None,
) -> StaffInvitation:
    """Ask the person with this e-mail, or with this phone, to work at the clinic; the link is valid for seven days.

    Exactly one of `email` and `phone` is given. `language` is that of the letter when the person has no account yet.
    Raises NotYourPart, WorksHereAlready, InvitedAlready.
    """
    now = now or clock.now()
    email = email.strip().lower() if email else None
    with _staff_of(clinic.pk) as locked:
        if not may_give_role(membership_of(by, locked), role):
            raise NotYourPart
        address = Q(email=email) if email else Q(phone=phone)
        owner_of_address = Q(user__email=email) if email else Q(user__phone=phone)
        if Membership.objects.filter(owner_of_address, clinic=locked, is_active=True).exists():
            raise WorksHereAlready
        for earlier in StaffInvitation.objects.unanswered().filter(address, clinic=locked):
            if earlier.state(now) == InvitationState.OPEN:
                raise InvitedAlready
            _end(earlier, by=by, now=now)
        invitation = StaffInvitation(
            id=new_id(),
            clinic=locked,
            email=email,
            phone=None if email else phone,
            role=role,
            language=language,
            invited_by=by,
            created_at=now,
            expires_at=now + VALID_FOR,
        )
        invitation.token_hash = hash_of(make_token(invitation.pk, invitation.sendings))
        invitation.save(force_insert=True)
        _note("staff.invited", invitation, by=by, details={"role": role, "by": "email" if email else "phone"})
        _tell(locked, "staff.invited", invitation_id=invitation.pk, sending=invitation.sendings)
    return invitation


def resend_invitation(*, invitation: StaffInvitation, by: Any, now: datetime | None = None) -> StaffInvitation:
    """Send another link, valid for seven days from now; the one before leads nowhere any more.

    An invitation that ran out is open again. Raises NotYourPart, InvitationClosed, WorksHereAlready.
    """
    now = now or clock.now()
    with _staff_of(invitation.clinic_id) as clinic:
        found = _unanswered(invitation)
        if not may_give_role(membership_of(by, clinic), found.role):
            raise NotYourPart
        whose = Q(user__email=found.email) if found.email else Q(user__phone=found.phone)
        if Membership.objects.filter(whose, clinic=clinic, is_active=True).exists():
            raise WorksHereAlready
        found.sendings += 1
        found.token_hash = hash_of(make_token(found.pk, found.sendings))
        found.expires_at = now + VALID_FOR
        found.delivered_at = None
        # Who sends it answers for it: the one who invited first may have left since.
        found.invited_by = by
        found.save(update_fields=["sendings", "token_hash", "expires_at", "delivered_at", "invited_by"])
        _note("staff.invitation_resent", found, by=by, details={"sending": found.sendings})
        _tell(clinic, "staff.invited", invitation_id=found.pk, sending=found.sendings)
    return found


def revoke_invitation(*, invitation: StaffInvitation, by: Any, now: datetime | None = None) -> None:
    """End an invitation; its link says so. Raises NotYourPart, InvitationClosed."""
    with _staff_of(invitation.clinic_id) as clinic:
        found = _unanswered(invitation)
        if not may_give_role(membership_of(by, clinic), found.role):
            raise NotYourPart
        _end(found, by=by, now=now or clock.now())


def is_invited(invitation: StaffInvitation, user: Any, *, confirmed_phone: str = "") -> bool:
    """Whether the person has proved the invited address: their verified e-mail, their verified phone, or the phone
    (E.164) whose code they have just typed."""
    if invitation.email:
        return bool(user.email_verified) and user.email.lower() == invitation.email
    own = str(user.phone) if user.phone and user.phone_verified else ""
    return str(invitation.phone) in {own, confirmed_phone} - {""}


def is_backed(invitation: StaffInvitation) -> bool:
    """Whether who sent it may still give the role: not so while their account is suspended, perhaps as a stolen one."""
    return may_give_role(membership_of(invitation.invited_by, invitation.clinic), invitation.role)


def accept_invitation(
    *, invitation: StaffInvitation, user: Any, confirmed_phone: str = "", now: datetime | None = None
) -> Membership:
    """Make the invited person a member of the clinic; accepting again gives the same membership.

    Somebody who works here already keeps their role; who was shut out before comes back in the invited one.
    Raises InvitationClosed, NotTheInvited.
    """
    now = now or clock.now()
    with _staff_of(invitation.clinic_id) as clinic:
        found = StaffInvitation.objects.get(pk=invitation.pk)
        # A link that was sent again since may not be used in its earlier form.
        if found.token_hash != invitation.token_hash:
            raise InvitationClosed
        membership = Membership.objects.filter(user=user, clinic=clinic).first()
        if found.accepted_by_id == user.pk and membership is not None and membership.is_active:
            return membership
        if found.state(now) != InvitationState.OPEN or not clinic.is_open or not is_backed(found):
            raise InvitationClosed
        if not is_invited(found, user, confirmed_phone=confirmed_phone):
            raise NotTheInvited
        found.accepted_at, found.accepted_by = now, user
        found.save(update_fields=["accepted_at", "accepted_by"])
        if membership is None:
            membership = Membership.objects.create(user=user, clinic=clinic, role=found.role)
        elif not membership.is_active:
            membership.role, membership.is_active = found.role, True
            membership.save(update_fields=["role", "is_active"])
        _note("staff.joined", membership, by=user, details={"role": membership.role, "invitation": found.pk})
        _tell(clinic, "staff.joined", membership_id=membership.pk, invited_by=found.invited_by_id)
    return membership


def decline_invitation(*, invitation: StaffInvitation, user: Any | None = None, now: datetime | None = None) -> None:
    """Whoever holds the link says no, signed in or not. Raises InvitationClosed."""
    now = now or clock.now()
    with _staff_of(invitation.clinic_id) as clinic:
        found = _unanswered(invitation)
        if found.state(now) != InvitationState.OPEN or found.token_hash != invitation.token_hash:
            raise InvitationClosed
        found.declined_at = now
        found.save(update_fields=["declined_at"])
        _note("staff.invitation_declined", found, by=user)
        _tell(clinic, "staff.invitation_declined", invitation_id=found.pk)


def change_role(*, membership: Membership, role: str, by: Any, now: datetime | None = None) -> Membership:
    """Put a member into another role. Nobody changes their own. Raises NotYourPart, LastOwner."""
    with _staff_of(membership.clinic_id) as clinic:
        found = _in_reach(membership, clinic, by)
        if not may_give_role(membership_of(by, clinic), role):
            raise NotYourPart
        was = found.role
        if was == role:
            return found
        found.role = role
        found.save(update_fields=["role"])
        _owner_is_left(clinic)
        _end_invitations_out_of_reach(found, by=by, now=now or clock.now())
        _note("staff.role_changed", found, by=by, details={"was": was, "role": role})
        _tell(clinic, "staff.role_changed", membership_id=found.pk, was=was, role=role)
    return found


def deactivate(*, membership: Membership, by: Any, now: datetime | None = None) -> Membership:
    """End a member's access at once; the row stays, and so does what they did. Raises NotYourPart, LastOwner."""
    with _staff_of(membership.clinic_id) as clinic:
        found = _in_reach(membership, clinic, by)
        if found.is_active:
            _shut_out(found, clinic, by=by, now=now or clock.now())
            _note("staff.deactivated", found, by=by, details={"role": found.role})
            _tell(clinic, "staff.deactivated", membership_id=found.pk)
    return found


def reactivate(*, membership: Membership, by: Any) -> Membership:
    """Let a former member in again, in the role they had. Raises NotYourPart."""
    with _staff_of(membership.clinic_id) as clinic:
        found = _in_reach(membership, clinic, by)
        if not found.is_active:
            found.is_active = True
            found.save(update_fields=["is_active"])
            _note("staff.reactivated", found, by=by, details={"role": found.role})
            _tell(clinic, "staff.reactivated", membership_id=found.pk)
    return found


def leave(*, clinic: Clinic, user: Any, now: datetime | None = None) -> None:
    """End one's own membership; quiet when there is none. Raises LastOwner: the ownership is handed over first."""
    with _staff_of(clinic.pk) as locked:
        found = membership_of(user, locked)
        if found is None:
            return
        _shut_out(found, locked, by=user, now=now or clock.now())
        _note("staff.left", found, by=user, details={"role": found.role})
        _tell(locked, "staff.left", membership_id=found.pk)


def transfer_ownership(*, clinic: Clinic, by: Any, to: Membership, now: datetime | None = None) -> Membership:
    """Make an active member the owner; who hands over stays as a manager. Raises NotYourPart."""
    with _staff_of(clinic.pk) as locked:
        giver = membership_of(by, locked)
        heir = Membership.objects.select_related("user").filter(pk=to.pk, clinic=locked, is_active=True).first()
        if giver is None or not can(giver, "staff.transfer"):
            raise NotYourPart
        if heir is None or heir.user_id == giver.user_id or not heir.user.is_active:
            raise NotYourPart
        was = heir.role
        heir.role, giver.role = MembershipRole.OWNER, MembershipRole.MANAGER
        heir.save(update_fields=["role"])
        giver.save(update_fields=["role"])
        _owner_is_left(locked)
        _end_invitations_out_of_reach(giver, by=by, now=now or clock.now())
        _note("ownership.transferred", heir, by=by, details={"from": giver.pk, "was": was})
        _tell(locked, "ownership.transferred", membership_id=heir.pk, from_id=giver.pk)
    return heir


def _unanswered(invitation: StaffInvitation) -> StaffInvitation:
    found = StaffInvitation.objects.unanswered().filter(pk=invitation.pk).first()
    if found is None:
        raise InvitationClosed
    return found


def _in_reach(membership: Membership, clinic: Clinic, by: Any) -> Membership:
    found = Membership.objects.get(pk=membership.pk, clinic=clinic)
    if not may_manage(membership_of(by, clinic), found):
        raise NotYourPart
    return found


def _shut_out(membership: Membership, clinic: Clinic, *, by: Any, now: datetime) -> None:
    membership.is_active = False
    membership.save(update_fields=["is_active"])
    _owner_is_left(clinic)
    _end_invitations_out_of_reach(membership, by=by, now=now)


def _owner_is_left(clinic: Clinic) -> None:
    owners = Membership.objects.filter(clinic=clinic, role=MembershipRole.OWNER, is_active=True)
    if not owners.exclude(user__status="suspended").exists():
        raise LastOwner


def _end_invitations_out_of_reach(membership: Membership, *, by: Any, now: datetime) -> None:
    """Nobody comes in by the word of somebody who may not say it any more."""
    mine = StaffInvitation.objects.unanswered().filter(clinic=membership.clinic_id, invited_by=membership.user_id)
    for invitation in mine:
        if not may_give_role(membership, invitation.role):
            _end(invitation, by=by, now=now)


def _end(invitation: StaffInvitation, *, by: Any, now: datetime) -> None:
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])
    _note("staff.invitation_revoked", invitation, by=by)


def _note(
    action: str, row: Membership | StaffInvitation, *, by: Any | None, details: dict[str, Any] | None = None
) -> None:
    """Into the clinic's own trail: ids and roles, never an address."""
    with clinic_context(row.clinic):
        record(action, resource=row, user=by, details=details)


def _tell(clinic: Clinic, kind: str, **ids: Any) -> None:
    with clinic_context(clinic):
        emit(kind, **ids)
