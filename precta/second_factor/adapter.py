"""allauth.mfa's questions answered for the portal."""

import base64
import hashlib
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def _box() -> MultiFernet:
    """Keys of our own made from Django's: the newest writes, the older ones still read."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (hashlib.sha256(b"precta.second_factor:" + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right. Take the newest one from your app."),
        "incorrect_passkey": _("This passkey was not accepted. Try again, or use a code."),
        "code_used": _("This code was used already. Wait for the next one."),
        "cannot_delete_authenticator": _(
            "Your work needs a second factor: add another one before you remove this one."
        ),
    }

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises cryptography's InvalidToken when the secret key it was written with is gone."""
        return _box().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return "Precta" if not settings.DEVSTACK else "Precta (demo)"

    def build_totp_svg(self, url: str) -> str:
        """On white whatever the theme: cameras want dark on light."""
        # Here because few workers ever draw one.
        import qrcode
        from qrcode.image.svg import SvgPathFillImage

        picture = qrcode.make(url, image_factory=SvgPathFillImage, border=3)
        return picture.to_string(encoding="unicode")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """One passkey serves the portal and the admin host, which lies below it."""
        return {"id": settings.PLATFORM_HOST, "name": "Precta"}

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whoever needs a second factor keeps one."""
        others = Authenticator.objects.filter(user_id=authenticator.user_id).exclude(pk=authenticator.pk)
        if others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
            return True
        return not import_string(settings.SECOND_FACTOR_POLICY)(authenticator.user)
