"""The people of the demo that a visitor can sign in as; printed by `make demo` and made by `manage.py demo`."""

import base64
import hashlib
from typing import NamedTuple

MAIL_DOMAIN = "demo.precta.example"
PASSWORD = "karibu-precta"  # noqa: S105 - for the demo's invented people only


class Login(NamedTuple):
    role: str
    email: str
    password: str
    url: str  # where this person's work begins; {host} stands for the platform's host and port
    totp: str  # the key of the authenticator app; empty for a patient, who needs none


def totp_secret(email: str) -> str:
    """The key of a demo person's authenticator app: always the same, and known to everybody."""
    return base64.b32encode(hashlib.sha256(b"precta demo " + email.encode()).digest()[:20]).decode()


def _login(role: str, name: str, url: str) -> Login:
    email = f"{name}@{MAIL_DOMAIN}"
    return Login(role, email, PASSWORD, url, "" if role == "patient" else totp_secret(email))


DEMO_LOGINS: list[Login] = [
    _login("patient", "amina", "http://{host}/me/"),
    _login("doctor", "njoroge", "http://uzima.{host}/workspace/"),
    _login("doctor, other clinic", "kiprono", "http://pwani.{host}/workspace/"),
    _login("doctor who joins", "mwende", "http://{host}/join/doctor/"),
    _login("front desk", "desk.uzima", "http://uzima.{host}/admin/"),
    _login("pharmacist", "pharmacist.uzima", "http://uzima.{host}/admin/desk/orders/"),
    _login("clinic owner", "owner.uzima", "http://uzima.{host}/admin/"),
    _login("platform admin", "admin", "http://admin.{host}/"),
]
