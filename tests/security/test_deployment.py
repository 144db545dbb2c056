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


@pytest.fixture(scope="module")
def production():
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "DATABASE_URL", "REDIS_URL"}}
    env = kept | {
        "DJANGO_SETTINGS_MODULE": "precta.settings",
        "SECRET_KEY": "q8#Zp2!vL0s@Ew4^tR7&yU1*iO3(kJ6)hG9_fD5+aS-xC=mN8,bV2.cX4;zL7",
        "FILES_KEY": "5e" * 32,
        "PLATFORM_HOST": "precta.example",
        "BEHIND_PROXY": "true",
        "PAYSTACK_SECRET_KEY": "sk_live_x",
        "STATICFILES_BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "PYTHONPATH": os.getcwd(),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.partition("RESULT")[2])


def test_the_deployment_checks_find_nothing(production):
    assert production["checks"] == []
    assert production["debug"] is False
    assert production["devstack"] == []


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
