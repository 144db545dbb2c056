"""Inviting, accepting, roles, leaving and handing the ownership over: who may, and what stays as it was otherwise."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.services.users import reactivate_user, suspend_user
from clinics.exceptions import (
    InvitationClosed,
    InvitedAlready,
    LastOwner,
    NotTheInvited,
    NotYourPart,
    WorksHereAlready,
)
from clinics.invitation_tokens import hash_of, make_token
from clinics.models import InvitationState, Membership, MembershipRole, StaffInvitation
from clinics.selectors import invitation_by_token
from clinics.services import staff
from precta import clock
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db
ROLES = MembershipRole.values
# who → the roles of those whom they may invite, move and shut out
REACH = {
    "owner": {"owner", "manager", "front_desk", "pharmacist"},
    "manager": {"front_desk", "pharmacist"},
    "front_desk": set(),
    "pharmacist": set(),
}


@pytest.fixture
def people(cast):
    """One more of each role at Uzima, so that who acts and who is acted on are two."""
    return {role: factories.make_staff(cast.uzima, role, f"{role}@uzima.test") for role in ROLES}


def member(user, clinic):
    return Membership.objects.get(user=user, clinic=clinic)


def trail(clinic):
    with clinic_context(clinic):
        return list(AuditLog.objects.order_by("created_at", "pk").values_list("action", flat=True))


def events(clinic):
    with clinic_context(clinic):
        return list(OutboxEvent.objects.order_by("created_at", "pk").values_list("kind", flat=True))


def invite(cast, **given):
    given = {"clinic": cast.uzima, "by": cast.owner, "role": "front_desk", "email": "new@example.test"} | given
    return staff.invite(**given)


def token_of(invitation):
    return make_token(invitation.pk, invitation.sendings)


# Inviting


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_invites_those_in_its_reach_only(cast, people, actor, role):
    if role in REACH[actor]:
        invitation = invite(cast, by=people[actor], role=role)
        assert invitation.role == role and invitation.invited_by == people[actor]
        assert trail(cast.uzima) == ["staff.invited"] and events(cast.uzima) == ["staff.invited"]
        return
    with pytest.raises(NotYourPart):
        invite(cast, by=people[actor], role=role)
    assert not StaffInvitation.objects.exists() and not events(cast.uzima) and not trail(cast.uzima)


@pytest.mark.parametrize("who", ["patient", "doctor", "admin", "other_staff"])
def test_nobody_from_outside_invites(cast, who):
    user = factories.make_staff(cast.pwani, "owner") if who == "other_staff" else getattr(cast, who)
    with pytest.raises(NotYourPart):
        invite(cast, by=getattr(user, "user", user))
    assert not StaffInvitation.objects.exists()


def test_only_a_hash_of_the_token_is_kept_and_the_trail_has_no_address(cast):
    invitation = invite(cast)
    token = token_of(invitation)
    row = StaffInvitation.objects.filter(pk=invitation.pk).values().get()
    assert token not in str(row) and row["token_hash"] == hash_of(token)
    with clinic_context(cast.uzima):
        assert "new@example.test" not in str(list(AuditLog.objects.values()))
        assert token not in str(list(OutboxEvent.objects.values()))
    assert invitation_by_token(token) == invitation
    for guess in ("", "x", token[:-1], token + "A", invitation.pk, invitation.token_hash, "\ud800"):
        assert invitation_by_token(guess) is None


def test_one_open_invitation_per_clinic_and_address(cast):
    invite(cast)
    with pytest.raises(InvitedAlready):
        invite(cast, email="New@Example.test", role="pharmacist")
    staff.invite(
        clinic=cast.pwani, by=factories.make_staff(cast.pwani, "owner"), role="manager", email="new@example.test"
    )
    assert StaffInvitation.objects.count() == 2


def test_an_invitation_that_ran_out_makes_room_for_another(cast):
    old = invite(cast)
    later = clock.now() + staff.VALID_FOR
    new = invite(cast, now=later)
    old.refresh_from_db()
    assert old.state(later) == InvitationState.REVOKED and new.state(later) == InvitationState.OPEN


def test_who_works_here_already_is_not_invited(cast, people):
    with pytest.raises(WorksHereAlready):
        invite(cast, email="Manager@uzima.test")
    assert not StaffInvitation.objects.exists()


@pytest.mark.parametrize(
    "address", [{}, {"email": "a@example.test", "phone": "+254712345678"}, {"email": "A@example.test"}]
)
def test_an_invitation_has_one_address_in_small_letters(cast, address):
    now = clock.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        StaffInvitation.objects.create(
            clinic=cast.uzima, role="manager", invited_by=cast.owner, expires_at=now, token_hash="x", **address
        )


# Accepting


def test_the_invited_person_becomes_a_member_once(cast):
    invitation = invite(cast)
    user = factories.make_user("new@example.test")
    first = staff.accept_invitation(invitation=invitation, user=user)
    again = staff.accept_invitation(invitation=invitation_by_token(token_of(invitation)), user=user)
    assert first == again and first.role == "front_desk" and first.is_active
    assert trail(cast.uzima) == ["staff.invited", "staff.joined"]
    assert Membership.objects.filter(user=user).count() == 1


@pytest.mark.parametrize("why", ["another", "unverified"])
def test_nobody_else_accepts(cast, why):
    invitation = invite(cast)
    user = (
        factories.make_user("other@example.test")
        if why == "another"
        else factories.make_user("new@example.test", email_verified=False)
    )
    with pytest.raises(NotTheInvited):
        staff.accept_invitation(invitation=invitation, user=user)
    invitation.refresh_from_db()
    assert invitation.accepted_at is None and not Membership.objects.filter(user=user).exists()
    assert events(cast.uzima) == ["staff.invited"]


def test_an_invitation_by_phone_is_for_who_holds_the_phone(cast):
    invitation = invite(cast, email=None, phone="+254712345678")
    user = factories.make_user("new@example.test")
    for wrong in ("", "+254712345679"):
        with pytest.raises(NotTheInvited):
            staff.accept_invitation(invitation=invitation, user=user, confirmed_phone=wrong)
    holder = factories.make_user("holder@example.test", phone="+254712345678", phone_verified=True)
    assert staff.is_invited(invitation, holder)
    assert staff.accept_invitation(invitation=invitation, user=user, confirmed_phone="+254712345678").is_active


def test_an_invitation_lasts_seven_days(cast):
    now = clock.now()
    invitation = invite(cast, now=now)
    user = factories.make_user("new@example.test")
    with pytest.raises(InvitationClosed):
        staff.accept_invitation(invitation=invitation, user=user, now=now + timedelta(days=7))
    assert not Membership.objects.filter(user=user).exists()
    assert staff.accept_invitation(invitation=invitation, user=user, now=now + timedelta(days=7, seconds=-1))


@pytest.mark.parametrize("end", ["revoked", "declined"])
def test_what_was_answered_or_taken_back_cannot_be_used(cast, end):
    user, invitation = factories.make_user("new@example.test"), invite(cast)
    if end == "revoked":
        staff.revoke_invitation(invitation=invitation, by=cast.owner)
    else:
        staff.decline_invitation(invitation=invitation)
    for act in (
        lambda: staff.accept_invitation(invitation=invitation, user=user),
        lambda: staff.decline_invitation(invitation=invitation),
        lambda: staff.revoke_invitation(invitation=invitation, by=cast.owner),
        lambda: staff.resend_invitation(invitation=invitation, by=cast.owner),
    ):
        with pytest.raises(InvitationClosed):
            act()
    assert not Membership.objects.filter(user=user).exists()
    assert events(cast.uzima) == ["staff.invited"] + ["staff.invitation_declined"] * (end == "declined")


def test_somebody_elses_acceptance_closes_it(cast):
    invitation = invite(cast, email=None, phone="+254712345678")
    staff.accept_invitation(invitation=invitation, user=factories.make_user(), confirmed_phone="+254712345678")
    with pytest.raises(InvitationClosed):
        staff.accept_invitation(invitation=invitation, user=factories.make_user(), confirmed_phone="+254712345678")


def test_nobody_joins_a_suspended_clinic(cast):
    invitation = invite(cast)
    user = factories.make_user("new@example.test")
    type(cast.uzima).objects.filter(pk=cast.uzima.pk).update(status="suspended")
    with pytest.raises(InvitationClosed):
        staff.accept_invitation(invitation=invitation, user=user)


def test_nobody_joins_by_the_word_of_a_suspended_account(cast, at_platform, people):
    """Whoever stole an owner's account must not come in by it after it was stopped."""
    invitation = invite(cast, by=people["owner"], role="owner", email="thief@example.test")
    thief = factories.make_user("thief@example.test")
    suspend_user(user=people["owner"], by=cast.admin)
    with pytest.raises(InvitationClosed):
        staff.accept_invitation(invitation=StaffInvitation.objects.get(pk=invitation.pk), user=thief)
    page = at_platform(thief).get(f"/join/staff/{token_of(invitation)}/")
    assert page.status_code == 410 and "taken back" in page.content.decode()
    reactivate_user(user=people["owner"], by=cast.admin)
    assert staff.accept_invitation(invitation=StaffInvitation.objects.get(pk=invitation.pk), user=thief).role == "owner"


