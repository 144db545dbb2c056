"""Setting a second factor up, passing it, losing it; being asked once more."""

import json
import re
import time
from urllib.parse import quote

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command

from accounts.exceptions import CannotResetYourself
from accounts.policies import needs_second_factor
from accounts.services.users import reset_second_factor
from clinics.models import Membership
from precta import hosts
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.second_factor.codes import counter_of
from tests.factories import PASSWORD, TOTP_SECRET, give_second_factor, make_patient, make_staff, totp_code

HERE = hosts.origin("precta.localhost")
AT_UZIMA = hosts.origin("uzima.precta.localhost")
WORK = f"{AT_UZIMA}/workspace/"


def sign_in(client, email, **more):
    return client.post("/account/login/", {"login": email, "password": PASSWORD, **more})


def secret_of(page: str) -> str:
    return re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page).group(1).replace(" ", "")


# Who needs one


def test_doctors_admins_and_whoever_works_at_a_clinic_need_one(cast):
    assert all(map(needs_second_factor, (cast.doctor.user, cast.admin, cast.staff, cast.owner)))
    assert not needs_second_factor(cast.patient.user)
    Membership.objects.filter(user=cast.staff).update(is_active=False)
    assert not needs_second_factor(cast.staff)


# The way from the work to the factor and back


def test_a_doctor_without_one_sets_it_up_on_the_way_to_the_workspace(at_platform, at_clinic, cast):
    doctor = at_clinic(cast.uzima)
    answer = doctor.get("/workspace/")
    assert "/account/login/" in answer["Location"]
    portal = at_platform()
    answer = sign_in(portal, cast.doctor.user.email, next=WORK)
    assert answer["Location"] == WORK
    doctor.cookies = portal.cookies
    check = doctor.get("/workspace/")["Location"]
    assert check.startswith(HERE + "/account/second-factor/check/?next=" + quote(WORK, safe=""))
    set_up = portal.get(check)["Location"]
    assert set_up.startswith("/account/second-factor/app/?next=")
    page = portal.get(set_up).content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = secret_of(page)
    before = portal.cookies["precta_session"].value
    wrong = portal.post(set_up, {"code": "000000", "next": WORK})
    assert wrong.status_code == 200 and "not right" in wrong.content.decode()
    assert not Authenticator.objects.exists()
    done = portal.post(set_up, {"code": totp_code(secret), "next": WORK})
    assert done["Location"].startswith("/account/second-factor/codes/?next=")
    codes = portal.get(done["Location"]).content.decode()
    assert f'href="{WORK}"' in codes and len(re.findall(r"<code>\d{4} \d{4}</code>", codes)) == 10
    assert portal.cookies["precta_session"].value != before, "the key from before the proof is worth nothing"
    assert doctor.get("/workspace/").status_code == 200
    assert secret not in json.dumps(list(Authenticator.objects.values_list("data", flat=True))), "kept encrypted"
    assert mail.outbox[-1].subject == "An authenticator app was set up"
    assert AuditLog.objects.filter(action="second_factor.added", user=cast.doctor.user).exists()


def test_with_one_the_password_alone_signs_nobody_in(at_platform, at_clinic, cast):
    give_second_factor(cast.doctor.user)
    portal = at_platform()
    assert sign_in(portal, cast.doctor.user.email, next=WORK)["Location"] == "/account/second-factor/sign-in/"
    assert portal.get("/me/profile/").status_code == 302
    work = at_clinic(cast.uzima)
    work.cookies = portal.cookies
    assert "/account/login/" in work.get("/workspace/")["Location"]
    answer = portal.post("/account/second-factor/sign-in/", {"code": totp_code()})
    assert answer["Location"] == WORK
    assert work.get("/workspace/").status_code == 200


def test_a_new_password_by_code_does_not_skip_it(at_platform, cast):
    give_second_factor(cast.doctor.user)
    client = at_platform()
    client.post("/account/password/reset/", {"email": cast.doctor.user.email})
    code = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", mail.outbox[-1].body, re.M).group(1)
    client.post("/account/password/reset/confirm/", {"code": code})
    answer = client.post("/account/password/reset/complete/", {"password1": "a wholly new pass phrase"})
    assert answer["Location"] == "/account/second-factor/sign-in/"
    assert "_auth_user_id" not in client.session


# Codes count once, and tries are counted


