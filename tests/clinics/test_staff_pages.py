"""The pages of the staff in the clinic's admin."""

import re
from datetime import timedelta

import pytest
from django.core import mail

from clinics.models import Membership, StaffInvitation
from clinics.services import staff
from precta import clock
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(cast, at_clinic):
    return at_clinic(cast.uzima, cast.owner)


@pytest.fixture
def manager(cast, at_clinic):
    return at_clinic(cast.uzima, factories.make_staff(cast.uzima, "manager", "manager@uzima.test"))


def member(user):
    return user.memberships.get()


def invited(cast, **given):
    return staff.invite(**{"clinic": cast.uzima, "by": cast.owner, "role": "front_desk", "email": "n@e.test"} | given)


def text(response):
    return re.sub(r"<[^>]+>|\s+", " ", response.content.decode())


def test_the_list_names_those_who_work_here_and_nobody_of_another_clinic(cast, owner):
    factories.make_staff(cast.pwani, "owner", "stranger@pwani.test")
    staff.invite(
        clinic=cast.pwani, by=Membership.objects.get(clinic=cast.pwani).user, role="manager", email="theirs@pwani.test"
    )
    invited(cast, email="ours@uzima.test")
    invited(cast, email=None, phone="+254712345678", role="owner", now=clock.now() - timedelta(days=8))
    left = factories.make_staff(cast.uzima, "manager", "gone@uzima.test")
    staff.leave(clinic=cast.uzima, user=left)
    page = text(owner.get("/admin/staff/"))
    for word in ("desk@example.test", "owner@example.test", "ours@uzima.test", "+254712345678", "gone@uzima.test"):
        assert word in page
    assert "Ran out" in page and "Worked here before" in page and "pwani" not in page


def test_a_name_is_shown_where_there_is_one(cast, owner):
    doctor = cast.doctor.user
    Membership.objects.create(user=doctor, clinic=cast.uzima, role="manager")
    Membership.objects.create(user=cast.patient.user, clinic=cast.uzima, role="front_desk")
    page = text(owner.get("/admin/staff/"))
    assert "Amina Hassan" in page and "Achieng Njoroge" in page


def test_the_list_asks_the_database_as_often_for_thirty_as_for_two(cast, owner, django_assert_max_num_queries):
    owner.get("/admin/staff/")
    for n in range(30):
        factories.make_staff(cast.uzima, "front_desk")
        invited(cast, email=f"n{n}@e.test")
    with django_assert_max_num_queries(9):
        assert owner.get("/admin/staff/").status_code == 200


def test_the_first_page_tells_managers_of_invitations_that_ran_out(cast, manager, at_clinic):
    invited(cast)
    assert "ran out" not in text(manager.get("/admin/"))
    invited(cast, email="late@e.test", now=clock.now() - timedelta(days=8))
    assert "Invitations to staff that ran out" in text(manager.get("/admin/"))
    assert "ran out" not in text(at_clinic(cast.uzima, cast.staff).get("/admin/"))


def test_each_reader_is_offered_what_they_may_do(cast, owner, manager):
    def offers(client, user, what):
        return f"/admin/staff/{member(user).pk}/{what}/" in client.get("/admin/staff/").content.decode()

    other_owner = factories.make_staff(cast.uzima, "owner")
    assert offers(owner, other_owner, "role") and offers(owner, cast.staff, "access")
    assert not offers(owner, cast.owner, "role")
    assert not offers(manager, other_owner, "role") and offers(manager, cast.staff, "role")
    assert "/admin/staff/hand-over/" in owner.get("/admin/staff/").content.decode()
    assert "/admin/staff/hand-over/" not in manager.get("/admin/staff/").content.decode()


def test_the_menu_leads_managers_to_the_staff_and_everybody_to_their_role(cast, manager, at_clinic):
    assert 'href="/admin/staff/"' in manager.get("/admin/").content.decode()
    desk = at_clinic(cast.uzima, cast.staff).get("/admin/").content.decode()
    assert 'href="/admin/staff/"' not in desk and 'href="/admin/staff/mine/"' in desk