def test_who_was_shut_out_comes_back_in_the_invited_role_and_who_is_in_keeps_theirs(cast, people):
    desk = people["front_desk"]
    staff.deactivate(membership=member(desk, cast.uzima), by=cast.owner)
    back = staff.accept_invitation(invitation=invite(cast, email=desk.email, role="manager"), user=desk)
    assert back.role == "manager" and back.is_active
    by_phone = invite(cast, email=None, phone="+254712345678", role="owner")
    assert staff.accept_invitation(invitation=by_phone, user=desk, confirmed_phone="+254712345678").role == "manager"
    assert Membership.objects.filter(user=desk).count() == 1


def test_a_new_link_ends_the_one_before_and_opens_what_ran_out(cast, people):
    invitation = invite(cast)
    old = token_of(invitation)
    shown = invitation_by_token(old)
    later = clock.now() + timedelta(days=8)
    again = staff.resend_invitation(invitation=invitation, by=people["manager"], now=later)
    assert invitation_by_token(old) is None and invitation_by_token(token_of(again)) == again
    assert again.state(later) == InvitationState.OPEN and again.invited_by == people["manager"]
    user = factories.make_user("new@example.test")
    with pytest.raises(InvitationClosed):
        staff.accept_invitation(invitation=shown, user=user, now=later)


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_an_invitation_is_sent_again_or_taken_back_by_those_who_could_make_it(cast, people, actor, role):
    invitation = invite(cast, role=role)
    for act in (staff.resend_invitation, staff.revoke_invitation):
        if role in REACH[actor]:
            act(invitation=invitation, by=people[actor])
        else:
            with pytest.raises(NotYourPart):
                act(invitation=invitation, by=people[actor])
    invitation.refresh_from_db()
    assert (invitation.revoked_at is not None) == (role in REACH[actor])