def test_a_code_is_good_once_even_after_the_cache_forgot_it(at_platform, cast):
    give_second_factor(cast.doctor.user)
    code = totp_code()
    first = at_platform()
    sign_in(first, cast.doctor.user.email)
    assert first.post("/account/second-factor/sign-in/", {"code": code}).status_code == 302
    cache.clear()
    second = at_platform()
    sign_in(second, cast.doctor.user.email)
    page = second.post("/account/second-factor/sign-in/", {"code": code})
    assert page.status_code == 200 and "used already" in page.content.decode()
    assert "_auth_user_id" not in second.session
    assert second.post("/account/second-factor/sign-in/", {"code": totp_code(later=1)}).status_code == 302


def test_an_older_code_is_refused_once_a_newer_one_was_used(at_platform, cast):
    give_second_factor(cast.doctor.user)
    first, second = at_platform(), at_platform()
    for client in (first, second):
        sign_in(client, cast.doctor.user.email)
    assert first.post("/account/second-factor/sign-in/", {"code": totp_code()}).status_code == 302
    assert second.post("/account/second-factor/sign-in/", {"code": totp_code(later=-1)}).status_code == 200


def test_codes_of_a_minute_ago_or_ahead_are_wrong():
    with time_machine.travel(1_800_000_000, tick=False):
        now = int(time.time()) // 30
        assert [counter_of(TOTP_SECRET, totp_code(later=n)) for n in (-2, -1, 0, 1, 2)] == [
            None,
            now - 1,
            now,
            now + 1,
            None,
        ]


def test_the_code_that_set_the_app_up_is_not_good_again(at_platform, cast):
    client = at_platform(cast.doctor.user, factor=False)
    secret = secret_of(client.get("/account/second-factor/app/").content.decode())
    code = totp_code(secret)
    assert client.post("/account/second-factor/app/", {"code": code}).status_code == 302
    other = at_platform()
    sign_in(other, cast.doctor.user.email)
    assert "used already" in other.post("/account/second-factor/sign-in/", {"code": code}).content.decode()


def test_a_recovery_code_is_good_once(at_platform, cast):
    code = give_second_factor(cast.doctor.user)[3]
    for status in (302, 200):
        client = at_platform()
        sign_in(client, cast.doctor.user.email)
        answer = client.post("/account/second-factor/sign-in/", {"code": f"{code[:4]} {code[4:]}"})
        assert answer.status_code == status


@pytest.mark.parametrize("page", ["sign-in", "check", "confirm", "app"])
def test_a_burst_of_wrong_codes_is_429(at_platform, cast, page):
    if page != "app":
        give_second_factor(cast.doctor.user)
    client = at_platform(None if page == "sign-in" else cast.doctor.user, factor=page == "confirm")
    if page == "sign-in":
        sign_in(client, cast.doctor.user.email)
    path = f"/account/second-factor/{page}/"
    tries = [client.post(path, {"code": "123456"}).status_code for _ in range(6)]
    assert tries == [200] * 5 + [429]
    if page != "app":
        assert client.post(path, {"code": totp_code()}).status_code == 429
        assert AuditLog.objects.filter(action="second_factor.failed", user=cast.doctor.user).count() == 5


def test_odd_codes_and_credentials_are_wrong_and_nothing_worse(at_platform, cast):
    give_second_factor(cast.doctor.user)
    client = at_platform(cast.doctor.user, factor=False)
    for code in ("", "٣٤٥٦٧٨", "1" * 2000, "<b>", "\x00" * 6):
        cache.clear()
        assert client.post("/account/second-factor/check/", {"code": code}).status_code == 200
    for credential in ("", "null", "[]", "{}", '"x"', '{"id": 1}', "{" * 50, '{"response": {"userHandle": 1}}'):
        cache.clear()
        assert client.post("/account/second-factor/check/", {"credential": credential}).status_code == 200
        cache.clear()
        both = {"credential": credential, "name": "x"}
        adding = at_platform(cast.owner)
        assert adding.post("/account/second-factor/passkeys/add/", both).status_code == 200
    assert not Authenticator.objects.filter(user=cast.owner).exists()


# Stolen sessions and passwords


def test_a_session_from_before_it_was_set_up_has_not_passed_it(at_platform, at_clinic, cast):
    """Two sessions of one person; the factor is set up in one of them."""
    own, stolen = at_platform(), at_clinic(cast.uzima)
    sign_in(own, cast.doctor.user.email)
    other = at_platform()
    sign_in(other, cast.doctor.user.email)
    stolen.cookies = other.cookies
    copied = own.cookies["precta_session"].value
    secret = secret_of(own.get("/account/second-factor/app/").content.decode())
    assert own.post("/account/second-factor/app/", {"code": totp_code(secret)}).status_code == 302
    assert "/second-factor/check/" in stolen.get("/workspace/")["Location"]
    assert not Session.objects.filter(session_key=copied).exists(), "nor is a copy of the cookie from before"
    assert UserSession.objects.filter(session_key=own.cookies["precta_session"].value).exists()


