"""Who is told what about a clinic's staff."""

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail

from clinics.services import staff
from precta.notifications.models import Notification
from tests import factories

pytestmark = pytest.mark.django_db


def inbox(user):
    return list(Notification.objects.filter(user=user, channel="push").values_list("title", flat=True))


def letters(user):
    return [letter.subject for letter in mail.outbox if letter.to == [user.email]]


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    def run(act):
        with django_capture_on_commit_callbacks(execute=True):
            return act()

    return run


def member(user):
    return user.memberships.get()


def test_joining_is_told_to_the_new_member_the_inviter_and_the_owners(cast, told):
    manager = factories.make_staff(cast.uzima, "manager")
    invitation = told(lambda: staff.invite(clinic=cast.uzima, by=manager, role="front_desk", email="new@example.test"))
    user = factories.make_user("new@example.test")
    told(lambda: staff.accept_invitation(invitation=invitation, user=user))
    told(lambda: staff.accept_invitation(invitation=invitation, user=user))
    assert inbox(user) == ["You now work at Uzima Clinic"]
    assert letters(user)[1:] == inbox(user)
    for leader in (manager, cast.owner):
        assert inbox(leader) == ["new@example.test has joined the staff of Uzima Clinic"] == letters(leader)
    assert not inbox(cast.staff)


def test_a_refusal_is_told_to_the_inviter(cast, told):
    invitation = told(lambda: staff.invite(clinic=cast.uzima, by=cast.owner, role="manager", email="n@e.test"))
    told(lambda: staff.decline_invitation(invitation=invitation))
    assert inbox(cast.owner) == ["An invitation was declined"]


def test_a_new_role_is_told_to_the_person_and_the_owners(cast, told):
    told(lambda: staff.change_role(membership=member(cast.staff), role="manager", by=cast.owner))
    assert inbox(cast.staff) == ["Your role at Uzima Clinic has changed"] == letters(cast.staff)
    assert inbox(cast.owner) == ["The role of desk@example.test at Uzima Clinic has changed"]
    told(lambda: staff.change_role(membership=member(cast.staff), role="manager", by=cast.owner))
    assert len(inbox(cast.staff)) == 1


def test_losing_and_getting_access_is_told(cast, told):
    told(lambda: staff.deactivate(membership=member(cast.staff), by=cast.owner))
    told(lambda: staff.reactivate(membership=member(cast.staff), by=cast.owner))
    assert set(inbox(cast.staff)) == {"You no longer work at Uzima Clinic", "You work at Uzima Clinic again"}


def test_leaving_is_told_to_those_who_run_the_clinic(cast, told):
    manager = factories.make_staff(cast.uzima, "manager")
    told(lambda: staff.leave(clinic=cast.uzima, user=cast.staff))
    assert inbox(cast.staff) == ["You have left Uzima Clinic"]
    for leader in (manager, cast.owner):
        assert inbox(leader) == ["desk@example.test has left Uzima Clinic"] == letters(leader)


def test_handing_over_is_told_to_both_and_to_other_owners(cast, told):
    third = factories.make_staff(cast.uzima, "owner")
    told(lambda: staff.transfer_ownership(clinic=cast.uzima, by=cast.owner, to=member(cast.staff)))
    assert inbox(cast.staff) == ["You are now the owner of Uzima Clinic on Precta"] == letters(cast.staff)
    assert inbox(cast.owner) == ["You have handed over the ownership of Uzima Clinic"] == letters(cast.owner)
    assert inbox(third) == ["The ownership of Uzima Clinic has been handed over"]


def test_the_reader_is_told_in_their_language(cast, told):
    factories.make_patient(user=cast.staff, preferred_language="sw")
    told(lambda: staff.deactivate(membership=member(cast.staff), by=cast.owner))
    assert Notification.objects.get(user=cast.staff, channel="push").language == "sw"


def test_open_sessions_show_at_once_where_somebody_works(cast, told, at_platform):
    browser = at_platform(cast.staff)
    session = browser.session
    session["works_at"] = [{"name": "Uzima Clinic", "url": "x"}]
    session.save()
    UserSession.objects.create(user=cast.staff, ip="127.0.0.1", session_key=session.session_key, user_agent="")
    told(lambda: staff.deactivate(membership=member(cast.staff), by=cast.owner))
    assert browser.session["works_at"] == []
    told(lambda: staff.reactivate(membership=member(cast.staff), by=cast.owner))
    assert [place["name"] for place in browser.session["works_at"]] == ["Uzima Clinic"]
