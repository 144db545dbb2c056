"""Health articles: who writes them, what they say, and every version that was ever saved."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Doctor
from precta.choices import choices_check
from precta.ids import IdField


class ArticleCategory(models.TextChoices):
    WELLNESS = "wellness", _("Wellness")
    PREVENTION = "prevention", _("Prevention")
    DISEASE = "disease", _("Diseases")
    NUTRITION = "nutrition", _("Nutrition")
    MENTAL_HEALTH = "mental_health", _("Mental health")
    FITNESS = "fitness", _("Fitness")
    NEWS = "news", _("News")


class ArticleStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class ArticleLanguage(models.TextChoices):
    ENGLISH = "en", "English"
    SWAHILI = "sw", "Kiswahili"


# The only changes of status there are; every service asks this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    ArticleStatus.DRAFT: frozenset({ArticleStatus.PUBLISHED}),
    ArticleStatus.PUBLISHED: frozenset({ArticleStatus.DRAFT, ArticleStatus.ARCHIVED}),
    ArticleStatus.ARCHIVED: frozenset({ArticleStatus.DRAFT}),
}


class Author(models.Model):
    """How somebody who writes articles is named in public: a User has no name of its own."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        primary_key=True,
        db_column="id",
        related_name="+",
        verbose_name=_("user"),
    )
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("address"), max_length=100, unique=True)
    role = models.CharField(_("what they do"), max_length=200, blank=True, default="")
    bio_en = models.TextField(_("about the author, in English"), blank=True, default="")
    bio_sw = models.TextField(_("about the author, in Swahili"), blank=True, default="")
    photo_url = models.CharField(_("photo"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("author")
        verbose_name_plural = _("authors")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """One article in one language; those with the same `topic` are each other's translations.

    `published` with a `published_at` to come is scheduled: nobody sees it before. `sources` is a list of
    {"publisher", "title", "url"}. What the search reads stands in `ArticleWords`. `view_count` is counted in the cache
    and written in batches. `slug` never changes once it was published.
    """

    id = IdField()
    title = models.CharField(_("title"), max_length=300)
    slug = models.SlugField(_("address"), max_length=300, unique=True)
    language = models.CharField(
        _("language"), max_length=10, choices=ArticleLanguage.choices, default=ArticleLanguage.ENGLISH
    )
    topic = models.SlugField(_("topic"), max_length=100, blank=True, default="")
    excerpt = models.TextField(_("summary"), blank=True, default="")
    body = models.TextField(_("text"))
    category = models.CharField(_("category"), max_length=20, choices=ArticleCategory.choices, db_index=True)
    tags = ArrayField(models.CharField(max_length=50), verbose_name=_("tags"), default=list, blank=True)
    featured_image_url = models.CharField(_("picture"), max_length=500, blank=True, default="")
    featured_image_alt = models.CharField(_("what the picture shows"), max_length=300, blank=True, default="")
    sources = models.JSONField(_("sources"), default=list, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    reviewed_by = models.ForeignKey(
        Doctor, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("medically reviewed by")
    )
    reviewed_at = models.DateField(_("medically reviewed"), null=True, blank=True)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=ArticleStatus.choices,
        default=ArticleStatus.DRAFT,
        db_default=ArticleStatus.DRAFT,
        db_index=True,
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True, db_index=True)
    reading_minutes = models.PositiveSmallIntegerField(_("reading time in minutes"), default=1)
    view_count = models.PositiveIntegerField(_("views"), default=0, db_default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(_("changed"), auto_now=True, db_default=Now())

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ("-published_at", "pk")
        indexes = (
            GinIndex(fields=["tags"], name="article_tags"),
            models.Index(
                fields=["language", "-published_at", "id"], name="article_latest", condition=Q(status="published")
            ),
            models.Index(
                fields=["language", "category", "-published_at", "id"],
                name="article_latest_of_category",
                condition=Q(status="published"),
            ),
        )
        constraints = (
            choices_check("category", ArticleCategory.values, "article_category_known"),
            choices_check("status", ArticleStatus.values, "article_status_known"),
            choices_check("language", ArticleLanguage.values, "article_language_known"),
            models.CheckConstraint(
                condition=~Q(status="published") | Q(published_at__isnull=False), name="article_published_has_time"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | Q(reviewed_at__isnull=False), name="article_review_has_day"
            ),
            models.UniqueConstraint(
                fields=["topic", "language"],
                condition=~Q(topic=""),
                name="article_one_per_topic_and_language",
                violation_error_message=_("This topic has an article in this language already."),
            ),
        )

    def __str__(self) -> str:
        return self.title


class ArticleWords(models.Model):
    """What the search reads of a published article, in narrow rows: thousands of them are looked at for a common word.

    A trigger on the articles writes them and nobody else does (migration 0002): nothing that publishes, changes or
    takes back an article can forget it, and counting views does not touch these indexes. `head` holds the title (weight
    A), the tags and the summary (B), `words` the same and the text (C); stemmed in English, which keeps the head's
    words as typed too (D), by plain words in Swahili; without accents in both.
    """

    article = models.OneToOneField(
        Article, models.CASCADE, primary_key=True, db_column="id", related_name="+", verbose_name=_("article")
    )
    language = models.CharField(max_length=10)
    category = models.CharField(max_length=20)
    published_at = models.DateTimeField()
    head = SearchVectorField()
    words = SearchVectorField()

    class Meta:
        indexes = (
            GinIndex(fields=["head"], name="article_words_head"),
            GinIndex(fields=["words"], name="article_words_all"),
            models.Index(fields=["language", "-published_at", "article"], name="article_words_latest"),
        )

    def __str__(self) -> str:
        return self.pk


class ViewBatch(models.Model):
    """A batch of counted views that has been added to the articles; `id` is the one under which the cache gave it out.

    Written in the same transaction as the sums, so that a batch that is given out again is not added again.
    """

    id = models.CharField(max_length=36, primary_key=True)
    written_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["written_at"], name="view_batch_written"),)

    def __str__(self) -> str:
        return self.id


class ArticleRevision(models.Model):
    """An article's words as they were saved, `number` from 1; the last one is what the article says now."""

    id = IdField()
    article = models.ForeignKey(Article, models.PROTECT, related_name="revisions", verbose_name=_("article"))
    number = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=300)
    excerpt = models.TextField(_("summary"), blank=True, default="")
    body = models.TextField(_("text"))
    tags = ArrayField(models.CharField(max_length=50), verbose_name=_("tags"), default=list, blank=True)
    sources = models.JSONField(_("sources"), default=list, blank=True)
    note = models.CharField(_("what changed"), max_length=200, blank=True, default="")
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_column="saved_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("saved by"),
    )
    saved_at = models.DateTimeField(_("saved"), auto_now_add=True, db_default=Now())

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["article", "number"], name="article_revision_once"),)

    def __str__(self) -> str:
        return f"{self.number}"
