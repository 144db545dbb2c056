"""How those who write are named in public."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from content.exceptions import ArticleRefused
from content.models import Author
from precta.audit.services import record

SHOWN = ("name", "slug", "role", "bio_en", "bio_sw", "photo_url")


def save_author(*, author: Author, by_user: User | None) -> Author:
    """Keep an author, new or changed in memory. Raises ArticleRefused when the address or the account is taken."""
    is_new = author._state.adding
    try:
        with transaction.atomic():
            if is_new:
                author.save(force_insert=True)
            else:
                author.save(update_fields=SHOWN)
            record(
                "author.created" if is_new else "author.changed",
                resource=author,
                user=by_user,
                details={"slug": author.slug},
            )
    except IntegrityError as error:
        raise ArticleRefused(_("Somebody else has this address or this account meanwhile.")) from error
    return author
