"""Writing articles: every change of words is a revision, every change of status asks TRANSITIONS."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User, VerificationStatus
from content import markdown, reading
from content.exceptions import ArticleRefused, NotReady, StaleArticle, WrongStatus
from content.models import TRANSITIONS, Article, ArticleRevision, ArticleStatus
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit

WORDS = ("title", "excerpt", "body", "tags", "sources")
EDITED = (
    *WORDS,
    *("slug", "language", "topic", "category", "featured_image_url", "featured_image_alt"),
    *("author_id", "reviewed_by_id", "reviewed_at"),
)
# Two independent sources are what the platform promises its readers.
LEAST_SOURCES = 2
# Under a minute of reading one can name an illness, but not say what to do and when to see somebody.
LEAST_WORDS = 150

DRAFT, PUBLISHED, ARCHIVED = ArticleStatus.DRAFT, ArticleStatus.PUBLISHED, ArticleStatus.ARCHIVED


def token_of(article: Article) -> str:
    """A digest of what editors change: two of the same article are the same if and only if it says the same."""
    # Sorted, for the database gives the keys of an object back in an order of its own.
    content = json.dumps([getattr(article, name) for name in EDITED], default=str, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def is_scheduled(article: Article, *, now: datetime | None = None) -> bool:
    """Published at a time to come."""
    return (
        article.status == PUBLISHED and article.published_at is not None and article.published_at > (now or clock.now())
    )


def was_public(article: Article, *, now: datetime | None = None) -> bool:
    """Whether readers have ever seen it: from then on its address and its first date stay."""
    return article.published_at is not None and article.published_at <= (now or clock.now())


def lacks(article: Article, *, now: datetime | None = None) -> list[str]:
    """What readers would miss, in sentences: empty for an article that may be published.

    Whoever has reviewed what readers have seen stays its reviewer; what they have not seen yet needs one who is
    verified now.
    """
    missing = []
    if not article.excerpt.strip():
        missing.append(_("It has no summary, which lists and search engines show."))
    if len({_page_of(source.get("url", "")) for source in article.sources}) < LEAST_SOURCES:
        missing.append(_("It names fewer than two sources."))
    if article.featured_image_url and not article.featured_image_alt.strip():
        missing.append(_("Its picture is not described for those who cannot see it."))
    count = reading.words(article.body)
    if count < LEAST_WORDS:
        told = ngettext(
            "Its text has %(count)d word; readers need at least %(least)d.",
            "Its text has %(count)d words; readers need at least %(least)d.",
            count,
        )
        missing.append(told % {"count": count, "least": LEAST_WORDS})
    if markdown.has_pictures(article.body):
        missing.append(_("Its text asks for a picture, and pictures do not stand inside texts."))
    doctor = article.reviewed_by
    is_verified = doctor is None or doctor.verification_status == VerificationStatus.VERIFIED
    if not is_verified and not was_public(article, now=now):
        missing.append(_("The doctor who has reviewed it is no longer verified."))
    return missing


def _page_of(url: str) -> str:
    """Two addresses of one page are one source."""
    return url.partition("#")[0].rstrip("/").lower()


def save_article(
    *, article: Article, by_user: User | None, note: str = "", seen: str = "", now: datetime | None = None
) -> Article:
    """Keep `article`, new or changed in memory, as it stands, with its reading time; its words become a revision.

    What is searched follows the row by itself. Its status and dates are not touched. `seen` is the `token_of` what the
    editor began with; without it the last one wins. Raises StaleArticle, NotReady (a published article stays whole),
    ArticleRefused.
    """
    now = now or clock.now()
    try:
        with transaction.atomic():
            return _save(article, by_user, note, seen, now)
    except IntegrityError as error:
        if "topic" in str(error):
            raise ArticleRefused(_("This topic has an article in this language already.")) from error
        if "slug" in str(error):
            raise ArticleRefused(_("Another article has this address.")) from error
        raise


def _save(article: Article, by_user: User | None, note: str, seen: str, now: datetime) -> Article:
    is_new = article._state.adding
    before = None if is_new else _locked(article)
    if before is not None:
        if seen and seen != token_of(before):
            raise StaleArticle(before, _("Somebody has saved this article since you opened it."))
        if was_public(before, now=now) and article.slug != before.slug:
            raise ArticleRefused(_("Readers have seen this article: its address stays."))
        article.status, article.published_at = before.status, before.published_at
    _refuse_unfounded_review(article, before, now)
    if article.status == PUBLISHED and (missing := lacks(article, now=now)):
        raise NotReady(*missing)
    if before is not None and token_of(before) == token_of(article):
        return article
    article.reading_minutes = reading.minutes(article.body)
    if is_new:
        article.status, article.published_at = DRAFT, None
        article.save(force_insert=True)
    else:
        article.save(update_fields=[*EDITED, "reading_minutes", "updated_at"])
    if before is None or any(getattr(before, name) != getattr(article, name) for name in WORDS):
        _keep_revision(article, by_user, note)
    changed = [] if before is None else [name for name in EDITED if getattr(before, name) != getattr(article, name)]
    record(
        "article.created" if is_new else "article.changed",
        resource=article,
        user=by_user,
        details={"slug": article.slug} if is_new else {"fields": changed},
    )
    if article.status == PUBLISHED:
        emit("article.changed", article_id=article.pk)
    return article


def publish(
    *, article: Article, by_user: User | None, at: datetime | None = None, now: datetime | None = None
) -> Article:
    """Show it to readers from `at` on: at once without it, or when it is past. Moves a scheduled one, too.

    What readers have seen before comes back at once and keeps its first date. Raises NotReady, WrongStatus.
    """
    now = now or clock.now()
    with transaction.atomic():
        row = _locked(article)
        is_waiting = is_scheduled(row, now=now)
        if not is_waiting and PUBLISHED not in TRANSITIONS[row.status]:
            raise WrongStatus(_("It is published or archived already."))
        if missing := lacks(row, now=now):
            raise NotReady(*missing)
        later = at is not None and at > now
        if later and was_public(row, now=now):
            raise ArticleRefused(_("Readers have seen this article: publish it at once, it keeps its first date."))
        if later:
            row.published_at = at
        elif not was_public(row, now=now):
            row.published_at = now
        row.status = PUBLISHED
        _keep_status(row)
        if later:
            record("article.scheduled", resource=row, user=by_user, details={"at": row.published_at.isoformat()})
        else:
            record("article.published", resource=row, user=by_user, details={"slug": row.slug})
            emit("article.published", article_id=row.pk)
    return _told(article, row)


def unpublish(*, article: Article, by_user: User | None, now: datetime | None = None) -> Article:
    """Take a published or scheduled article back to its draft; readers get a 404. Raises WrongStatus."""
    now = now or clock.now()
    with transaction.atomic():
        row = _locked(article)
        if row.status != PUBLISHED:
            raise WrongStatus(_("It is not published."))
        if not was_public(row, now=now):
            row.published_at = None
        _move(row, DRAFT)
        record("article.unpublished", resource=row, user=by_user)
        emit("article.withdrawn", article_id=row.pk)
    return _told(article, row)


def archive(*, article: Article, by_user: User | None, now: datetime | None = None) -> Article:
    """Put a published article away for good: no list has it, its address says that it is gone. Raises WrongStatus."""
    now = now or clock.now()
    with transaction.atomic():
        row = _locked(article)
        if is_scheduled(row, now=now):
            raise WrongStatus(_("Nobody has seen it yet: take it back to a draft instead."))
        _move(row, ARCHIVED)
        record("article.archived", resource=row, user=by_user)
        emit("article.withdrawn", article_id=row.pk)
    return _told(article, row)


def restore(*, article: Article, by_user: User | None) -> Article:
    """Bring an archived article back as a draft. Raises WrongStatus."""
    with transaction.atomic():
        row = _locked(article)
        if row.status != ARCHIVED:
            raise WrongStatus(_("It is not archived."))
        _move(row, DRAFT)
        record("article.restored", resource=row, user=by_user)
    return _told(article, row)


def restore_revision(*, revision: ArticleRevision, by_user: User | None, seen: str = "") -> Article:
    """Let the article say again what it said then, as a new revision. Raises what `save_article` raises."""
    article = Article.objects.get(pk=revision.article_id)
    for name in WORDS:
        setattr(article, name, getattr(revision, name))
    note = _("Version %(number)s restored") % {"number": revision.number}
    return save_article(article=article, by_user=by_user, note=note, seen=seen)


def _refuse_unfounded_review(article: Article, before: Article | None, now: datetime) -> None:
    """Only a doctor whose licence was checked reviews; one who was let stand before stays when they leave later."""
    doctor = article.reviewed_by
    if doctor is None:
        article.reviewed_at = None
        return
    is_same = before is not None and before.reviewed_by_id == doctor.pk
    if not is_same and doctor.verification_status != VerificationStatus.VERIFIED:
        raise ArticleRefused(_("Only a verified doctor can have reviewed it."))
    if article.reviewed_at is None:
        raise ArticleRefused(_("Say on which day it was reviewed."))


def _keep_revision(article: Article, by_user: User | None, note: str) -> None:
    last = article.revisions.order_by("-number").values_list("number", flat=True).first() or 0
    words: dict[str, Any] = {name: getattr(article, name) for name in WORDS}
    ArticleRevision.objects.create(article=article, number=last + 1, note=note[:200], saved_by=by_user, **words)


def _move(row: Article, to: str) -> None:
    if to not in TRANSITIONS[row.status]:
        raise WrongStatus(_("Its status does not allow this; perhaps somebody else has changed it meanwhile."))
    row.status = to
    _keep_status(row)


def _keep_status(row: Article) -> None:
    row.save(update_fields=["status", "published_at", "updated_at"])


def _locked(article: Article) -> Article:
    return Article.objects.select_for_update().get(pk=article.pk)


def _told(article: Article, row: Article) -> Article:
    article.status, article.published_at, article.updated_at = row.status, row.published_at, row.updated_at
    return article