# Roles and access


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("was", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_moves_those_in_its_reach_within_its_reach(cast, people, actor, was, role):
    target = member(factories.make_staff(cast.uzima, was), cast.uzima)
    if {was, role} <= REACH[actor]:
        staff.change_role(membership=target, role=role, by=people[actor])
        expected = role
    else:
        with pytest.raises(NotYourPart):
            staff.change_role(membership=target, role=role, by=people[actor])
        expected = was
        assert not events(cast.uzima) and not trail(cast.uzima)
    target.refresh_from_db()
    assert target.role == expected


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_shuts_out_those_in_its_reach_and_lets_them_in_again(cast, people, actor, role):
    target = member(factories.make_staff(cast.uzima, role), cast.uzima)
    for act, active in ((staff.deactivate, False), (staff.reactivate, True)):
        Membership.objects.filter(pk=target.pk).update(is_active=not active)
        if role in REACH[actor]:
            act(membership=target, by=people[actor])
        else:
            with pytest.raises(NotYourPart):
                act(membership=target, by=people[actor])
        target.refresh_from_db()
        assert target.is_active == (active if role in REACH[actor] else not active)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_their_own_role_or_access(cast, people, role):
    own = member(people[role], cast.uzima)
    for act in (
        lambda: staff.change_role(membership=own, role="pharmacist", by=people[role]),
        lambda: staff.deactivate(membership=own, by=people[role]),
    ):
        with pytest.raises(NotYourPart):
            act()
    own.refresh_from_db()
    assert own.role == role and own.is_active


def test_staff_of_another_clinic_touch_nobody(cast, people):
    stranger = factories.make_staff(cast.pwani, "owner")
    target = member(people["front_desk"], cast.uzima)
    for act in (
        lambda: staff.change_role(membership=target, role="owner", by=stranger),
        lambda: staff.deactivate(membership=target, by=stranger),
        lambda: staff.transfer_ownership(clinic=cast.uzima, by=stranger, to=target),
        lambda: staff.transfer_ownership(clinic=cast.pwani, by=stranger, to=target),
    ):
        with pytest.raises(NotYourPart):
            act()
    target.refresh_from_db()
    assert target.role == "front_desk" and target.is_active


def test_a_suspended_or_former_owner_changes_nothing(cast, people):
    target = member(people["front_desk"], cast.uzima)
    people["owner"].status = "suspended"
    with pytest.raises(NotYourPart):
        staff.deactivate(membership=target, by=people["owner"])
    people["owner"].status = "active"
    staff.deactivate(membership=member(people["owner"], cast.uzima), by=cast.owner)
    with pytest.raises(NotYourPart):
        staff.deactivate(membership=target, by=people["owner"])


def test_who_loses_the_right_to_invite_takes_their_open_invitations_along(cast, people):
    made = [
        invite(cast, by=people["owner"], role="manager", email="a@example.test"),
        invite(cast, by=people["owner"], role="front_desk", email="b@example.test"),
        invite(cast, by=cast.owner, role="manager", email="c@example.test"),
    ]

    def still_open():
        return [StaffInvitation.objects.get(pk=one.pk).revoked_at is None for one in made]

    staff.change_role(membership=member(people["owner"], cast.uzima), role="manager", by=cast.owner)
    assert still_open() == [False, True, True]
    staff.leave(clinic=cast.uzima, user=people["owner"])
    assert still_open() == [False, False, True]


# Leaving and handing over


@pytest.mark.parametrize("role", ROLES)
def test_any_member_but_the_last_owner_leaves(cast, people, role):
    staff.leave(clinic=cast.uzima, user=people[role])
    assert not member(people[role], cast.uzima).is_active
    assert trail(cast.uzima) == ["staff.left"] and events(cast.uzima) == ["staff.left"]
    staff.leave(clinic=cast.uzima, user=people[role])
    assert events(cast.uzima) == ["staff.left"]


def test_the_last_owner_stays_until_the_ownership_is_handed_over(cast):
    with pytest.raises(LastOwner):
        staff.leave(clinic=cast.uzima, user=cast.owner)
    assert member(cast.owner, cast.uzima).is_active and not events(cast.uzima)
    staff.transfer_ownership(clinic=cast.uzima, by=cast.owner, to=member(cast.staff, cast.uzima))
    assert member(cast.staff, cast.uzima).role == "owner" and member(cast.owner, cast.uzima).role == "manager"
    staff.leave(clinic=cast.uzima, user=cast.owner)
    assert trail(cast.uzima) == ["ownership.transferred", "staff.left"]


def test_an_owner_who_cannot_sign_in_does_not_count(cast, people):
    type(cast.owner).objects.filter(pk=people["owner"].pk).update(status="suspended")
    with pytest.raises(LastOwner):
        staff.leave(clinic=cast.uzima, user=cast.owner)


@pytest.mark.parametrize("role", ["manager", "front_desk", "pharmacist"])
def test_only_an_owner_hands_over(cast, people, role):
    with pytest.raises(NotYourPart):
        staff.transfer_ownership(clinic=cast.uzima, by=people[role], to=member(cast.staff, cast.uzima))
    assert member(cast.staff, cast.uzima).role == "front_desk"


@pytest.mark.parametrize("why", ["self", "inactive", "suspended", "elsewhere"])
def test_the_ownership_goes_to_an_active_member_of_the_clinic(cast, people, why):
    heir = member(
        {"self": cast.owner, "elsewhere": factories.make_staff(cast.pwani)}.get(why, cast.staff),
        cast.pwani if why == "elsewhere" else cast.uzima,
    )
    if why == "inactive":
        Membership.objects.filter(pk=heir.pk).update(is_active=False)
    if why == "suspended":
        type(cast.staff).objects.filter(pk=cast.staff.pk).update(status="suspended")
    with pytest.raises(NotYourPart):
        staff.transfer_ownership(clinic=cast.uzima, by=cast.owner, to=heir)
    assert member(cast.owner, cast.uzima).role == "owner" and not events(cast.uzima)
