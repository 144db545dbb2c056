"""The token in the link of an invitation.

It is made from the invitation's id by a key outside the database, so that a delivery that failed can be repeated while
the database keeps a hash only: who reads the table can open no invitation.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

from django.utils.crypto import salted_hmac


def make_token(invitation_id: str, sendings: int) -> str:
    """43 characters that are safe in an address; another one for each sending."""
    mac = salted_hmac("clinics.StaffInvitation", f"{invitation_id}:{sendings}", algorithm="sha256")
    return urlsafe_b64encode(mac.digest()).decode().rstrip("=")


def hash_of(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
