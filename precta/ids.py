"""Identifiers: CUID2, 24 lower-case characters, kept in varchar(36) columns."""

import secrets

from cuid2 import Cuid
from django.db import models

_cuid = Cuid(length=24)
# No 0/o, 1/l/i: the code is read aloud and typed from paper.
_CODE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_id() -> str:
    """A new CUID2 of 24 characters `[a-z][a-z0-9]*`."""
    return _cuid.generate()


def new_clinic_code() -> str:
    """Eight random characters that name a clinic towards outsiders without telling what it treats."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(8))


def new_secret_code() -> str:
    """21 random characters (104 bits) in groups of three, for reading aloud: "k3d-9fj-…"."""
    groups = ("".join(secrets.choice(_CODE_ALPHABET) for _ in range(3)) for _ in range(7))
    return "-".join(groups)


class IdField(models.CharField):
    """Primary key column `id varchar(36)` filled with a CUID2."""

    def __init__(self, **kwargs):
        kwargs.setdefault("max_length", 36)
        kwargs.setdefault("primary_key", True)
        kwargs.setdefault("default", new_id)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)
