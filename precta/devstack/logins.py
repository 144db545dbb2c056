"""The people of the demo that a visitor can sign in as; printed by `make demo` and made by `manage.py demo`."""

from typing import NamedTuple


class Login(NamedTuple):
    role: str
    email: str
    password: str
    url: str  # where this person's work begins; {host} stands for the platform's host and port


PASSWORD = "karibu-precta"  # noqa: S105 - for the demo's invented people only

DEMO_LOGINS: list[Login] = []
