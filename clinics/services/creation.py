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
from clinics.schemas.cloning import Clone
from clinics.schemas.template import TEMPLATE_SCHEMA, lock_schemas, refresh_template
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
    """Create the clinic whole or not at all: row, schema, primary host name, owner's membership.

    `details` are further columns of Clinic. The schema is a clone of the template's, foreign keys into `public` last.
    Raises SlugRefused. Runs in the public schema, whatever is active.
    """
    refresh_template()
    schema = Clone(TEMPLATE_SCHEMA, schema_name_for(slug))
    with public_context(), transaction.atomic():
        lock_schemas()
        check_slug(slug)
        clinic = Clinic(name=name, slug=slug, schema_name=schema.target, **details)
        clinic.auto_create_schema = False
        clinic.full_clean(exclude=["schema_name"])
        schema.build()
        clinic.save()
        Domain.objects.create(domain=f"{slug}.{settings.PLATFORM_HOST}", tenant=clinic, is_primary=True)
        if owner is not None:
            Membership.objects.create(user=owner, clinic=clinic, role=MembershipRole.OWNER)
        record("clinic.created", resource=clinic, details={"slug": slug})
        schema.bind()
    del clinic.auto_create_schema  # the class's own again
    return clinic
