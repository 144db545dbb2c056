"""The link of an invitation, opened by the invited person and by others."""

import re
from datetime import timedelta

import pytest
from django.core import mail

from accounts.selectors import workplaces_of
from clinics.invitation_tokens import make_token
from clinics.models import Membership, StaffInvitation
from clinics.services import staff
from precta import clock, hosts
from precta.logs import LOGGING, LinkFilter
from precta.notifications.models import Notification
from precta.sms import memory
from tests import factories

pytestmark = pytest.mark.django_db
PHONE = "+254712345678"


@pytest.fixture
def invitation(cast):
    return make(cast)


def make(cast, **given):
    return staff.invite(
        **{"clinic": cast.uzima, "by": cast.owner, "role": "front_desk", "email": "new@example.test"} | given
    )


def link(invitation, what=""):
    return f"/join/staff/{make_token(invitation.pk, invitation.sendings)}/{what}"


def text(response):
    return re.sub(r"<[^>]+>|\s+", " ", response.content.decode())


def code_of_last_sms():
    return re.search(r"\b[0-9]{6}\b", memory.outbox[-1].text)[0]


def test_the_letter_brings_a_link_that_nothing_else_keeps(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        invitation = make(cast)
    (letter,) = mail.outbox
    assert letter.to == ["new@example.test"] and "Uzima Clinic" in letter.subject
    assert link(invitation) in letter.body and link(invitation) in letter.alternatives[0][0]
    assert "because you have an account" not in letter.body
    invitation.refresh_from_db()
    assert invitation.delivered_at is not None and not Notification.objects.exists()


def test_an_invitation_by_phone_is_a_short_message(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        invitation = make(cast, email=None, phone=PHONE)
    assert not mail.outbox
    message = memory.outbox[-1]
    assert message.to == PHONE and link(invitation) in message.text


def test_a_letter_that_was_overtaken_by_a_new_one_is_not_sent(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        invitation = make(cast)
        staff.resend_invitation(invitation=invitation, by=cast.owner)
    (letter,) = mail.outbox
    invitation.refresh_from_db()
    assert invitation.sendings == 2 and link(invitation) in letter.body


def test_a_stranger_sees_who_asks_and_where_to_sign_in_and_back(invitation, at_platform):
    page = at_platform().get(link(invitation))
    assert page.status_code == 200
    words = text(page)
    assert "Uzima Clinic" in words and "Front desk" in words and "owner@example.test has invited you" in words
    assert "new@example.test" not in words
    assert page.content.decode().count("next=http%3A%2F%2Fprecta.localhost") >= 2
    answer = at_platform().post(link(invitation, "accept/"))
    assert answer.status_code == 302 and "/account/login/" in answer["Location"]
    assert not Membership.objects.filter(user__email="new@example.test").exists()


def test_the_invited_person_joins_and_finds_the_clinic_in_the_menu(cast, invitation, at_platform, at_clinic):
    user = factories.make_user("new@example.test")
    client = at_platform(user)
    assert "Accept and join" in text(client.get(link(invitation)))
    answer = client.post(link(invitation, "accept/"))
    assert answer.status_code == 302 and answer["Location"] == hosts.clinic_url(cast.uzima, "admin:index")
    assert client.session["works_at"] == workplaces_of(user) != []
    again = client.post(link(invitation, "accept/"))
    assert again.status_code == 302 and Membership.objects.filter(user=user).count() == 1
    assert "already" in text(client.get(link(invitation)))


def test_whoever_has_joined_sets_up_a_second_factor_before_anything_else(cast, invitation, at_platform, at_clinic):
    user = factories.make_user("new@example.test")
    at_platform(user, factor=False).post(link(invitation, "accept/"))
    answer = at_clinic(cast.uzima, user, factor=False).get("/admin/")
    assert answer.status_code == 302 and "/account/" in answer["Location"]


def test_by_get_the_buttons_lead_back_to_the_page(invitation, at_platform):
    client = at_platform(factories.make_user("new@example.test"))
    for what in ("accept/", "code/"):
        assert client.get(link(invitation, what))["Location"] == link(invitation)
    assert not Membership.objects.filter(user__email="new@example.test").exists()


def test_another_person_is_told_so_and_learns_no_address(cast, invitation, at_platform):
    client = at_platform(cast.patient.user)
    for answer in (
        client.get(link(invitation)),
        client.post(link(invitation, "accept/")),
        client.post(link(invitation, "decline/")),
    ):
        assert answer.status_code == 403
        assert "another account" in text(answer) and "new@example.test" not in text(answer)
    invitation.refresh_from_db()
    assert invitation.accepted_at is None and invitation.declined_at is None


@pytest.mark.parametrize("guess", ["x", "A" * 43, "..", "%F0%9F%92%89", "a" * 3000])
def test_a_guessed_link_is_not_there(cast, at_platform, guess):
    for what in ("", "accept/", "decline/", "code/"):
        client = at_platform(cast.patient.user)
        assert client.get(f"/join/staff/{guess}/{what}").status_code in {404, 405}
        assert client.post(f"/join/staff/{guess}/{what}").status_code in {404, 405}


def test_each_end_has_its_page(cast, at_platform):
    client = at_platform(factories.make_user("new@example.test"))
    ends = {
        "has run out": lambda i: StaffInvitation.objects.filter(pk=i.pk).update(expires_at=clock.now()),
        "taken back": lambda i: staff.revoke_invitation(invitation=i, by=cast.owner),
        "was declined": lambda i: staff.decline_invitation(invitation=i),
        "closed at the moment": lambda i: type(i.clinic).objects.filter(pk=i.clinic_id).update(status="suspended"),
    }
    for words, end in ends.items():
        invitation = make(cast)
        end(invitation)
        for answer in (
            client.get(link(invitation)),
            client.post(link(invitation, "accept/")),
            client.post(link(invitation, "decline/")),
        ):
            assert answer.status_code == 410 and words in text(answer), words
    assert not Membership.objects.filter(user__email="new@example.test").exists()


def test_a_used_link_tells_others_nothing_but_that(cast, invitation, at_platform):
    staff.accept_invitation(invitation=invitation, user=factories.make_user("new@example.test"))
    for client in (at_platform(), at_platform(cast.patient.user)):
        answer = client.get(link(invitation))
        assert answer.status_code == 410 and "has been used" in text(answer) and "new@" not in text(answer)


def test_an_old_link_is_gone_once_a_new_one_was_sent(cast, invitation, at_platform):
    old = link(invitation)
    new = staff.resend_invitation(invitation=invitation, by=cast.owner, now=clock.now() + timedelta(days=1))
    client = at_platform(factories.make_user("new@example.test"))
    assert client.get(old).status_code == 404 and client.get(link(new)).status_code == 200


def test_no_link_is_written_into_the_log(invitation, at_platform, caplog):
    path = link(invitation)
    at_platform(factories.make_user("other@example.test")).get(path)
    (line,) = [record for record in caplog.records if record.name == "django.request"]
    assert "link" in LOGGING["handlers"]["console"]["filters"] and LinkFilter().filter(line)
    assert line.getMessage() == "Forbidden: /join/staff/…/"


def test_declining_without_an_account(invitation, at_platform):
    answer = at_platform().post(link(invitation, "decline/"), follow=True)
    assert answer.status_code == 410 and "declined" in text(answer)


def test_an_invitation_by_phone_asks_for_the_phones_code(cast, at_platform):
    invitation = make(cast, email=None, phone=PHONE)
    user, other = factories.make_user(), factories.make_user()
    client = at_platform(user)
    page = text(client.get(link(invitation)))
    assert "Send me the code" in page and PHONE not in page
    assert client.post(link(invitation, "accept/")).status_code == 400
    assert client.post(link(invitation, "code/")).status_code == 200
    code = code_of_last_sms()
    wrong = "000000" if code != "000000" else "000001"
    assert client.post(link(invitation, "accept/"), {"code": wrong}).status_code == 400
    assert at_platform(other).post(link(invitation, "accept/"), {"code": code}).status_code == 400
    assert not Membership.objects.filter(user__in=(user, other)).exists()
    assert client.post(link(invitation, "accept/"), {"code": code}).status_code == 302
    assert Membership.objects.get(user=user).role == "front_desk"


def test_the_code_is_for_invitations_by_phone_only(invitation, at_platform):
    client = at_platform(factories.make_user("new@example.test"))
    assert client.post(link(invitation, "code/")).status_code == 404
    assert not memory.outbox


def test_codes_are_limited(cast, at_platform):
    invitation = make(cast, email=None, phone=PHONE)
    client = at_platform(factories.make_user())
    codes = [client.post(link(invitation, "code/")).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