def test_a_password_alone_neither_adds_removes_nor_shows_anything(at_platform, cast):
    """In a session that has not passed the factor: with the password typed again a second ago."""
    give_second_factor(cast.doctor.user)
    client = at_platform(cast.doctor.user, factor=False)
    client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/me/"})
    for name in ("", "app/", "app/remove/", "passkeys/add/", "codes/", "codes/download/", "codes/new/"):
        for method in (client.get, client.post):
            answer = method(f"/account/second-factor/{name}")
            assert answer.status_code == 302 and "/second-factor/check/" in answer["Location"], name
    assert Authenticator.objects.filter(user=cast.doctor.user).count() == 2


def test_an_old_screen_is_asked_again_before_the_factor_changes(at_platform, cast):
    give_second_factor(cast.doctor.user)
    client = at_platform(cast.doctor.user, minutes_ago=11)
    for name in ("app/", "app/remove/", "codes/", "codes/download/", "codes/new/"):
        assert "/account/reauthenticate/" in client.get(f"/account/second-factor/{name}")["Location"], name
    answer = client.post(
        "/account/second-factor/confirm/", {"code": totp_code(), "next": "/account/second-factor/codes/"}
    )
    assert answer["Location"] == "/account/second-factor/codes/"
    assert client.get("/account/second-factor/codes/").status_code == 200


# The last one stays


def test_whoever_needs_one_keeps_the_last_one_and_may_replace_it(at_platform, cast):
    give_second_factor(cast.staff)
    client = at_platform(cast.staff)
    assert "It has to stay" in client.get("/account/second-factor/app/remove/").content.decode()
    assert client.post("/account/second-factor/app/remove/").status_code == 409
    assert Authenticator.objects.filter(user=cast.staff, type="totp").exists()
    secret = secret_of(client.get("/account/second-factor/app/").content.decode())
    assert (
        client.post("/account/second-factor/app/", {"code": totp_code(secret)})["Location"] == "/account/second-factor/"
    )
    other = at_platform()
    sign_in(other, cast.staff.email)
    assert other.post("/account/second-factor/sign-in/", {"code": totp_code()}).status_code == 200, "the old phone's"
    assert other.post("/account/second-factor/sign-in/", {"code": totp_code(secret, later=1)}).status_code == 302


def test_a_patient_may_have_one_and_let_it_go(at_platform, cast):
    give_second_factor(cast.patient.user)
    client = at_platform(cast.patient.user)
    assert client.post("/account/second-factor/app/remove/").status_code == 302
    assert not Authenticator.objects.filter(user=cast.patient.user).exists(), "the recovery codes went with it"
    assert mail.outbox[-1].subject == "The authenticator app was removed"


def test_nobody_removes_or_sees_somebody_elses(at_platform, cast):
    give_second_factor(cast.doctor.user)
    key = Authenticator.objects.create(user=cast.doctor.user, type="webauthn", data={"name": "k", "credential": {}})
    client = at_platform(cast.patient.user)
    assert client.post(f"/account/second-factor/passkeys/{key.pk}/remove/").status_code == 404
    assert client.get("/account/second-factor/codes/").status_code == 404


# `next` stays with us


@pytest.mark.parametrize("evil", ["//evil.test", "http://evil.test/", "https://precta.localhost.evil.test/", "\\evil"])
def test_next_never_leads_out(at_platform, cast, evil):
    give_second_factor(cast.doctor.user)
    client = at_platform(cast.doctor.user, factor=False)
    page = client.get("/account/second-factor/check/", {"next": evil}).content.decode()
    assert 'name="next"' not in page.partition("<main")[2].partition("</main>")[0]
    answer = client.post("/account/second-factor/check/", {"code": totp_code(), "next": evil})
    assert answer.status_code == 302 and "evil" not in answer["Location"]
    assert "evil" not in client.get("/account/second-factor/check/", {"next": evil})["Location"]
    assert "go on" not in client.get("/account/second-factor/codes/", {"next": evil}).content.decode()
    fresh = at_platform(cast.owner, factor=False)
    assert "evil" not in fresh.get("/account/second-factor/check/", {"next": evil})["Location"]
    again = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": evil})
    assert "evil" not in again["Location"]


