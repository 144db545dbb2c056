"""A new clinic: its row, schema, host name and owner."""

import re
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from clinics.exceptions import SlugRefused
from clinics.models import (
    RESERVED_SLUGS,
    SLUG_PATTERN,
    Clinic,
    Domain,
    Membership,
    MembershipRole,
)
from precta.audit.services import record
from precta.tenancy import public_context


def schema_name_for(slug: str) -> str:
    return "clinic_" + slug.replace("-", "_")


def check_slug(slug: str) -> None:
    """Raises SlugRefused with a sentence for the person who chose it."""
    if not re.fullmatch(SLUG_PATTERN, slug) or slug.endswith("\n"):
        raise SlugRefused(_("An address name starts with a letter and has 2 to 49 small letters, digits or hyphens."))
    if slug in RESERVED_SLUGS:
        raise SlugRefused(_("This address name is reserved."))
    taken = Clinic.objects.filter(slug=slug) | Clinic.objects.filter(schema_name=schema_name_for(slug))
    if taken.exists():
        raise SlugRefused(_("Another clinic has this address name."))


def create_clinic(*, name: str, slug: str, owner: Any | None = None, **details: Any) -> Clinic:
    """Create the clinic whole or not at all: row, migrated schema, primary host name, owner's membership.

    `details` are further columns of Clinic. Raises SlugRefused. Runs in the public schema, whatever is active.
    """
    with public_context(), transaction.atomic():
        check_slug(slug)
        clinic = Clinic(name=name, slug=slug, schema_name=schema_name_for(slug), **details)
        clinic.full_clean(exclude=["schema_name"])
        clinic.save(verbosity=0)
        # Migrating the schema leaves the connection there; the rest belongs to public again.
        with public_context():
            Domain.objects.create(
                domain=f"{slug}.{settings.PLATFORM_HOST}",
                tenant=clinic,
                is_primary=True,
            )
            if owner is not None:
                Membership.objects.create(user=owner, clinic=clinic, role=MembershipRole.OWNER)
            record("clinic.created", resource=clinic, details={"slug": slug})
    return clinic
