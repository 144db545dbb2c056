import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.models import User, UserStatus
from clinics.admin_sites import platform_admin
from precta.audit.models import AuditLog
from precta.sessions import AdminSessionStore
from tests.factories import PASSWORD, give_second_factor, totp_code

MODELS = [model._meta.label_lower.replace(".", "/") for model in platform_admin._registry]

# Everything else comes about elsewhere, or by somebody's application.
WRITTEN_HERE = {"content/article", "content/author"}


def sign_in(client, email="admin@example.test", password=PASSWORD, **more):
    return client.post("/login/", {"login": email, "password": password, **more})


def sign_in_wholly(client, **more):
    """The password, then the code of the admin's app."""
    give_second_factor(User.objects.get(email="admin@example.test"))
    step = sign_in(client, **more)["Location"]
    assert step.startswith("/second-factor/?next=")
    return client.post("/second-factor/", {"code": totp_code(), **more})


def test_a_platform_admin_signs_in_on_the_admin_host_and_reads_every_list(at_admin, cast):
    client = at_admin()
    assert client.get("/")["Location"] == "/login/?next=%2F"
    page = client.get("/login/")
    assert page.status_code == 200
    answer = sign_in_wholly(client, next="/accounts/user/?status=active")
    assert answer["Location"] == "/accounts/user/?status=active"
    cookie = answer.cookies["precta_admin"]
    assert cookie["domain"] == "" and cookie["httponly"] and cookie["samesite"] == "Strict"
    assert "precta_session" not in answer.cookies
    assert client.get("/").status_code == 200
    for path in MODELS:
        assert client.get(f"/{path}/").status_code == 200, path
        assert client.get(f"/{path}/add/").status_code == (200 if path in WRITTEN_HERE else 403), path
    assert AuditLog.objects.filter(action="sign_in.succeeded", user=cast.admin, details__host="admin").count() == 1


@pytest.mark.parametrize("who", ["amina@example.test", "achieng@example.test", "owner@example.test"])
def test_others_get_the_answer_of_a_wrong_password(at_admin, cast, who):
    right = sign_in(at_admin(), who)
    wrong = sign_in(at_admin(), who, "wrong horse")
    assert right.status_code == wrong.status_code == 200
    assert "is not right" in right.content.decode() and "is not right" in wrong.content.decode()
    assert "precta_admin" not in right.cookies or not AdminSessionStore(right.cookies["precta_admin"].value).get(
        "_auth_user_id"
    )
    assert AuditLog.objects.get(action="sign_in.refused").details == {"why": "role", "host": "admin"}
    assert AuditLog.objects.filter(action="sign_in.failed").count() == 1


def test_a_suspended_admin_gets_the_answer_of_a_wrong_password(at_admin, cast):
    User.objects.filter(pk=cast.admin.pk).update(status=UserStatus.SUSPENDED)
    assert "is not right" in sign_in(at_admin()).content.decode()


def test_a_burst_of_tries_is_429(at_admin, cast):
    assert [sign_in(at_admin(), password="wrong").status_code for _ in range(6)] == [200] * 5 + [429]
    assert sign_in(at_admin()).status_code == 429


def test_neither_hosts_session_is_worth_anything_on_the_other(at_admin, at_platform, at_clinic, cast):
    platform, console = at_platform(), at_admin()
    platform.post("/account/login/", {"login": "admin@example.test", "password": PASSWORD})
    assert platform.get("/account/email/").status_code == 200
    sign_in_wholly(console)
    platform_key = platform.cookies["precta_session"].value
    admin_key = console.cookies["precta_admin"].value
    for name in ("precta_admin", "precta_session"):
        thief = at_admin()
        thief.cookies[name] = platform_key
        assert thief.get("/")["Location"].startswith("/login/"), name
        thief = at_platform()
        thief.cookies[name] = admin_key
        assert thief.get("/account/email/").status_code == 302, name
    assert console.get("/").status_code == 200
    assert platform.get("/account/email/").status_code == 200


def test_an_admin_session_ends_after_eight_hours_however_busy(at_admin, cast):
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    client = at_admin()
    with time_machine.travel(start, tick=False):
        sign_in_wholly(client)
        session = Session.objects.get(pk=client.cookies["precta_admin"].value)
        assert session.expire_date == start + timedelta(seconds=settings.ADMIN_SESSION_COOKIE_AGE)
    for hours in (2, 4, 6, 7.9):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            assert client.get("/").status_code == 200
    with time_machine.travel(start + timedelta(hours=8, minutes=1), tick=False):
        assert client.get("/").status_code == 302