# Once more


def test_after_ten_minutes_a_role_is_changed_only_once_the_password_was_typed_again(at_clinic, at_platform, cast):
    page = f"{AT_UZIMA}/admin/staff/"
    target = f"/admin/staff/{Membership.objects.get(user=cast.staff).pk}/role/"
    work = at_clinic(cast.uzima, cast.owner, minutes_ago=11)
    answer = work.post(target, {"role": "manager"}, headers={"referer": page})
    assert answer.status_code == 302
    assert Membership.objects.get(user=cast.staff).role == "front_desk", "nothing happened"
    assert answer["Location"].startswith(HERE + "/account/reauthenticate/?next=" + quote(page, safe=""))
    portal = at_platform()
    portal.cookies = work.cookies
    asked = portal.get(answer["Location"])
    assert "not done yet" in asked.content.decode()
    back = portal.post("/account/reauthenticate/", {"password": PASSWORD, "next": page})
    assert back["Location"] == page, "to the page that showed the form"
    work.cookies = portal.cookies
    assert work.post(target, {"role": "manager"}).status_code == 302
    assert Membership.objects.get(user=cast.staff).role == "manager"


def test_an_export_asks_once_more_and_leads_back_to_its_list(at_clinic, at_admin, cast):
    here = at_clinic(cast.uzima, cast.owner, minutes_ago=11).get(
        "/admin/appointments/appointment/export/?status=confirmed"
    )
    assert here.status_code == 302 and "export" not in here["Location"] and "again=1" in here["Location"]
    console = at_admin(cast.admin, minutes_ago=11)
    answer = console.get("/accounts/user/export/?role=doctor")
    assert answer["Location"].startswith("/confirm/?next=%2Faccounts%2Fuser%2F%3Frole%3Ddoctor")
    assert console.post("/confirm/", {"password": "wrong", "next": "/accounts/user/"}).status_code == 200
    assert console.get("/accounts/user/export/").status_code == 302
    answer = console.post("/confirm/", {"password": PASSWORD, "next": "/accounts/user/"})
    assert answer["Location"] == "/accounts/user/"
    assert console.get("/accounts/user/export/").status_code == 200


# The admin host


def test_an_admin_without_one_sets_it_up_on_the_admin_host(at_admin, cast):
    client = at_admin()
    assert client.get("/second-factor/set-up/")["Location"].startswith("/login/")
    step = client.post("/login/", {"login": cast.admin.email, "password": PASSWORD, "next": "/accounts/user/"})
    assert "_auth_user_id" not in client.session
    set_up = client.get(step["Location"])["Location"]
    secret = secret_of(client.get(set_up).content.decode())
    done = client.post("/second-factor/set-up/", {"code": totp_code(secret), "next": "/accounts/user/"})
    assert done["Location"] == "/second-factor/codes/?next=%2Faccounts%2Fuser%2F"
    codes = client.get(done["Location"]).content.decode()
    assert len(re.findall(r"<code>\d{4} \d{4}</code>", codes)) == 10 and 'href="/accounts/user/"' in codes
    assert client.get("/accounts/user/").status_code == 200


def test_the_admin_hosts_second_step_counts_codes_once_and_tries_five_times(at_admin, cast):
    recovery = give_second_factor(cast.admin)
    password = {"login": cast.admin.email, "password": PASSWORD}
    code = totp_code()
    for status in (302, 200):
        client = at_admin()
        client.post("/login/", password)
        assert client.post("/second-factor/", {"code": code}).status_code == status
        assert client.get("/").status_code == (200 if status == 302 else 302)
    for status in (302, 200):
        client = at_admin()
        client.post("/login/", password)
        assert client.post("/second-factor/", {"code": recovery[0]}).status_code == status
    cache.clear()
    client = at_admin()
    client.post("/login/", password)
    assert [client.post("/second-factor/", {"code": "111111"}).status_code for _ in range(6)] == [200] * 5 + [429]
    assert client.get("/").status_code == 302


def test_the_first_step_lasts_ten_minutes_and_ends_with_the_role_or_the_password(at_admin, cast):
    give_second_factor(cast.admin)
    with time_machine.travel(time.time(), tick=False) as clock:
        client = at_admin()
        client.post("/login/", {"login": cast.admin.email, "password": PASSWORD})
        clock.shift(601)
        assert client.post("/second-factor/", {"code": totp_code()})["Location"].startswith("/login/")
    for change in ({"role": "patient"}, {"role": "admin", "password": "other"}, {"status": "suspended"}):
        client = at_admin()
        client.post("/login/", {"login": cast.admin.email, "password": PASSWORD})
        was = {name: getattr(cast.admin, name) for name in change}
        type(cast.admin).objects.filter(pk=cast.admin.pk).update(**change)
        assert client.post("/second-factor/", {"code": totp_code()})["Location"].startswith("/login/"), change
        type(cast.admin).objects.filter(pk=cast.admin.pk).update(**was)


