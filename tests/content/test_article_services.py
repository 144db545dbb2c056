"""Saving, publishing and taking back: what the services of articles promise, whatever page calls them."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from accounts.models import Doctor, VerificationStatus
from content.exceptions import ArticleRefused, NotReady, StaleArticle, WrongStatus
from content.models import TRANSITIONS, Article, ArticleStatus
from content.services import articles as services
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from tests.content.writing import SOURCES, draft, write

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=2)


def acts(article):
    return list(
        AuditLog.objects.filter(resource_id=article.pk).order_by("created_at", "pk").values_list("action", flat=True)
    )


def events(kind):
    return OutboxEvent.objects.filter(kind=kind).count()


def test_what_is_saved_is_a_draft_with_its_first_version_and_its_reading_time(cast):
    article = write(cast.admin, status="published", published_at=NOW)
    article.refresh_from_db()
    assert article.status == "draft" and article.published_at is None
    assert article.reading_minutes == 1
    revision = article.revisions.get()
    assert (revision.number, revision.title, revision.saved_by) == (1, article.title, cast.admin)
    assert acts(article) == ["article.created"]
    assert AuditLog.objects.get(action="article.created").user == cast.admin


def test_words_make_a_version_and_nothing_else_does(cast):
    article = write(cast.admin)
    article.category = "wellness"
    services.save_article(article=article, by_user=cast.admin)
    assert article.revisions.count() == 1
    article.body += "\n\nOne more sentence."
    services.save_article(article=article, by_user=cast.owner, note="A sentence")
    assert list(article.revisions.values_list("number", "note", "saved_by")) == [
        (2, "A sentence", cast.owner.pk),
        (1, "", cast.admin.pk),
    ]
    services.save_article(article=article, by_user=cast.owner, note="Nothing")
    assert article.revisions.count() == 2
    assert acts(article) == ["article.created", "article.changed", "article.changed"]
    told = AuditLog.objects.filter(action="article.changed").values_list("details", flat=True)
    assert sorted(details["fields"] for details in told) == [["body"], ["category"]]


def test_a_version_taken_back_is_a_new_one(cast):
    article = write(cast.admin)
    first = article.revisions.get()
    article.title, article.tags, article.category = "Another title", ["kidney"], "wellness"
    services.save_article(article=article, by_user=cast.admin)
    services.restore_revision(revision=first, by_user=cast.owner, seen=services.token_of(article))
    article.refresh_from_db()
    assert (article.title, article.tags) == (first.title, first.tags)
    assert article.category == "wellness"  # no word
    assert [row.number for row in article.revisions.all()] == [3, 2, 1]
    assert "1" in article.revisions.first().note


def test_a_stale_save_is_refused_and_changes_nothing(cast):
    article = write(cast.admin)
    seen = services.token_of(article)
    theirs, mine = Article.objects.get(pk=article.pk), Article.objects.get(pk=article.pk)
    theirs.excerpt = "Theirs"
    services.save_article(article=theirs, by_user=cast.admin, seen=seen)
    mine.excerpt = "Mine"
    with pytest.raises(StaleArticle) as refused:
        services.save_article(article=mine, by_user=cast.owner, seen=seen)
    assert refused.value.current.excerpt == "Theirs"
    assert Article.objects.get().excerpt == "Theirs" and article.revisions.count() == 2
    # What changes no content makes nothing stale.
    services.publish(article=theirs, by_user=cast.admin)
    mine.excerpt = "Mine, knowingly"
    services.save_article(article=mine, by_user=cast.owner, seen=services.token_of(theirs))
    assert Article.objects.get().status == "published"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"excerpt": " "}, "summary"),
        ({"sources": SOURCES[:1]}, "sources"),
        ({"sources": [SOURCES[0], SOURCES[0] | {"title": "Again", "url": SOURCES[0]["url"] + "/#part"}]}, "sources"),
        ({"body": "Too short."}, "2 words"),
        ({"featured_image_url": "/pictures/articles/x.webp"}, "picture"),
        ({"body": draft().body + "\n\n![a heart](https://e.test/x.png)"}, "picture"),
    ],
)
def test_what_readers_would_miss_keeps_it_a_draft(cast, changes, word):
    article = write(cast.admin, **changes)
    with pytest.raises(NotReady) as refused:
        services.publish(article=article, by_user=cast.admin)
    assert len(refused.value.reasons) == 1 and word in str(refused.value)
    assert Article.objects.get().status == "draft"
    assert acts(article) == ["article.created"] and events("article.published") == 0


def test_published_at_once_or_at_a_time_and_what_is_past_is_now(cast):
    article = write(cast.admin)
    services.publish(article=article, by_user=cast.admin, at=NOW - timedelta(hours=1), now=NOW)
    assert (article.status, article.published_at) == ("published", NOW)
    assert acts(article)[-1] == "article.published" and events("article.published") == 1
    other = write(cast.admin, slug="other", topic="other")
    services.publish(article=other, by_user=cast.admin, at=LATER, now=NOW)
    assert (other.status, other.published_at) == ("published", LATER)
    assert services.is_scheduled(other, now=NOW) and not services.is_scheduled(other, now=LATER)
    assert acts(other)[-1] == "article.scheduled" and events("article.published") == 1


def test_what_is_scheduled_can_be_moved_published_or_taken_back(cast):
    article = write(cast.admin)
    services.publish(article=article, by_user=cast.admin, at=LATER, now=NOW)
    services.publish(article=article, by_user=cast.admin, at=LATER + timedelta(days=1), now=NOW)
    assert article.published_at == LATER + timedelta(days=1)
    with pytest.raises(WrongStatus):
        services.archive(article=article, by_user=cast.admin, now=NOW)
    services.unpublish(article=article, by_user=cast.admin, now=NOW)
    assert (article.status, article.published_at) == ("draft", None)
    article.slug = "free-again"  # nobody has seen it
    services.save_article(article=article, by_user=cast.admin, now=NOW)
    services.publish(article=article, by_user=cast.admin, at=LATER, now=NOW)
    services.publish(article=article, by_user=cast.admin, now=NOW)
    assert article.published_at == NOW


def test_what_readers_have_seen_keeps_its_address_and_its_first_date(cast):
    article = write(cast.admin)
    services.publish(article=article, by_user=cast.admin, now=NOW)
    article.slug = "another-address"
    with pytest.raises(ArticleRefused):
        services.save_article(article=article, by_user=cast.admin, now=NOW)
    article.refresh_from_db()
    services.unpublish(article=article, by_user=cast.admin, now=LATER)
    article.slug = "another-address"
    with pytest.raises(ArticleRefused):
        services.save_article(article=article, by_user=cast.admin, now=LATER)
    article.refresh_from_db()
    with pytest.raises(ArticleRefused):
        services.publish(article=article, by_user=cast.admin, at=LATER + timedelta(days=9), now=LATER)
    services.publish(article=article, by_user=cast.admin, now=LATER)
    article.refresh_from_db()
    assert article.published_at == NOW and article.slug == "high-blood-pressure"


def test_a_published_article_stays_whole(cast):
    article = write(cast.admin)
    services.publish(article=article, by_user=cast.admin, now=NOW)
    article.sources = []
    with pytest.raises(NotReady):
        services.save_article(article=article, by_user=cast.admin, now=NOW)
    assert len(Article.objects.get().sources) == 2
    assert article.revisions.count() == 1


MOVES = {
    (ArticleStatus.DRAFT, ArticleStatus.PUBLISHED): services.publish,
    (ArticleStatus.PUBLISHED, ArticleStatus.DRAFT): services.unpublish,
    (ArticleStatus.PUBLISHED, ArticleStatus.ARCHIVED): services.archive,
    (ArticleStatus.ARCHIVED, ArticleStatus.DRAFT): services.restore,
}


def test_every_pair_of_the_table_has_its_service_and_no_service_goes_beyond_it():
    assert {(start, end) for start, ends in TRANSITIONS.items() for end in ends} == set(MOVES)


@pytest.mark.parametrize("start", list(ArticleStatus))
@pytest.mark.parametrize("pair", list(MOVES))
def test_a_status_leads_only_where_the_table_says(cast, start, pair):
    article = write(cast.admin)
    Article.objects.update(status=start, published_at=NOW)
    article.refresh_from_db()
    before = len(acts(article))
    if start == pair[0]:
        MOVES[pair](article=article, by_user=cast.admin)
        assert Article.objects.get().status == pair[1]
        assert len(acts(article)) == before + 1
    else:
        with pytest.raises(WrongStatus):
            MOVES[pair](article=article, by_user=cast.admin)
        assert Article.objects.get().status == start
        assert len(acts(article)) == before and not OutboxEvent.objects.exists()


def test_only_a_verified_doctor_reviews_and_says_when(cast):
    doctor = Doctor.objects.get(pk=cast.doctor.pk)
    article = draft(reviewed_by=doctor)
    with pytest.raises(ArticleRefused):
        services.save_article(article=article, by_user=cast.admin)
    article = services.save_article(
        article=draft(reviewed_by=doctor, reviewed_at=date(2026, 11, 1)), by_user=cast.admin
    )
    Doctor.objects.filter(pk=doctor.pk).update(verification_status=VerificationStatus.REJECTED)
    kept = Article.objects.get()
    kept.excerpt = "A review that was made stays, whatever became of the doctor."
    services.save_article(article=kept, by_user=cast.admin)
    with pytest.raises(ArticleRefused):
        write(
            cast.admin,
            slug="x",
            topic="x",
            reviewed_by=Doctor.objects.get(pk=doctor.pk),
            reviewed_at=date(2026, 11, 1),
        )
    kept.reviewed_by = None
    services.save_article(article=kept, by_user=cast.admin)
    assert Article.objects.get().reviewed_at is None


@pytest.mark.parametrize("at", [None, LATER])
@pytest.mark.parametrize("status", [VerificationStatus.PENDING, VerificationStatus.REJECTED])
def test_readers_see_no_new_article_by_a_reviewer_who_is_no_longer_verified(cast, at, status):
    article = write(cast.admin, reviewed_by=Doctor.objects.get(pk=cast.doctor.pk), reviewed_at=date(2026, 11, 1))
    Doctor.objects.filter(pk=cast.doctor.pk).update(verification_status=status)
    with pytest.raises(NotReady, match="no longer verified"):
        services.publish(article=article, by_user=cast.admin, at=at, now=NOW)
    assert Article.objects.get().status == "draft" and not OutboxEvent.objects.exists()
    article.refresh_from_db()
    assert any("no longer verified" in reason for reason in services.lacks(article))
    article.reviewed_by = None
    services.save_article(article=article, by_user=cast.admin)
    services.publish(article=article, by_user=cast.admin, at=at, now=NOW)
    assert Article.objects.get().status == "published"


def test_what_readers_have_seen_keeps_the_reviewer_that_it_had(cast):
    article = write(cast.admin, reviewed_by=Doctor.objects.get(pk=cast.doctor.pk), reviewed_at=date(2026, 11, 1))
    services.publish(article=article, by_user=cast.admin, now=NOW)
    Doctor.objects.filter(pk=cast.doctor.pk).update(verification_status=VerificationStatus.REJECTED)
    services.unpublish(article=article, by_user=cast.admin, now=LATER)
    services.publish(article=article, by_user=cast.admin, now=LATER)
    assert Article.objects.get().reviewed_by_id == cast.doctor.pk


def test_an_address_and_a_topic_are_taken_once(cast):
    write(cast.admin)
    with pytest.raises(ArticleRefused, match="address"):
        write(cast.admin, topic="")
    with pytest.raises(ArticleRefused, match="topic"):
        write(cast.admin, slug="x")
    write(cast.admin, slug="shinikizo", language="sw")
    assert Article.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_editors_who_save_at_once_one_is_told(cast):
    article = write(cast.admin)
    seen, barrier, ended = services.token_of(article), Barrier(2), []

    def save(words):
        try:
            mine = Article.objects.get(pk=article.pk)
            mine.excerpt = words
            barrier.wait(10)
            services.save_article(article=mine, by_user=None, seen=seen)
            ended.append("saved")
        except StaleArticle:
            ended.append("stale")
        finally:
            connections.close_all()

    threads = [Thread(target=save, args=(words,)) for words in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    connection.ensure_connection()
    assert sorted(ended) == ["saved", "stale"]
    assert [row.number for row in article.revisions.all()] == [2, 1]
