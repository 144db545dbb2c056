"""The platform's first page: articles that are being written, those that will appear by themselves, and reviews."""

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from clinics.dashboard import Wait, waits
from content import review_waits  # noqa: F401 - registers itself
from content.models import Article, ArticleStatus
from precta import clock


@waits("platform", order=60)
def articles_being_written(request: HttpRequest) -> Wait:
    later = Q(status=ArticleStatus.PUBLISHED, published_at__gt=clock.now())
    found = Article.objects.filter(Q(status=ArticleStatus.DRAFT) | later).aggregate(
        drafts=Count("pk", filter=Q(status=ArticleStatus.DRAFT)),
        scheduled=Count("pk", filter=later),
        next=Min("published_at", filter=later),
    )
    note = ""
    if found["scheduled"]:
        words = {"count": found["scheduled"], "when": f"{localtime(found['next']):%d.%m. %H:%M}"}
        note = _("%(count)d scheduled, the next for %(when)s") % words
    url = reverse("admin:content_article_changelist") + "?state=draft"
    return Wait(_("Drafts of articles"), found["drafts"], url, "brand", note)
