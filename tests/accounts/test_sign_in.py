import pytest
from allauth.usersessions.models import UserSession
from django.core import mail

from accounts.models import User
from accounts.services.users import hash_of
from precta import hosts
from precta.audit.models import AuditLog
from tests.accounts.test_sign_up import code_in
from tests.factories import PASSWORD


def sign_in(client, email="amina@example.test", password=PASSWORD, **more):
    return client.post("/account/login/", {"login": email, "password": password, **more})


def test_somebody_who_came_from_a_clinic_goes_back_to_it(at_platform, at_clinic, cast):
    target = hosts.origin("uzima.precta.localhost") + "/appointments/?page=2"
    client = at_platform()
    response = sign_in(client, next=target)
    assert response["Location"] == target
    cookie = client.cookies["precta_session"]
    assert cookie["domain"] == ".precta.localhost"
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.test/",
        "///evil.test",
        "http://evil.test/",
        "https://precta.localhost/",
        "ftp://precta.localhost/",
        "javascript:alert(1)",
        "\\\\evil.test",
        "/\\evil.test",
        "http://precta.localhost\\@evil.test/",
        "http://precta.localhost@evil.test/",
        "http://user:pass@precta.localhost/",
        "http://precta.localhost:9/",
        "http://precta.localhost:port/",
        "http://evilprecta.localhost/",
        "http://precta.localhost.evil.test/",
        "http:/evil.test",
        "http:evil.test",
        "http:///evil.test",
        "http://[::1",
        "/\tevil",
        "\t//evil.test",
        " //evil.test",
        "/\nSet-Cookie: a=b",
        "/\x7f",
        "evil.test",
        "",
    ],
)
def test_next_never_leads_out_of_the_portal(at_platform, cast, evil):
    assert not hosts.is_own_url(evil)
    response = sign_in(at_platform(), next=evil)
    assert response.status_code == 302
    assert response["Location"] == hosts.origin("precta.localhost") + "/me/"


def test_own_addresses_are_own():
    for url in (
        "/",
        "/me/?a=b",
        hosts.origin("precta.localhost") + "/",
        hosts.origin("uzima.precta.localhost") + "/a?b=c#d",
    ):
        assert hosts.is_own_url(url), url


def test_wrong_passwords_answer_alike_for_known_and_unknown_and_leave_no_address_in_the_trail(at_platform, cast):
    known = sign_in(at_platform(), password="wrong horse")
    unknown = sign_in(at_platform(), email="nobody@example.test", password="wrong horse")
    assert known.status_code == unknown.status_code == 200
    assert "is not right" in known.content.decode() and "is not right" in unknown.content.decode()
    first, second = AuditLog.objects.filter(action="sign_in.failed").order_by("created_at")
    assert first.resource_id == cast.patient.pk and first.user_id is None
    assert second.resource_id is None
    assert second.details == {"why": "password", "email_hash": hash_of("Nobody@example.test")}
    assert first.ip_address == "127.0.0.1"
    assert "nobody" not in str(second.details)