def test_signing_out_needs_a_post_and_ends_the_session(at_admin, cast):
    client = at_admin()
    sign_in_wholly(client)
    key = client.cookies["precta_admin"].value
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert not Session.objects.filter(pk=key).exists()
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("evil", ["//evil.test", "http://evil.test", "http://precta.localhost/", "\\evil", "/\tx"])
def test_next_stays_on_the_admin_host(at_admin, cast, evil):
    assert sign_in(at_admin(), next=evil)["Location"] == "/second-factor/?next=%2F"
    assert sign_in_wholly(at_admin(), next=evil)["Location"] == "/"


def test_an_admin_who_is_one_no_longer_is_refused_with_the_session_they_have(at_admin, cast):
    client = at_admin(cast.admin)
    User.objects.filter(pk=cast.admin.pk).update(role="patient")
    answer = client.get("/accounts/user/")
    assert answer.status_code == 403
    assert AuditLog.objects.filter(action="admin.refused", user=cast.admin).exists()


def test_no_page_shows_a_patients_clinical_profile_or_a_password(at_admin, cast):
    cast.patient.allergies = ["penicillin-canary"]
    cast.patient.blood_type = "AB-"
    cast.patient.save()
    client = at_admin(cast.admin)
    pages = [f"/{path}/" for path in MODELS] + [f"/accounts/user/{cast.patient.pk}/change/"]
    for url in pages:
        page = client.get(url).content.decode()
        assert "canary" not in page and "AB-" not in page and "argon2" not in page, url
    assert client.get("/accounts/patient/").status_code == 404
    assert client.get("/accounts/user/?patient__allergies__contains=penicillin-canary").status_code == 400
    assert client.get("/accounts/user/?password__startswith=argon").status_code == 400


def test_suspending_asks_first_and_goes_through_the_service(at_admin, at_platform, cast):
    client = at_admin(cast.admin)
    person = at_platform(cast.patient.user)
    url = f"/accounts/user/{cast.patient.pk}/access/"
    assert "signed out everywhere at once" in client.get(url).content.decode()
    assert client.post(url, {"action": "suspend", "reason": "asked"}).status_code == 302
    cast.patient.user.refresh_from_db()
    assert cast.patient.user.status == UserStatus.SUSPENDED
    assert person.get("/me/profile/").status_code in {302, 403}
    assert AuditLog.objects.get(action="user.suspended").user == cast.admin
    client.post(url, {"action": "reactivate"})
    cast.patient.user.refresh_from_db()
    assert cast.patient.user.status == UserStatus.ACTIVE
    client.post(f"/accounts/user/{cast.admin.pk}/access/", {"action": "suspend"})
    cast.admin.refresh_from_db()
    assert cast.admin.status == UserStatus.ACTIVE
    assert client.get("/accounts/user/abc/access/").status_code == 404


def test_nothing_can_be_changed_or_deleted_by_hand(at_admin, cast):
    client = at_admin(cast.admin)
    for path, pk in (("accounts/user", cast.patient.pk), ("clinics/clinic", cast.uzima.pk)):
        assert client.post(f"/{path}/{pk}/change/", {"status": "suspended", "role": "admin"}).status_code == 403
        assert client.post(f"/{path}/{pk}/delete/", {"post": "yes"}).status_code == 403
    cast.patient.user.refresh_from_db()
    assert (cast.patient.user.status, cast.patient.user.role) == ("active", "patient")


def test_an_admin_made_on_the_command_line_can_sign_in(at_admin, db):
    User.objects.create_superuser("root@example.test", "a kettle of blue rain")
    assert sign_in(at_admin(), "Root@example.test", "a kettle of blue rain").status_code == 302


def test_every_filter_that_a_list_offers_works(at_admin, cast):
    client = at_admin(cast.admin)
    for model in platform_admin._registry:
        url = "/" + model._meta.label_lower.replace(".", "/") + "/"
        offered = re.findall(r'href="(\?[^"]+)"', client.get(url).content.decode())
        assert offered or model._meta.model_name == "doctorcredential", url
        for query in offered:
            assert client.get(url + query.replace("&amp;", "&")).status_code == 200, url + query
    assert client.get(f"/clinics/membership/?clinic__id__exact={cast.uzima.pk}").status_code == 200