def test_a_session_of_the_admin_host_without_the_factor_is_none(at_admin, cast):
    give_second_factor(cast.admin)
    client = at_admin(cast.admin, factor=False)
    for path in ("/", "/accounts/user/", "/confirm/", "/second-factor/codes/", "/jsi18n/"):
        assert client.get(path).status_code in {302, 403}, path
    assert client.get("/")["Location"] == "/login/?next=%2F"


# Reset


def test_an_admin_resets_it_for_somebody_who_lost_it(at_admin, at_clinic, at_platform, cast):
    give_second_factor(cast.doctor.user)
    work = at_clinic(cast.uzima, cast.doctor.user)
    assert work.get("/workspace/").status_code == 200
    page = f"/accounts/user/{cast.doctor.user.pk}/access/"
    console = at_admin(cast.admin)
    assert "Reset the second factor" in console.get(page).content.decode()
    console.post(page, {"action": "reset-factor", "reason": " "})
    assert Authenticator.objects.filter(user=cast.doctor.user).exists(), "a reason is needed"
    old = at_admin(cast.admin, minutes_ago=11)
    answer = old.post(page, {"action": "reset-factor", "reason": "called, knew the licence"})
    assert answer["Location"].startswith("/confirm/")
    assert Authenticator.objects.filter(user=cast.doctor.user).exists(), "not before the admin is asked once more"
    console.post(page, {"action": "reset-factor", "reason": "called, knew the licence"})
    assert not Authenticator.objects.filter(user=cast.doctor.user).exists()
    assert "/account/login/" in work.get("/workspace/")["Location"], "every session ended"
    entry = AuditLog.objects.get(action="second_factor.reset")
    assert entry.user_id == cast.admin.pk and entry.details["reason"] == "called, knew the licence"
    told = Notification.objects.filter(user=cast.doctor.user, title="Your second factor was reset")
    assert set(told.values_list("channel", flat=True)) == {"push", "email"}
    fresh = at_platform()
    assert sign_in(fresh, cast.doctor.user.email, next=WORK)["Location"] == WORK
    work.cookies = fresh.cookies
    assert "/second-factor/check/" in work.get("/workspace/")["Location"], "to be set up anew"


def test_nobody_resets_their_own_and_others_cannot_reset_at_all(at_admin, at_platform, cast):
    give_second_factor(cast.admin)
    with pytest.raises(CannotResetYourself):
        reset_second_factor(user=cast.admin, by=cast.admin, reason="x")
    page = f"/accounts/user/{cast.admin.pk}/access/"
    at_admin(cast.admin).post(page, {"action": "reset-factor", "reason": "x"})
    at_admin(cast.owner).post(page, {"action": "reset-factor", "reason": "x"})
    assert Authenticator.objects.filter(user=cast.admin).count() == 2


def test_the_shell_helps_an_admin_whom_nobody_else_can_help(cast):
    give_second_factor(cast.admin)
    call_command("reset_second_factor", cast.admin.email, reason="the only admin lost the phone")
    assert not Authenticator.objects.filter(user=cast.admin).exists()
    assert AuditLog.objects.get(action="second_factor.reset").user_id is None
    with pytest.raises(CommandError):
        call_command("reset_second_factor", cast.admin.email, reason="again")


# Passkeys


def test_one_passkey_serves_the_portal_and_the_admin_host(at_platform, cast):
    client = at_platform(cast.staff)
    page = client.get("/account/second-factor/passkeys/add/").content.decode()
    options = json.loads(re.search(r'<script id="js_data" type="application/json">(.+?)</script>', page).group(1))
    assert options["creation_options"]["publicKey"]["rp"] == {"id": "precta.localhost", "name": "Precta"}
    assert webauthn.STATE_SESSION_KEY in client.session


def test_a_person_without_work_at_a_clinic_is_not_asked(at_clinic, cast, uzima):
    patient = make_patient("Juma", "Ali")
    assert at_clinic(uzima, patient.user, factor=False).get("/appointments/").status_code == 200
    staff = make_staff(uzima)
    assert at_clinic(uzima, staff, factor=False).get("/doctors/").status_code == 200