def test_a_burst_of_wrong_passwords_is_429_and_does_not_lock_the_owner_out_elsewhere(at_platform, cast):
    answers = [sign_in(at_platform(), password="wrong horse").status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    limited = sign_in(at_platform())
    assert limited.status_code == 429
    assert limited["Retry-After"]
    assert "Too many tries" in limited.content.decode()
    assert sign_in(at_platform(REMOTE_ADDR="10.1.2.3")).status_code == 302


def test_one_network_alone_never_uses_up_the_tries_of_all(at_platform, cast):
    for _ in range(60):
        sign_in(at_platform(), password="wrong horse")
    assert sign_in(at_platform(REMOTE_ADDR="10.1.2.3")).status_code == 302


def test_guessing_one_account_from_many_networks_ends_too(at_platform, cast):
    answers = [sign_in(at_platform(REMOTE_ADDR=f"10.0.0.{n}"), password="wrong").status_code for n in range(1, 53)]
    assert answers[49] == 200
    assert answers[50] == 429


def test_people_behind_one_carrier_do_not_lock_each_other_out(at_platform, cast):
    for n in range(30):
        sign_in(at_platform(), email=f"someone{n}@example.test", password="wrong")
    assert sign_in(at_platform()).status_code == 302


def test_signing_out_asks_first_and_counts_on_every_host(at_platform, at_clinic, cast):
    client = at_platform()
    sign_in(client)
    assert "Sign out?" in client.get("/account/logout/").content.decode()
    assert client.get("/me/profile/").status_code == 200
    assert client.post("/account/logout/").status_code == 302
    assert client.get("/me/profile/").status_code == 302
    assert AuditLog.objects.filter(action="user.signed_out", user=cast.patient.user).exists()


def test_a_new_password_by_code_signs_in_leads_on_and_ends_other_sessions(at_platform, cast):
    elsewhere = at_platform()
    sign_in(elsewhere)
    client = at_platform()
    target = hosts.origin("uzima.precta.localhost") + "/appointments/"
    response = client.post("/account/password/reset/", {"email": "amina@example.test", "next": target})
    assert "next=" in response["Location"]
    response = client.post(response["Location"], {"code": code_in(mail.outbox[0]), "next": target})
    assert response["Location"].startswith("/account/password/reset/complete/")
    response = client.post(response["Location"], {"password1": "seven quiet boats", "next": target})
    assert response["Location"] == target
    assert client.get("/me/profile/").status_code == 200
    assert elsewhere.get("/me/profile/").status_code == 302
    assert AuditLog.objects.filter(action="password.reset", resource_id=cast.patient.pk).exists()
    assert "was changed" in mail.outbox[-1].subject


def test_asking_for_a_new_password_answers_alike_for_known_and_unknown(at_platform, cast):
    known = at_platform().post("/account/password/reset/", {"email": "amina@example.test"})
    unknown = at_platform().post("/account/password/reset/", {"email": "nobody@example.test"})
    assert known["Location"] == unknown["Location"] == "/account/password/reset/confirm/"
    assert "no account" in mail.outbox[1].body
    assert mail.outbox[1].to == ["nobody@example.test"]


def test_a_burst_of_requests_for_a_new_password_is_429(at_platform, cast):
    answers = [
        at_platform().post("/account/password/reset/", {"email": "amina@example.test"}).status_code for _ in range(4)
    ]
    assert answers == [302, 302, 302, 429]
    assert len(mail.outbox) == 3


def test_changing_the_password_keeps_this_device_and_ends_the_others(at_platform, cast):
    here, there = at_platform(), at_platform()
    sign_in(here)
    sign_in(there)
    response = here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": "seven quiet boats"})
    assert response.status_code == 302
    assert here.get("/me/profile/").status_code == 200
    assert there.get("/me/profile/").status_code == 302
    assert AuditLog.objects.filter(action="password.changed", user=cast.patient.user).exists()


def test_the_wrong_current_password_changes_nothing(at_platform, cast):
    client = at_platform(cast.patient.user)
    before = User.objects.get(pk=cast.patient.pk).password
    response = client.post("/account/password/change/", {"oldpassword": "x", "password1": "seven quiet boats"})
    assert response.status_code == 200
    assert User.objects.get(pk=cast.patient.pk).password == before
    assert not mail.outbox


def test_a_new_e_mail_counts_once_its_code_is_entered_and_the_old_one_is_told(at_platform, cast):
    client = at_platform()
    sign_in(client)
    response = client.post("/account/email/", {"email": "amina.h@example.test", "action_add": "1"})
    assert response["Location"].startswith("/account/reauthenticate/")
    assert "Type your password once more." in client.get(response["Location"]).content.decode()
    response = client.post(response["Location"], {"password": PASSWORD, "next": "/account/email/"})
    assert response.status_code == 302
    assert User.objects.get(pk=cast.patient.pk).email == "amina@example.test"
    response = client.post("/account/confirm-email/", {"code": code_in(mail.outbox[0])})
    assert response.status_code == 302
    user = User.objects.get(pk=cast.patient.pk)
    assert (user.email, user.email_verified) == ("amina.h@example.test", True)
    assert mail.outbox[-1].to == ["amina@example.test"]
    assert AuditLog.objects.filter(action="email.changed", user=user).exists()
    assert sign_in(at_platform(), email="amina@example.test").status_code == 200
    assert sign_in(at_platform(), email="amina.h@example.test").status_code == 302


def test_an_address_of_somebody_else_cannot_be_taken(at_platform, cast):
    client = at_platform()
    sign_in(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/account/email/"})
    response = client.post("/account/email/", {"email": "peter@example.test", "action_add": "1"})
    assert response.status_code == 302
    response = client.post("/account/confirm-email/", {"code": code_in(mail.outbox[0])})
    assert "belongs to another account" in response.content.decode()
    assert User.objects.get(pk=cast.patient.pk).email == "amina@example.test"


def test_the_list_of_devices_names_this_one_and_signs_the_others_out(at_platform, cast):
    phone = at_platform(
        HTTP_USER_AGENT="Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit Chrome/131.0 Mobile Safari"
    )
    laptop = at_platform(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0")
    sign_in(phone)
    sign_in(laptop)
    page = laptop.get("/account/sessions/").content.decode()
    assert "Chrome on Android" in page and "Firefox on Linux" in page and page.count("This device") == 1
    laptop.post("/account/sessions/")
    assert phone.get("/me/profile/").status_code == 302
    assert laptop.get("/me/profile/").status_code == 200
    assert UserSession.objects.filter(user=cast.patient.user).count() == 1


def test_the_stored_language_is_shown_after_signing_in(at_platform, cast):
    cast.patient.preferred_language = "sw"
    cast.patient.save()
    client = at_platform()
    assert sign_in(client).cookies["precta_language"].value == "sw"
    assert 'lang="sw"' in client.get("/me/profile/").content.decode()


def test_switching_the_language_is_kept_in_the_profile(at_platform, cast):
    at_platform(cast.patient.user).post("/language/", {"language": "sw"})
    cast.patient.refresh_from_db()
    assert cast.patient.preferred_language == "sw"


def test_only_the_listed_pages_of_allauth_are_there(at_platform, cast):
    client = at_platform()
    for path in (
        "/account/login/code/",
        "/account/login/code/confirm/",
        "/account/3rdparty/",
        "/account/social/signup/",
    ):
        assert client.get(path).status_code == 404, path


def test_everybody_lands_at_their_own_work_and_finds_it_in_the_menu(at_platform, cast):
    uzima = hosts.origin("uzima.precta.localhost")
    for email, target in (
        ("amina@example.test", hosts.origin("precta.localhost") + "/me/"),
        ("achieng@example.test", uzima + "/workspace/"),
        ("desk@example.test", uzima + "/admin/"),
        ("admin@example.test", hosts.admin_url()),
    ):
        client = at_platform()
        assert sign_in(client, email)["Location"] == target
        page = client.get("/me/profile/").content.decode()
        assert target in page or email in {"amina@example.test", "admin@example.test"}
        assert ("/me/family/" in page) == (email == "amina@example.test")
