import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.exceptions import CannotSuspendYourself
from accounts.models import User, UserStatus
from accounts.services.users import reactivate_user, sign_out_everywhere, suspend_user
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from tests.accounts.test_sign_in import sign_in


def test_a_suspended_person_is_out_at_once_and_the_sign_in_page_says_so(at_platform, cast):
    client = at_platform()
    sign_in(client)
    assert suspend_user(user=cast.patient.user, by=cast.admin, reason="asked by phone")
    assert client.get("/me/profile/").status_code == 302
    assert not Session.objects.filter(pk=client.cookies["precta_session"].value).exists()
    response = sign_in(client)
    assert response["Location"] == "/account/inactive/"
    assert "This account is suspended" in client.get(response["Location"]).content.decode()
    assert client.get("/me/profile/").status_code == 302
    assert AuditLog.objects.filter(action="sign_in.refused", user=cast.patient.user).count() == 1
    assert AuditLog.objects.get(action="user.suspended").user == cast.admin


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_that_outlives_the_suspension_gets_a_page_that_says_so_and_ends(at_platform, at_clinic, cast, method):
    for client in (at_platform(cast.patient.user), at_clinic(cast.uzima, cast.patient.user)):
        User.objects.filter(pk=cast.patient.pk).update(status=UserStatus.SUSPENDED)
        path = "/me/profile/" if client.defaults["HTTP_HOST"] == "precta.localhost" else "/language/"
        response = getattr(client, method if path != "/language/" else "post")(path, {"language": "sw"})
        assert response.status_code == 403
        assert "This account is suspended" in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert not client.session.get("_auth_user_id")
    cast.patient.refresh_from_db()
    assert cast.patient.preferred_language == "en"


def test_the_watch_for_suspended_people_costs_an_anonymous_visitor_no_query(at_platform, cast):
    client = at_platform()
    client.get("/account/login/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/account/login/")
    assert [q["sql"] for q in queries if "django_session" in q["sql"] or "accounts_user" in q["sql"]] == []


def test_a_wrong_password_does_not_tell_that_an_account_is_suspended(at_platform, cast):
    suspend_user(user=cast.patient.user, by=cast.admin)
    response = sign_in(at_platform(), password="wrong horse")
    assert "is not right" in response.content.decode()
    assert "suspended" not in response.content.decode()


def test_a_suspended_person_can_come_back(at_platform, cast):
    suspend_user(user=cast.patient.user, by=cast.admin)
    assert reactivate_user(user=cast.patient.user, by=cast.admin)
    assert not reactivate_user(user=cast.patient.user, by=cast.admin)
    assert cast.patient.user.status == UserStatus.ACTIVE
    assert sign_in(at_platform())["Location"] != "/account/inactive/"


def test_suspending_twice_is_suspending_once_and_nobody_suspends_themselves(cast):
    assert suspend_user(user=cast.patient.user, by=cast.admin)
    assert not suspend_user(user=cast.patient.user, by=cast.admin)
    assert AuditLog.objects.filter(action="user.suspended").count() == 1
    with pytest.raises(CannotSuspendYourself):
        suspend_user(user=cast.admin, by=cast.admin)
    cast.admin.refresh_from_db()
    assert cast.admin.status == UserStatus.ACTIVE


def test_a_suspended_doctor_leaves_the_search(cast):
    suspend_user(user=cast.doctor.user, by=cast.admin)
    assert OutboxEvent.objects.filter(kind="doctor.changed", payload={"doctor_id": cast.doctor.pk}).exists()


def test_signing_out_everywhere_ends_sessions_that_no_list_knows(at_platform, at_admin, cast):
    client, console = at_platform(cast.admin), at_admin(cast.admin)
    sign_out_everywhere(user=cast.admin, by=cast.admin)
    assert not _is_signed_in(client)
    assert not _is_signed_in(console)


def _is_signed_in(client) -> bool:
    return (
        client.get("/account/email/").status_code == 200
        if "admin." not in client.defaults["HTTP_HOST"]
        else (client.get("/").status_code == 200)
    )
