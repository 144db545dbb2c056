"""allauth's questions answered for our User."""

from allauth.account.adapter import DefaultAccountAdapter

from precta import hosts


class AccountAdapter(DefaultAccountAdapter):
    def is_safe_url(self, url: str | None) -> bool:
        """One login serves the platform host and every clinic, so `next` may lead to any of them, and no further."""
        return bool(url) and hosts.is_own_url(url)
