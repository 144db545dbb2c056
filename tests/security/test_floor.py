"""The floor of safety that holds on every host."""

import copy
import io
import logging
import logging.config
from contextlib import contextmanager

import pytest
from celery.app.trace import build_tracer
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from precta import hosts
from precta.celery import app
from precta.client import client_ip, network_of
from precta.logs import LOGGING
from precta.ratelimit import parse_rate, wait_seconds
from precta.tenancy import clinic_context
from precta.views import health
from tests.factories import PASSWORD

HOSTS = {
    "precta.localhost": "/account/login/",
    "uzima.precta.localhost": "/",
    "admin.precta.localhost": "/login/",
}


@contextmanager
def written_log():
    """What the portal's own handler writes meanwhile."""
    settings_of = copy.deepcopy(LOGGING)
    handler = logging.config.DictConfigurator(settings_of)
    stream = io.StringIO()
    handler.config["formatters"] = {n: handler.configure_formatter(c) for n, c in settings_of["formatters"].items()}
    handler.config["filters"] = {n: handler.configure_filter(c) for n, c in settings_of["filters"].items()}
    console = handler.configure_handler(dict(settings_of["handlers"]["console"], stream=stream))
    root = logging.getLogger()
    root.addHandler(console)
    try:
        yield stream
    finally:
        root.removeHandler(console)


@pytest.fixture
def at(cast):
    return lambda host, **extra: Client(HTTP_HOST=host, **extra)


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_sends_the_strict_headers(at, host):
    answer = at(host).get(HOSTS[host])
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*;" not in policy and "http:" not in policy.replace("http://", "")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    page = answer.content.decode()
    assert " style=" not in page and "<style" not in page and " onclick=" not in page
    assert "<script>" not in page


@pytest.mark.parametrize("host", HOSTS)
def test_error_pages_send_them_too(at, host):
    client = at(host)
    for path, status in (("/nothing-here/", (404, 302)), ("/%00/", (404,)), ("/language/", (405,))):
        answer = client.get(path)
        assert answer.status_code in status, path
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "precta.localhost.evil.test",
        "evilprecta.localhost",
        "precta.localhost@evil.test",
        "precta.localhost:80:80",
        "nobody.precta.localhost",
        "admin.uzima.precta.localhost",
        "uzima.precta.localhost.",
        "-",
        "",
        "a" * 300,
        "precta.localhost/evil",
        "uzima_precta.localhost",
        "' OR 1=1 --",
        "uzima.precta.localhost\x00",
    ],
)
def test_a_host_that_is_not_ours_is_a_404_page_without_a_session(at, host):
    answer = Client(HTTP_HOST=host, HTTP_X_FORWARDED_HOST="precta.localhost").get("/account/login/")
    assert answer.status_code == 404
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert host not in answer.content.decode() or len(host) < 2


def test_no_link_of_a_mail_or_page_follows_a_forged_host(at):
    answer = at("precta.localhost", HTTP_X_FORWARDED_HOST="evil.test").get("/account/login/")
    assert "evil.test" not in answer.content.decode()


def test_a_post_without_the_token_is_refused_with_a_page(cast):
    for host, path, user in (
        ("precta.localhost", "/account/login/", None),
        ("precta.localhost", "/me/profile/", cast.patient.user),
        ("uzima.precta.localhost", f"/admin/clinics/clinic/{cast.uzima.pk}/change/", cast.owner),
        ("admin.precta.localhost", "/login/", None),
    ):
        client = Client(HTTP_HOST=host, enforce_csrf_checks=True)
        if user is not None:
            client.force_login(user)
        answer = client.post(path, {"login": "x", "name": "x", "first_name": "x"})
        assert answer.status_code == 403, path
        assert "<main" in answer.content.decode()
    cast.patient.refresh_from_db()
    assert cast.patient.first_name == "Amina"


def test_a_token_works_across_our_hosts_and_not_from_elsewhere(cast):
    client = Client(HTTP_HOST="precta.localhost", enforce_csrf_checks=True)
    client.get("/account/login/")
    token = client.cookies["precta_csrf"].value
    from precta import hosts

    own = {"HTTP_ORIGIN": hosts.origin("uzima.precta.localhost")}
    evil = {"HTTP_ORIGIN": "http://evil.test"}
    data = {"login": "x@example.test", "password": "x", "csrfmiddlewaretoken": token}
    assert client.post("/account/login/", data, **own).status_code == 200
    assert client.post("/account/login/", data, **evil).status_code == 403