@pytest.mark.parametrize(
    ("typed", "email", "phone"),
    [("  New@Example.test ", "new@example.test", None), ("0712 345 678", None, "+254712345678")],
)
def test_inviting_by_e_mail_or_phone_from_one_field(cast, owner, typed, email, phone):
    answer = owner.post("/admin/staff/invite/", {"address": typed, "role": "manager", "language": "sw"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/staff/")
    row = StaffInvitation.objects.get()
    assert (row.email, row.phone and str(row.phone), row.role, row.language) == (email, phone, "manager", "sw")


@pytest.mark.parametrize(
    "typed", ["", "nobody", "a@", "020 123 4567", "+1 202 555 0100", "x@no-mail.invalid", "a\u202eb@e.test"]
)
def test_an_address_that_reaches_nobody_is_refused_and_kept_in_the_form(cast, owner, typed):
    answer = owner.post("/admin/staff/invite/", {"address": typed, "role": "manager", "language": "en"})
    assert answer.status_code == 400 and not StaffInvitation.objects.exists()
    assert "errorlist" in answer.content.decode()


def test_a_manager_is_offered_the_lower_roles_and_gets_no_other(cast, manager):
    page = manager.get("/admin/staff/invite/").content.decode()
    assert 'value="front_desk"' in page and 'value="owner"' not in page
    data = {"address": "a@e.test", "role": "owner", "language": "en"}
    assert manager.post("/admin/staff/invite/", data).status_code == 400
    assert not StaffInvitation.objects.exists()


def test_inviting_the_same_person_twice_says_why_not(cast, owner):
    data = {"address": "a@e.test", "role": "manager", "language": "en"}
    owner.post("/admin/staff/invite/", data)
    answer = owner.post("/admin/staff/invite/", data)
    assert answer.status_code == 400 and "open invitation" in answer.content.decode()
    answer = owner.post("/admin/staff/invite/", data | {"address": cast.staff.email})
    assert answer.status_code == 400 and "works here already" in answer.content.decode()


def test_sending_again_and_taking_back(cast, owner):
    invitation = invited(cast)
    assert owner.get(f"/admin/staff/invitations/{invitation.pk}/resend/").status_code == 405
    owner.post(f"/admin/staff/invitations/{invitation.pk}/resend/")
    invitation.refresh_from_db()
    assert invitation.sendings == 2
    url = f"/admin/staff/invitations/{invitation.pk}/revoke/"
    assert owner.get(url).status_code == 200
    invitation.refresh_from_db()
    assert invitation.revoked_at is None
    for _ in range(2):
        assert owner.post(url).status_code == 302
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    assert owner.post(f"/admin/staff/invitations/{invitation.pk}/resend/").status_code == 302
    invitation.refresh_from_db()
    assert invitation.sendings == 2


def test_changing_a_role(cast, owner):
    url = f"/admin/staff/{member(cast.staff).pk}/role/"
    assert "What each role may do" in owner.get(url).content.decode()
    assert owner.post(url, {"role": "surgeon"}).status_code == 400
    assert owner.post(url, {"role": "manager"}).status_code == 302
    assert member(cast.staff).role == "manager"


def test_ending_and_giving_back_access_ask_first_and_hold_at_once(cast, owner, at_clinic):
    desk = at_clinic(cast.uzima, cast.staff)
    assert desk.get("/admin/").status_code == 200
    url = f"/admin/staff/{member(cast.staff).pk}/access/"
    assert "loses all access" in owner.get(url).content.decode()
    assert owner.post(url).status_code == 302 and member(cast.staff).is_active
    owner.post(url, {"action": "deactivate"})
    assert desk.get("/admin/").status_code == 403
    assert "gets access" in owner.get(url).content.decode()
    owner.post(url, {"action": "reactivate"})
    assert desk.get("/admin/").status_code == 200


def test_what_is_out_of_reach_is_refused_and_what_is_elsewhere_is_not_there(cast, manager, at_clinic):
    theirs = factories.make_staff(cast.pwani, "owner")
    elsewhere = at_clinic(cast.pwani, theirs)
    of_owners, mine = invited(cast, role="manager", email="m@e.test"), Membership.objects.get(user=cast.owner)
    for path in (f"{mine.pk}/role/", f"{mine.pk}/access/", f"invitations/{of_owners.pk}/revoke/", "hand-over/"):
        assert manager.get(f"/admin/staff/{path}").status_code == 403, path
        assert manager.post(f"/admin/staff/{path}", {"role": "pharmacist"}).status_code == 403, path
        if path != "hand-over/":
            assert elsewhere.get(f"/admin/staff/{path}").status_code == 404, path
            assert elsewhere.post(f"/admin/staff/{path}", {"action": "deactivate"}).status_code == 404, path
    assert elsewhere.post(f"/admin/staff/invitations/{of_owners.pk}/resend/").status_code == 404
    of_owners.refresh_from_db()
    assert (of_owners.sendings, of_owners.revoked_at) == (1, None) and member(cast.owner).role == "owner"


def test_handing_over(cast, owner):
    page = text(owner.get("/admin/staff/hand-over/"))
    assert "desk@example.test (Front desk)" in page
    stranger = factories.make_staff(cast.pwani)
    for wrong in ("", member(cast.owner).pk, member(stranger).pk):
        assert owner.post("/admin/staff/hand-over/", {"to": wrong}).status_code == 400
    assert owner.post("/admin/staff/hand-over/", {"to": member(cast.staff).pk}).status_code == 302
    assert (member(cast.staff).role, member(cast.owner).role) == ("owner", "manager")
    assert owner.get("/admin/staff/hand-over/").status_code == 403


def test_an_owner_alone_is_told_to_invite_somebody_first(cast, owner):
    staff.leave(clinic=cast.uzima, user=cast.staff)
    assert "Invite the person first" in owner.get("/admin/staff/hand-over/").content.decode()
    assert owner.post("/admin/staff/hand-over/", {"to": ""}).status_code == 400


def test_leaving_and_why_the_last_owner_cannot(cast, owner, at_clinic):
    assert owner.post("/admin/staff/leave/")["Location"] == "/admin/staff/mine/"
    assert member(cast.owner).is_active
    assert "only owner" in owner.get("/admin/staff/mine/").content.decode()
    desk = at_clinic(cast.uzima, cast.staff)
    assert desk.get("/admin/staff/leave/").status_code == 200 and member(cast.staff).is_active
    answer = desk.post("/admin/staff/leave/")
    assert answer["Location"].endswith("precta.localhost/me/") or "/me/" in answer["Location"]
    assert not member(cast.staff).is_active and desk.get("/admin/").status_code == 403
    assert desk.session["works_at"] == []


@pytest.mark.parametrize("role", ["owner", "manager", "front_desk", "pharmacist"])
def test_everybody_reads_what_their_role_lets_them_do(cast, at_clinic, role):
    page = text(at_clinic(cast.uzima, factories.make_staff(cast.uzima, role)).get("/admin/staff/mine/"))
    assert ("Take cash" in page) == (role != "pharmacist")
    assert ("Hand over the ownership of the clinic" in page) == (role == "owner")


def test_roles_and_the_ownership_ask_for_a_proof_once_more(cast, at_clinic):
    left_alone = at_clinic(cast.uzima, cast.owner, minutes_ago=11)
    pages = {
        f"{member(cast.staff).pk}/role/": {"role": "manager"},
        "hand-over/": {"to": "x"},
        "invite/": {"address": "me@evil.test", "role": "owner", "language": "en"},
    }
    for path, data in pages.items():
        for answer in (left_alone.get(f"/admin/staff/{path}"), left_alone.post(f"/admin/staff/{path}", data)):
            assert answer.status_code == 302 and "/account/reauthenticate/" in answer["Location"], path
    assert member(cast.staff).role == "front_desk"
    assert not StaffInvitation.objects.exists()
    # Ending somebody's access is urgent and can be taken back; giving it back gives a role.
    access = f"/admin/staff/{member(cast.staff).pk}/access/"
    assert left_alone.get(access).status_code == 200
    left_alone.post(access, {"action": "deactivate"})
    assert "/account/reauthenticate/" in left_alone.post(access, {"action": "reactivate"})["Location"]
    assert not member(cast.staff).is_active


def test_the_list_says_who_has_a_second_factor(cast, owner):
    page = text(owner.get("/admin/staff/"))
    before = page.count("No second factor yet")
    factories.give_second_factor(factories.make_staff(cast.uzima, "pharmacist"))
    page = text(owner.get("/admin/staff/"))
    assert "Second factor set up" in page and page.count("No second factor yet") == before


def test_nothing_that_was_refused_was_sent(cast, manager):
    with clinic_context(cast.uzima):
        manager.post("/admin/staff/invite/", {"address": "a@e.test", "role": "owner", "language": "en"})
    assert not mail.outbox
