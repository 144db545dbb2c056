"""Changes to a clinic's staff at the same moment, in real threads and transactions: the rules hold."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from clinics.exceptions import InvitationClosed, InvitedAlready, LastOwner, NotYourPart, StaffError
from clinics.models import Membership, StaffInvitation
from clinics.services import staff
from precta.audit.models import AuditLog
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run all `acts` at the same moment; what each returned or raised."""
    start = Barrier(len(acts))

    def run(act):
        try:
            start.wait(10)
            return act()
        except StaffError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def count(clinic, action):
    with clinic_context(clinic):
        return AuditLog.objects.filter(action=action).count()


def test_of_two_owners_who_leave_at_once_one_stays(uzima):
    owners = [factories.make_staff(uzima, "owner") for _ in range(2)]
    found = at_once(*(lambda user=user: staff.leave(clinic=uzima, user=user) for user in owners))
    assert sorted(type(one).__name__ for one in found) == ["LastOwner", "NoneType"]
    assert isinstance(next(one for one in found if one), LastOwner)
    assert Membership.objects.filter(clinic=uzima, role="owner", is_active=True).count() == 1
    assert count(uzima, "staff.left") == 1


def test_of_two_owners_who_shut_each_other_out_one_stays(uzima):
    first, second = (factories.make_staff(uzima, "owner") for _ in range(2))
    pairs = ((first, second), (second, first))
    found = at_once(
        *(lambda by=by, whom=whom: staff.deactivate(membership=whom.memberships.get(), by=by) for by, whom in pairs)
    )
    assert sum(isinstance(one, NotYourPart) for one in found) == 1
    assert Membership.objects.filter(clinic=uzima, role="owner", is_active=True).count() == 1


def test_an_ownership_handed_to_four_at_once_goes_to_one(uzima):
    owner = factories.make_staff(uzima, "owner")
    heirs = [factories.make_staff(uzima, "manager").memberships.get() for _ in range(4)]
    found = at_once(*(lambda heir=heir: staff.transfer_ownership(clinic=uzima, by=owner, to=heir) for heir in heirs))
    assert sum(isinstance(one, NotYourPart) for one in found) == 3
    assert Membership.objects.filter(clinic=uzima, role="owner", is_active=True).count() == 1
    assert owner.memberships.get().role == "manager"
    assert count(uzima, "ownership.transferred") == 1


def test_an_owner_is_left_when_the_heir_leaves_while_the_ownership_is_handed_over(uzima):
    owner, heir = factories.make_staff(uzima, "owner"), factories.make_staff(uzima, "manager")
    at_once(
        lambda: staff.transfer_ownership(clinic=uzima, by=owner, to=heir.memberships.get()),
        lambda: staff.leave(clinic=uzima, user=heir),
    )
    assert Membership.objects.filter(clinic=uzima, role="owner", is_active=True).count() == 1


def test_ten_acceptances_make_one_membership(uzima):
    invitation = staff.invite(
        clinic=uzima, by=factories.make_staff(uzima, "owner"), role="manager", email="new@example.test"
    )
    user = factories.make_user("new@example.test")
    found = at_once(*(lambda: staff.accept_invitation(invitation=invitation, user=user) for _ in range(10)))
    assert len({one.pk for one in found}) == 1
    assert Membership.objects.filter(user=user).count() == 1 and count(uzima, "staff.joined") == 1


def test_two_invitations_of_one_person_make_one_membership(uzima):
    owner, phone = factories.make_staff(uzima, "owner"), "+254712345678"
    both = (
        staff.invite(clinic=uzima, by=owner, role="manager", email="new@example.test"),
        staff.invite(clinic=uzima, by=owner, role="front_desk", phone=phone),
    )
    user = factories.make_user("new@example.test")
    at_once(
        *(lambda one=one: staff.accept_invitation(invitation=one, user=user, confirmed_phone=phone) for one in both)
    )
    assert Membership.objects.filter(user=user).count() == 1


def test_accepted_or_revoked_but_never_both(uzima):
    owner = factories.make_staff(uzima, "owner")
    for turn in range(6):
        user = factories.make_user()
        invitation = staff.invite(clinic=uzima, by=owner, role="manager", email=user.email)
        found = at_once(
            lambda invitation=invitation, user=user: staff.accept_invitation(invitation=invitation, user=user),
            lambda invitation=invitation: staff.revoke_invitation(invitation=invitation, by=owner),
        )
        assert sum(isinstance(one, InvitationClosed) for one in found) == 1, turn
        invitation.refresh_from_db()
        accepted = invitation.accepted_at is not None
        assert accepted != (invitation.revoked_at is not None)
        assert Membership.objects.filter(user=user).exists() == accepted


def test_who_is_shut_out_while_inviting_leaves_no_open_invitation(uzima):
    owner = factories.make_staff(uzima, "owner")
    for turn in range(4):
        manager = factories.make_staff(uzima, "manager")
        at_once(
            lambda manager=manager, turn=turn: staff.invite(
                clinic=uzima, by=manager, role="front_desk", email=f"n{turn}@example.test"
            ),
            lambda manager=manager: staff.deactivate(membership=manager.memberships.get(), by=owner),
        )
    assert not StaffInvitation.objects.unanswered().exists()


def test_an_address_invited_by_two_at_once_has_one_invitation(uzima):
    owners = [factories.make_staff(uzima, "owner") for _ in range(2)]
    found = at_once(
        *(lambda by=by: staff.invite(clinic=uzima, by=by, role="manager", email="new@example.test") for by in owners)
    )
    assert sum(isinstance(one, InvitedAlready) for one in found) == 1
    assert StaffInvitation.objects.count() == 1