def test_no_clinics_page_sends_a_form_to_the_platforms_admin(at_admin, cast):
    url = f"/accounts/user/{cast.patient.pk}/access/"
    clinic, own = hosts.origin("uzima.precta.localhost"), hosts.origin(hosts.admin_host())
    admin = at_admin(cast.admin)
    assert admin.post(url, {"action": "suspend"}, headers={"origin": clinic}).status_code == 403
    cast.patient.user.refresh_from_db()
    assert cast.patient.user.status == "active"
    assert admin.post(url, {"action": "suspend"}, headers={"origin": own}).status_code == 302


def test_wrong_methods_are_405(at, at_platform, cast):
    amina = at_platform(cast.patient.user)
    for path in ("/me/profile/", "/me/family/", "/me/family/add/"):
        assert amina.put(path).status_code == 405, path
    for path in ("/language/", "/theme/"):
        assert amina.get(path).status_code == 405, path
    for path in ("/account/login/", "/account/signup/", "/account/logout/"):
        assert at("precta.localhost").delete(path).status_code == 405, path


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PURGE"])
def test_a_method_that_no_page_has_is_a_405_whatever_token_comes_with_it(db, cast, host, method):
    answer = Client(enforce_csrf_checks=True, headers={"host": host}).generic(method, HOSTS[host])
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert "<h1" in answer.content.decode()


@pytest.mark.parametrize("charset", ["rot13", "base64", "idna", "utf-16"])
def test_a_form_in_another_encoding_is_a_400(at_platform, cast, charset):
    body = b'--b\r\nContent-Disposition: form-data; name="first_name"\r\n\r\nx\r\n--b--\r\n'
    kind = f"multipart/form-data; boundary=b; charset={charset}"
    assert at_platform(cast.patient.user).generic("POST", "/me/profile/", body, kind).status_code == 400


def test_a_megabyte_of_text_is_refused(at_platform, cast):
    answer = at_platform(cast.patient.user).post("/me/profile/", {"first_name": "A" * 2_000_000})
    assert answer.status_code in {400, 413}


def test_a_thousand_fields_are_refused(at_platform, cast):
    answer = at_platform(cast.patient.user).post("/me/profile/", {f"f{n}": "x" for n in range(600)})
    assert answer.status_code in {400, 413}


def test_what_a_person_sees_is_kept_by_no_cache(at_platform, at_clinic, at_admin, cast):
    for client, path in (
        (at_platform(cast.patient.user), "/me/profile/"),
        (at_platform(cast.patient.user), "/"),
        (at_clinic(cast.uzima, cast.owner), "/admin/"),
        (at_admin(cast.admin), "/accounts/user/"),
    ):
        assert "no-store" in client.get(path)["Cache-Control"], path


@pytest.mark.parametrize("path", ["/", "/doctors/"])
def test_an_anonymous_page_costs_no_session_and_stays_cacheable(at, path):
    client = at("precta.localhost")
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert not [q for q in queries if "django_session" in q["sql"] or '"accounts_user" WHERE' in q["sql"]]
    assert "no-store" not in answer.get("Cache-Control", "")
    assert "precta_session" not in answer.cookies


@pytest.mark.parametrize(("host", "path"), [("precta", "/"), ("precta", "/doctors/"), ("uzima.precta", "/")])
def test_a_page_in_a_strangers_language_and_theme_is_kept_by_no_shared_cache(at, cast, host, path):
    answer = at(f"{host}.localhost").get(path)
    assert answer.status_code == 200 and answer["Cache-Control"] == "private"


def test_what_a_patient_typed_reaches_no_log_through_an_error(at_platform, cast, monkeypatch):
    def explode(**kwargs):
        raise ValueError(f"cannot store {kwargs['values']}")

    def collide(**kwargs):
        from accounts.models import User

        # Not spelt out: a traceback quotes the lines of its sources.
        for _ in range(2):
            User.objects.create(email=f"{word}@example.test")

    word = "canary-" + str(4710 + 1)
    with written_log() as written:
        client = at_platform(cast.patient.user)
        client.raise_request_exception = False
        data = {
            "first_name": word,
            "last_name": word,
            "allergies": word,
            "preferred_language": "en",
        }
        for fault in (explode, collide):
            monkeypatch.setattr("accounts.views.me.update_profile", fault)
            answer = client.post(f"/me/profile/?q={word}", data)
            assert answer.status_code == 500
            assert "4711" not in answer.content.decode()
            assert "no-store" in answer.get("Cache-Control", "no-store")
    text = written.getvalue()
    assert "ValueError" in text and "UniqueViolation" in text and "23505" in text
    assert "update_profile" in text
    assert "4711" not in text


