"""What holds outside the devstack, asked of a process that is configured like production."""

import json
import os
import subprocess
import sys

import pytest

PROBE = """
import json, django
django.setup()
from django.conf import settings
from django.core.checks import run_checks
from django.test import Client
found = [str(m) for m in run_checks(include_deployment_checks=True)]
plain = Client(HTTP_HOST="precta.example").get("/doctors/?q=a")
probe = Client(HTTP_HOST="precta.example").get("/healthz")
safe = Client(HTTP_HOST="precta.example", HTTP_X_FORWARDED_PROTO="https").get("/healthz")
print("RESULT" + json.dumps({
    "checks": found,
    "redirect": [plain.status_code, plain.get("Location")],
    "hsts": safe.get("Strict-Transport-Security"),
    "status": safe.status_code,
    "probe": probe.status_code,
    "csp": safe.get("Content-Security-Policy"),
    "debug": settings.DEBUG,
    "secure": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.LANGUAGE_COOKIE_SECURE],
    "devstack": [app for app in settings.INSTALLED_APPS if "devstack" in app],
    "origins": settings.CSRF_TRUSTED_ORIGINS,
}))
"""


def settings_of_production() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "DATABASE_URL", "REDIS_URL"}}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "precta.settings",
        "SECRET_KEY": "q8#Zp2!vL0s@Ew4^tR7&yU1*iO3(kJ6)hG9_fD5+aS-xC=mN8,bV2.cX4;zL7",
        "FILES_KEY": "5e" * 32,
        "PLATFORM_HOST": "precta.example",
        "BEHIND_PROXY": "true",
        "PAYSTACK_SECRET_KEY": "sk_live_x",
        "EMAIL_URL": "smtp://mail.example:25",
        "AFRICASTALKING_USERNAME": "precta",
        "AFRICASTALKING_API_KEY": "key",
        "STATICFILES_BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "PYTHONPATH": os.getcwd(),
    }


def run(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture(scope="module")
def production():
    done = run(PROBE, settings_of_production())
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.partition("RESULT")[2])


def test_the_deployment_checks_find_nothing(production):
    assert production["checks"] == []
    assert production["debug"] is False
    assert production["devstack"] == []


@pytest.mark.parametrize(
    ("without", "changed"),
    [
        *((name, {}) for name in ("SECRET_KEY", "FILES_KEY", "DATABASE_URL", "REDIS_URL")),
        *((name, {}) for name in ("PAYSTACK_SECRET_KEY", "EMAIL_URL", "AFRICASTALKING_API_KEY")),
        ("HUNDREDMS_SECRET", {"VIDEO_PROVIDER": "hundredms", "HUNDREDMS_ACCESS_KEY": "key"}),
    ],
)
def test_a_secret_that_is_missing_or_empty_stops_the_start(without, changed):
    env = settings_of_production() | changed
    env.pop(without, None)
    may_be_empty = without in {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"}  # Django and the drivers say so themselves
    for given in (env,) if may_be_empty else (env, env | {without: ""}):
        done = run("import precta.settings", given)
        assert done.returncode != 0 and f"Set the {without} environment variable" in done.stderr


def test_another_way_of_sending_short_messages_needs_no_key_of_africas_talking():
    env = settings_of_production() | {"SMS_BACKEND": "precta.sms.memory.send"}
    del env["AFRICASTALKING_API_KEY"]
    done = run("import precta.settings", env)
    assert done.returncode == 0, done.stderr


def test_a_provider_that_nobody_knows_stops_the_start(monkeypatch):
    monkeypatch.setenv("VIDEO_PROVIDER", "hundred-ms")
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    assert "VIDEO_PROVIDER: builtin or hundredms." in done.stderr


def test_plain_http_leads_to_https_and_browsers_remember(production):
    assert production["redirect"] == [301, "https://precta.example/doctors/?q=a"]
    assert production["probe"] == 200
    assert production["status"] == 200
    assert production["hsts"] == "max-age=31536000; includeSubDomains; preload"


def test_cookies_travel_over_https_only_and_only_our_hosts_may_post(production):
    assert production["secure"] == [True, True, True]
    assert production["origins"] == ["https://precta.example", "https://*.precta.example"]
    assert "form-action 'self' https://precta.example https://*.precta.example" in production["csp"]
    assert "http://" not in production["csp"]
