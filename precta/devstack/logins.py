"""The people of the demo that a visitor can sign in as; printed by `make demo` and made by `manage.py demo`."""

from typing import NamedTuple

MAIL_DOMAIN = "demo.precta.example"
PASSWORD = "karibu-precta"  # noqa: S105 - for the demo's invented people only


class Login(NamedTuple):
    role: str
    email: str
    password: str
    url: str  # where this person's work begins; {host} stands for the platform's host and port


def _login(role: str, name: str, url: str) -> Login:
    return Login(role, f"{name}@{MAIL_DOMAIN}", PASSWORD, url)


DEMO_LOGINS: list[Login] = [
    _login("patient", "amina", "http://{host}/me/"),
    _login("doctor", "njoroge", "http://uzima.{host}/workspace/"),
    _login("doctor, other clinic", "kiprono", "http://pwani.{host}/workspace/"),
    _login("front desk", "desk.uzima", "http://uzima.{host}/admin/"),
    _login("clinic owner", "owner.uzima", "http://uzima.{host}/admin/"),
    _login("platform admin", "admin", "http://admin.{host}/"),
]