def test_what_a_task_was_told_reaches_no_log_when_it_fails(uzima):
    word = "canary-" + str(4710 + 1)

    @app.task(name="tests.fails")
    def fails(name: str) -> None:
        raise ValueError(f"no such patient: {name}")

    with written_log() as written:
        build_tracer(fails.name, fails, app=app, propagate=False)(
            "id-1", (word,), {}, {"headers": {"precta_schema": uzima.schema_name}}
        )
    text = written.getvalue()
    assert "tests.fails" in text and "ValueError" in text
    assert "4711" not in text


@pytest.mark.parametrize(
    ("behind", "proxies", "forwarded", "expected"),
    [
        (False, 1, "6.6.6.6", "10.0.0.1"),
        (True, 1, "6.6.6.6, 41.90.1.2", "41.90.1.2"),
        (True, 2, "6.6.6.6, 41.90.1.2, 10.9.9.9", "41.90.1.2"),
        (True, 2, "41.90.1.2", "10.0.0.1"),
        (True, 1, "", "10.0.0.1"),
        (True, 1, "nonsense", "10.0.0.1"),
        (True, 1, "41.90.1.2:5555", "41.90.1.2"),
        (True, 1, "[2c0f:fe38::1]:443", "2c0f:fe38::1"),
        (True, 1, "::ffff:41.90.1.2", "41.90.1.2"),
    ],
)
def test_the_visitors_address_is_what_our_own_proxy_wrote(rf, settings, behind, proxies, forwarded, expected):
    settings.BEHIND_PROXY, settings.TRUSTED_PROXIES = behind, proxies
    assert client_ip(rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)) == expected


def test_a_household_is_one_source_in_ipv6():
    assert network_of("2c0f:fe38:1:2:3:4:5:6") == network_of("2c0f:fe38:1:2::9") == "2c0f:fe38:1:2::"
    assert network_of("41.90.1.2") == "41.90.1.2"
    assert network_of(None) == "unknown"


def test_a_limit_counts_each_key_for_itself_and_forgets(db):
    assert parse_rate("5/10m") == (5, 600)
    assert parse_rate("3/s") == (3, 1)
    assert [bool(wait_seconds("test", "a", "3/d")) for _ in range(4)] == [False, False, False, True]
    assert wait_seconds("test", "b", "3/d") == 0


def test_a_limit_counts_one_person_over_all_hosts(cast):
    tries = []
    for clinic in (cast.uzima, cast.pwani):
        with clinic_context(clinic):
            tries.append(bool(wait_seconds("test", "user:a", "1/d")))
    tries.append(bool(wait_seconds("test", "user:a", "1/d")))
    assert tries == [False, True, True]


def test_without_the_cache_people_still_sign_in_and_the_probe_says_so(at_platform, cast, settings):
    caches = settings.CACHES["default"]
    settings.CACHES = {"default": caches | {"LOCATION": "unix:///nowhere/valkey.sock?db=0"}}
    data = {"login": "amina@example.test", "password": PASSWORD}
    assert at_platform().post("/account/login/", data).status_code == 302
    assert at_platform(cast.patient.user).post("/me/family/add/", {}).status_code == 400
    answer = at_platform().get("/readyz")
    assert answer.status_code == 200  # a balancer that took every process out would make it worse
    assert answer.json() == {"status": "degraded", "database": True, "cache": False}


def test_without_the_database_no_process_is_ready(at_platform, db, monkeypatch):
    monkeypatch.setattr(health, "_ask_database", lambda: 1 / 0)
    client = at_platform()
    assert client.get("/readyz").status_code == 503 and client.get("/healthz").status_code == 200


def test_the_probes_answer(at_platform, db):
    assert at_platform().get("/healthz").json() == {"status": "ok"}
    assert at_platform().get("/readyz").json() == {"status": "ok", "database": True, "cache": True}


def test_cookies_are_named_and_scoped_as_said():
    assert settings.SESSION_COOKIE_HTTPONLY and settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_DOMAIN == ".precta.localhost"
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_limits_can_be_switched_off_for_a_load_test(at_platform, cast, settings):
    settings.RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS = False
    data = {"login": "amina@example.test", "password": "wrong"}
    assert [at_platform().post("/account/login/", data).status_code for _ in range(8)] == [200] * 8
    assert at_platform().post("/account/login/", data | {"password": PASSWORD}).status_code == 302
