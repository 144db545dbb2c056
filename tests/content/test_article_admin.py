"""What editors meet in the platform's admin."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Doctor, VerificationStatus
from content.models import Article, Author
from content.services import articles as services
from precta import clock
from precta.audit.models import AuditLog
from precta.files.checks import MOST_BYTES
from tests.content.writing import BODY, SOURCES, draft, make_author, write
from tests.files.corpus import picture, pixel_flood

ADD, LIST, PREVIEW = "/content/article/add/", "/content/article/", "/content/article/preview/"


def page_of(article):
    return f"{LIST}{article.pk}/change/"


def typed(article=None, *, sources=SOURCES, act="save", **changes):
    """The form as a browser would send it."""
    article = article or draft()
    values = {
        "title": article.title,
        "slug": article.slug,
        "language": article.language,
        "topic": article.topic,
        "category": article.category,
        "tags": ", ".join(article.tags),
        "excerpt": article.excerpt,
        "body": article.body,
        "featured_image_alt": article.featured_image_alt,
        "seen": services.token_of(article) if not article._state.adding else "",
        "s-TOTAL_FORMS": len(sources) + 2,
        "s-INITIAL_FORMS": 0,
        "act": act,
    }
    for number, source in enumerate(sources):
        values |= {f"s-{number}-{name}": value for name, value in source.items()}
    return values | changes


def photo(data=None, name="market.jpg"):
    return SimpleUploadedFile(name, data if data is not None else picture(size=(1700, 1200)), "image/jpeg")


@pytest.fixture
def editor(at_admin, cast):
    return at_admin(cast.admin)


def text_of(answer):
    return answer.content.decode()


def test_an_article_is_written_saved_and_found_in_the_list(editor, cast):
    assert editor.get(ADD).status_code == 200
    answer = editor.post(ADD, typed(slug="", topic="", tags=" Heart,  HEART, #salt ; Blood  pressure\n"))
    article = Article.objects.get()
    assert answer["Location"] == page_of(article)
    assert (article.slug, article.topic, article.status) == ("high-blood-pressure", "high-blood-pressure", "draft")
    assert article.tags == ["heart", "salt", "blood pressure"]
    assert article.sources == SOURCES
    assert article.revisions.get().saved_by == cast.admin
    shown = text_of(editor.get(LIST))
    assert "High blood pressure" in shown and "Draft" in shown
    assert 'value="https://www.who.int/hypertension"' in text_of(editor.get(page_of(article)))


def test_lines_are_kept_as_typed_whatever_ends_them(editor):
    editor.post(ADD, typed(body="## One\r\n\r\nTwo\rThree"))
    assert Article.objects.get().body == "## One\n\nTwo\nThree"


def test_a_second_address_of_the_same_title_gets_a_number(editor):
    write()
    editor.post(ADD, typed(slug="", topic=""))
    made = Article.objects.exclude(slug="high-blood-pressure").get()
    assert (made.slug, made.topic) == ("high-blood-pressure-2", "high-blood-pressure-2")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "required"),
        ({"title": "x" * 121}, "at most 120"),
        ({"title": "\u202egnp.exe"}, "cannot be shown"),
        ({"title": "😀", "slug": ""}, "No address can be made"),
        ({"slug": "a b"}, "valid"),
        ({"slug": "authors"}, "page of ours"),
        ({"language": "fr"}, "valid choice"),
        ({"category": "x"}, "valid choice"),
        ({"body": ""}, "required"),
        ({"body": "x" * 60_001}, "at most 60000"),
        ({"body": "a\x00b"}, "ull characters"),
        ({"body": "![x](https://x.test/x.png)"}, "Pictures do not stand"),
        ({"excerpt": "x" * 301}, "at most 300"),
        ({"tags": ",".join(map(str, range(9)))}, "at most 8"),
        ({"tags": "x" * 51}, "at most 50"),
        ({"reviewed_at": "2999-01-01"}, "still to come"),
        ({"reviewed_at": "31.02.2026"}, "valid date"),
        ({"s-0-url": "http://www.who.int/x"}, "https://"),
        ({"s-0-url": "javascript:alert(1)"}, "https://"),
        ({"s-0-url": "https://user@evil.test/"}, "https://"),
        ({"s-0-url": "https://[::1"}, "https://"),
        ({"s-0-publisher": ""}, "required"),
        ({"s-TOTAL_FORMS": "x"}, "form"),
        ({"s-TOTAL_FORMS": "1000"}, "at most 20"),
        ({"written_by": "nobody"}, "valid choice"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(editor, changes, words):
    answer = editor.post(ADD, typed(**changes))
    assert answer.status_code == 400
    assert words.lower() in text_of(answer).lower()
    assert "Why it hides" in text_of(answer) or "excerpt" in changes
    assert not Article.objects.exists() and not AuditLog.objects.filter(resource_type="article").exists()


def test_a_megabyte_of_text_is_refused(editor):
    assert editor.post(ADD, typed(body="word " * 210_000)).status_code == 400
    assert editor.post(PREVIEW, {"title": "x", "excerpt": "", "body": "word " * 210_000}).status_code == 200
    assert editor.post(ADD, typed(body="word " * 900_000)).status_code == 413
    assert not Article.objects.exists()


def test_a_posted_status_date_or_count_is_ignored(editor):
    editor.post(ADD, typed(status="published", published_at="2020-01-01", view_count="9999", reading_minutes="99"))
    article = Article.objects.get()
    assert (article.status, article.published_at, article.view_count, article.reading_minutes) == ("draft", None, 0, 1)


def test_html_is_shown_as_the_text_it_is(editor, cast):
    evil = "<script>alert(1)</script>"
    article = write(cast.admin, title=evil, excerpt=evil, body=f"{evil} <img src=x onerror=alert(1)>", tags=[evil])
    article.body += " more"
    services.save_article(article=article, by_user=cast.admin, note=evil)
    for url in (LIST, page_of(article), f"{LIST}{article.pk}/versions/", f"{LIST}{article.pk}/versions/2/"):
        shown = text_of(editor.get(url))
        assert evil not in shown and "<img src=x" not in shown, url
        assert "&lt;script&gt;alert(1)" in shown, url


def test_the_preview_shows_what_was_typed_and_saves_nothing(editor, cast):
    article = write(cast.admin)
    answer = editor.post(page_of(article), typed(article, act="preview", title="Typed", body="## Typed head\n\n*new*"))
    shown = text_of(answer)
    assert answer.status_code == 200
    assert "<h2>Typed head</h2>" in shown and "<em>new</em>" in shown and 'value="Typed"' in shown
    assert Article.objects.get().title == "High blood pressure" and article.revisions.count() == 1
    # Whoever is in the middle of writing sees no red.
    answer = editor.post(ADD, typed(act="preview", title="", body="only this", sources=[]))
    assert answer.status_code == 200 and "errorlist" not in text_of(answer) and "only this" in text_of(answer)


def test_the_live_preview_is_the_article_alone(editor):
    answer = editor.post(
        PREVIEW, {"title": "T <b>", "excerpt": "E", "body": "| a |\n|---|\n| b |\n\n[x](javascript:y)"}
    )
    shown = text_of(answer)
    assert "<html" not in shown and "T &lt;b&gt;" in shown and "<table>" in shown and "<a " not in shown
    assert "too long" in text_of(editor.post(PREVIEW, {"body": "x" * 60_001}))
    assert editor.get(PREVIEW).status_code == 405
    assert editor.post(PREVIEW).status_code == 200


def test_one_more_row_for_a_source_keeps_what_was_typed(editor):
    answer = editor.post(ADD, typed(act="more", title=""))
    shown = text_of(answer)
    assert answer.status_code == 200 and "errorlist" not in shown
    assert 'name="s-4-url"' in shown and "www.who.int/hypertension" in shown
    assert editor.post(ADD, typed(act="more", **{"s-TOTAL_FORMS": "9" * 50})).status_code in {200, 400}


def test_an_emptied_row_is_no_source(editor, cast):
    article = write(cast.admin)
    sent = typed(article) | {"s-0-publisher": "", "s-0-title": "", "s-0-url": ""}
    assert editor.post(page_of(article), sent).status_code == 302
    assert [row["publisher"] for row in Article.objects.get().sources] == ["Ministry of Health, Kenya"]


def test_a_picture_is_cut_kept_shown_and_taken_off(editor, cast):
    article = write(cast.admin)
    answer = editor.post(page_of(article), typed(article, picture=photo()))
    assert answer.status_code == 400 and "Say what the picture shows" in text_of(answer)
    sent = typed(article, picture=photo(), featured_image_alt="Women at a market")
    assert editor.post(page_of(article), sent).status_code == 302
    article.refresh_from_db()
    assert article.featured_image_url.endswith("-1600.webp")
    assert 'alt="Women at a market"' in text_of(editor.get(page_of(article)))
    answer = editor.post(page_of(article), typed(article, featured_image_alt=""))
    assert answer.status_code == 400
    before = article.featured_image_url
    other = photo(picture(size=(1800, 1200)))
    assert editor.post(page_of(article), typed(article, remove_picture="on", picture=other)).status_code == 302
    article.refresh_from_db()
    assert article.featured_image_url not in {"", before} and article.featured_image_alt == "Women at a market"
    assert editor.post(page_of(article), typed(article, remove_picture="on")).status_code == 302
    article.refresh_from_db()
    assert article.featured_image_url == article.featured_image_alt == ""


@pytest.mark.parametrize(
    ("upload", "status"),
    [
        (lambda: photo(b"GIF89a" + b"x" * 100, "a.gif"), 415),
        (lambda: photo(b"<svg onload=alert(1)></svg>", "a.svg"), 415),
        (lambda: photo(b"x" * (MOST_BYTES + 1)), 413),
        (lambda: photo(pixel_flood(), "a.png"), 400),
        (lambda: photo(picture(size=(300, 200))), 400),
        (lambda: photo(b""), 400),
        (lambda: "no file", 400),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(editor, upload, status):
    answer = editor.post(ADD, typed(picture=upload(), featured_image_alt="x"))
    assert answer.status_code == status or (answer.status_code == 302 and not isinstance(upload(), SimpleUploadedFile))
    assert not Article.objects.exclude(featured_image_url="").exists()


def test_publishing_saves_first_and_says_what_is_missing(editor, cast):
    article = write(cast.admin, sources=[])
    shown = text_of(editor.get(page_of(article)))
    assert "fewer than two sources" in shown
    answer = editor.post(page_of(article), typed(article, act="publish", sources=[], title="New"), follow=True)
    assert "saved, and not published" in text_of(answer) and "fewer than two sources" in text_of(answer)
    article.refresh_from_db()
    assert (article.title, article.status) == ("New", "draft")
    answer = editor.post(page_of(article), typed(article, act="publish"), follow=True)
    article.refresh_from_db()
    assert article.status == "published" and "Readers see it now" in text_of(answer)
    assert "/articles/high-blood-pressure/" in text_of(answer)


def test_scheduling_is_told_on_the_clock_of_nairobi(editor, cast):
    article = write(cast.admin)
    at = (clock.now() + timedelta(days=3)).replace(hour=5, minute=30, second=0, microsecond=0)
    local = f"{at + timedelta(hours=3):%Y-%m-%dT%H:%M}"
    answer = editor.post(page_of(article), typed(article, act="schedule", at=local), follow=True)
    article.refresh_from_db()
    assert (article.status, article.published_at) == ("published", at)
    assert "08:30" in text_of(answer) and f'value="{local}"' in text_of(answer)
    assert "Scheduled" in text_of(editor.get(LIST + "?state=scheduled"))
    assert "High blood" not in text_of(editor.get(LIST + "?state=published"))
    editor.post(page_of(article), typed(article, act="unpublish"))
    article.refresh_from_db()
    assert (article.status, article.published_at) == ("draft", None)
    editor.post(page_of(article), typed(article, act="schedule", at="2020-01-01T08:00"))
    article.refresh_from_db()
    assert not services.is_scheduled(article) and article.status == "published"


@pytest.mark.parametrize("at", ["", "tomorrow", "2026-02-31T08:00", "9999-12-31T23:59", "0001-01-01T00:00"])
def test_a_time_that_is_none_schedules_nothing(editor, cast, at):
    article = write(cast.admin)
    answer = editor.post(page_of(article), typed(article, act="schedule", at=at, title="Kept in the form"))
    article.refresh_from_db()
    if at.startswith("0001"):
        assert answer.status_code in {302, 400}
        return
    assert answer.status_code == 400 and 'value="Kept in the form"' in text_of(answer)
    assert (article.status, article.title) == ("draft", "High blood pressure")


def test_what_readers_see_is_taken_back_archived_and_brought_back(editor, cast):
    article = write(cast.admin)
    for act, status in (
        ("publish", "published"),
        ("archive", "archived"),
        ("restore", "draft"),
        ("publish", "published"),
        ("unpublish", "draft"),
    ):
        assert editor.post(page_of(article), typed(article, act=act)).status_code == 302
        article.refresh_from_db()
        assert article.status == status, act
    answer = editor.post(page_of(article), typed(article, act="archive"))
    assert answer.status_code == 400
    assert editor.post(page_of(article), typed(article, act="drop table")).status_code == 200
    article.refresh_from_db()
    assert article.status == "draft"


@pytest.mark.parametrize("act", ["unpublish", "archive", "restore"])
def test_what_is_not_there_yet_is_not_taken_back(editor, act):
    for path in (ADD, ADD + "?translate=x"):
        answer = editor.post(path, typed(act=act, title="Kept in the form"))
        assert answer.status_code == 200 and "Nothing was done" in text_of(answer)
        assert 'value="Kept in the form"' in text_of(answer)
    assert not Article.objects.exists()


@pytest.mark.parametrize("act", ["unpublish", "archive"])
def test_a_stale_page_that_takes_it_back_says_that_readers_still_see_it(editor, cast, act):
    article = write(cast.admin)
    services.publish(article=article, by_user=cast.admin)
    mine = typed(article, act=act, excerpt="What I typed")
    editor.post(page_of(article), typed(article, excerpt="What they saved"))
    answer = editor.post(page_of(article), mine)
    shown = text_of(answer)
    assert answer.status_code == 409 and Article.objects.get().status == "published"
    assert 'value="unpublish"' in shown and 'value="archive"' in shown and 'value="publish"' not in shown
    assert [name for name, _lines in answer.context["changed"]] == ["Summary"]


def test_the_address_of_what_was_published_stays(editor, cast):
    article = write(cast.admin)
    services.publish(article=article, by_user=cast.admin)
    shown = text_of(editor.get(page_of(article)))
    assert re.search(r'<input[^>]*name="slug"[^>]*disabled', shown)
    editor.post(page_of(article), typed(article, slug="elsewhere", title="Another title"))
    article.refresh_from_db()
    assert (article.slug, article.title) == ("high-blood-pressure", "Another title")


def test_two_editors_at_once_lose_nothing(editor, at_admin, cast):
    article = write(cast.admin)
    mine = typed(article, excerpt="What I typed", body=BODY + "\n\nMine.")
    editor.post(page_of(article), typed(article, excerpt="What they saved"))
    answer = editor.post(page_of(article), mine)
    shown = text_of(answer)
    assert answer.status_code == 409
    assert "What I typed" in shown and "saved</" in shown.replace("\n", "") and "Mine." in shown
    assert Article.objects.get().excerpt == "What they saved"
    article.refresh_from_db()
    again = re.search(r'name="seen" value="(\w+)"', shown)[1]
    assert again == services.token_of(article)
    assert editor.post(page_of(article), mine | {"seen": again}).status_code == 302
    assert Article.objects.get().excerpt == "What I typed"
    assert [row.excerpt for row in article.revisions.all()][:2] == ["What I typed", "What they saved"]
    # Without any token nothing is overwritten either.
    assert editor.post(page_of(article), mine | {"seen": "", "excerpt": "x"}).status_code == 409
    assert editor.post(page_of(article), mine | {"seen": "é" * 500, "excerpt": "x"}).status_code == 409


def test_the_translation_begins_with_what_both_share(editor, cast):
    make_author(cast.owner)
    article = write(cast.admin, author=cast.owner)
    shown = text_of(editor.get(page_of(article)))
    assert "Write the Swahili one" in shown
    link = re.search(r'href="(/content/article/add/\?translate=\w+)"', shown)[1]
    shown = text_of(editor.get(link))
    assert re.search(r'<option value="sw"[^>]*selected', shown) and 'value="hypertension"' in shown
    assert "www.who.int" in shown and "Why it hides" not in shown
    sent = typed(draft(title="Shinikizo la damu", slug="", language="sw"), written_by=cast.owner.pk)
    assert editor.post(ADD, sent).status_code == 302
    other = Article.objects.get(language="sw")
    assert (other.topic, other.slug, other.author) == ("hypertension", "shinikizo-la-damu", cast.owner)
    assert "Shinikizo" in text_of(editor.get(page_of(article)))
    answer = editor.post(ADD, sent | {"slug": "tena"})
    assert answer.status_code == 400 and Article.objects.count() == 2
    assert "This topic has an article in this language already." in text_of(answer)
    assert editor.get(ADD + "?translate=%00").status_code in {200, 400}
    assert editor.get(ADD + "?translate=nobody").status_code == 200


def test_a_review_of_today_is_of_today_in_nairobi(editor, cast, monkeypatch):
    at_night = clock.now().replace(hour=22, minute=0)
    monkeypatch.setattr("precta.clock.now", lambda: at_night)
    today = (at_night + timedelta(hours=3)).date()
    sent = typed(reviewed_by=cast.doctor.pk, reviewed_at=f"{today + timedelta(days=1)}")
    assert "still to come" in text_of(editor.post(ADD, sent))
    assert editor.post(ADD, sent | {"reviewed_at": f"{today}"}).status_code == 302


def test_only_verified_doctors_are_offered_as_reviewers(editor, cast):
    Doctor.objects.filter(pk=cast.other_doctor.pk).update(verification_status=VerificationStatus.PENDING)
    shown = text_of(editor.get(ADD))
    assert f'value="{cast.doctor.pk}"' in shown and f'value="{cast.other_doctor.pk}"' not in shown
    sent = typed(reviewed_by=cast.other_doctor.pk, reviewed_at="2026-01-05")
    assert editor.post(ADD, sent).status_code == 400
    assert editor.post(ADD, sent | {"reviewed_by": cast.doctor.pk, "reviewed_at": ""}).status_code == 400
    assert editor.post(ADD, sent | {"reviewed_by": cast.doctor.pk}).status_code == 302
    assert Article.objects.get().reviewed_by_id == cast.doctor.pk


def test_versions_are_listed_compared_and_taken_back(editor, cast):
    make_author(cast.admin, name="Wanjiru Editor")
    article = write(cast.admin)
    article.body = BODY.replace("Blood pressure", "Pressure", 1)
    services.save_article(article=article, by_user=cast.owner, note="Shorter")
    versions = f"{LIST}{article.pk}/versions/"
    shown = text_of(editor.get(versions))
    assert "Wanjiru Editor" in shown and "Shorter" in shown and "what it says now" in shown
    shown = text_of(editor.get(f"{versions}2/"))
    assert "<del>Blood" in shown and "<ins>Pressure" in shown and "Take this version back" not in shown
    first = text_of(editor.get(f"{versions}1/"))
    seen = re.search(r'name="seen" value="(\w+)"', first)[1]
    assert editor.post(f"{versions}1/", {"seen": "old"}).status_code == 409
    assert article.revisions.count() == 2
    assert editor.post(f"{versions}1/", {"seen": seen})["Location"] == page_of(article)
    article.refresh_from_db()
    assert article.body == BODY and article.revisions.count() == 3
    for number in ("0", "4", "99999999999999999999", "x", "-1"):
        assert editor.get(f"{versions}{number}/", follow=True).status_code == 404
    assert editor.post(versions).status_code == 405
    assert editor.get(f"{LIST}nobody/versions/").status_code == 404
    other = write(cast.admin, slug="x", topic="x")
    assert editor.get(f"{LIST}{other.pk}/versions/2/").status_code == 404


def test_a_version_that_readers_may_not_see_is_not_taken_back_while_they_look(editor, cast):
    article = write(cast.admin, sources=[])
    article.sources = SOURCES
    services.save_article(article=article, by_user=cast.admin)
    services.publish(article=article, by_user=cast.admin)
    answer = editor.post(f"{LIST}{article.pk}/versions/1/", {"seen": services.token_of(article)})
    assert answer.status_code == 400 and "fewer than two sources" in text_of(answer)
    assert len(Article.objects.get().sources) == 2


def test_the_list_is_filtered_by_what_is_left_to_do(editor, cast):
    make_author(cast.owner)
    one = write(cast.admin, author=cast.owner)
    write(cast.admin, title="Shinikizo", slug="shinikizo", language="sw")
    write(cast.admin, title="Alone", slug="alone", topic="alone", category="news")
    services.publish(article=one, by_user=cast.admin)

    def shown(query):
        page = text_of(editor.get(LIST + query))
        return {title for title in ("High blood", "Shinikizo", "Alone") if re.search(f"<th[^>]*>.*{title}", page)}

    assert shown("") == {"High blood", "Shinikizo", "Alone"}
    assert shown("?state=published") == {"High blood"} and shown("?state=draft") == {"Shinikizo", "Alone"}
    assert shown("?language__exact=sw") == {"Shinikizo"} and shown("?category__exact=news") == {"Alone"}
    assert shown("?by=njeri-mwangi") == {"High blood"} and shown("?by=-") == {"Shinikizo", "Alone"}
    assert shown("?lacks=translation") == {"Alone"} and len(shown("?lacks=review")) == 3
    assert shown("?q=shini") == {"Shinikizo"}
    assert editor.get(LIST + "?author__email__startswith=a").status_code in {302, 400}
    assert editor.get(LIST + "?state=%00").status_code == 400


def test_several_are_published_and_archived_at_once_after_asking(editor, cast):
    good, bad = write(cast.admin), write(cast.admin, slug="bad", topic="bad", title="Bad one", sources=[])
    chosen = {"action": "publish", "_selected_action": [good.pk, bad.pk], "index": "0"}
    assert "Publish" in text_of(editor.post(LIST, chosen)) and good.revisions.exists()
    assert set(Article.objects.values_list("status", flat=True)) == {"draft"}
    answer = editor.post(LIST, chosen | {"confirmed": "yes"}, follow=True)
    assert "Bad one" in text_of(answer) and "fewer than two sources" in text_of(answer)
    assert list(Article.objects.order_by("slug").values_list("status", flat=True)) == ["draft", "published"]
    editor.post(LIST, chosen | {"action": "archive", "confirmed": "yes"})
    assert Article.objects.get(pk=good.pk).status == "archived"


def test_the_list_and_the_first_page_cost_the_same_with_many(editor, cast, django_assert_max_num_queries):
    for number in range(30):
        write(cast.admin, slug=f"a-{number}", topic=f"a-{number}")
    services.publish(article=Article.objects.first(), by_user=cast.admin, at=clock.now() + timedelta(days=1))
    with django_assert_max_num_queries(14):
        assert editor.get(LIST).status_code == 200
    shown = text_of(editor.get("/"))
    assert "Drafts of articles" in shown and "1 scheduled" in shown


def test_an_author_is_named_shown_and_changed(editor, cast):
    assert editor.get("/content/author/add/").status_code == 200
    sent = {"email": "OWNER@example.test", "name": "Njeri Mwangi", "slug": "", "role": "Health writer"}
    sent |= {"bio_en": "Writes.", "bio_sw": "Anaandika.", "photo": photo()}
    answer = editor.post("/content/author/add/", sent)
    author = Author.objects.get()
    assert answer["Location"] == f"/content/author/{author.pk}/change/"
    assert (author.user, author.slug, author.bio_sw) == (cast.owner, "njeri-mwangi", "Anaandika.")
    assert author.photo_url.startswith("/pictures/authors/")
    assert AuditLog.objects.filter(action="author.created", user=cast.admin).count() == 1
    assert editor.post("/content/author/add/", sent | {"photo": photo()}).status_code == 400
    unknown = editor.post("/content/author/add/", {**sent, "email": "nobody@example.test", "photo": ""})
    assert unknown.status_code == 400 and Author.objects.count() == 1
    url = answer["Location"]
    changed = {"name": "Njeri M.", "slug": "njeri", "role": "", "bio_en": "", "bio_sw": "", "remove_photo": "on"}
    assert editor.post(url, changed).status_code == 302
    author.refresh_from_db()
    assert (author.name, author.slug, author.photo_url, author.user) == ("Njeri M.", "njeri", "", cast.owner)
    assert editor.post(url, {**changed, "photo": photo(b"GIF89a", "a.gif")}).status_code == 415
    assert editor.post(url).status_code == 400 and editor.post(url, {"slug": "a b"}).status_code == 400
    assert "Njeri M." in text_of(editor.get("/content/author/?writes=no"))
    assert "Njeri M." not in text_of(editor.get("/content/author/?writes=yes"))
    assert editor.get("/content/author/nobody/change/").status_code == 404


@pytest.mark.parametrize("path", [LIST, ADD, "/content/author/", "/content/author/add/"])
def test_nobody_else_comes_in(at_admin, at_platform, cast, path):
    for person in (cast.patient.user, cast.doctor.user, cast.owner):
        assert at_admin(person).get(path).status_code == 403
        assert at_admin(person).post(path, typed()).status_code == 403
    assert at_admin().get(path).status_code == 302
    assert not Article.objects.exists()


def test_other_methods_and_no_token_are_refused(at_admin, editor, cast):
    article = write(cast.admin)
    assert editor.delete(page_of(article)).status_code == 405
    assert editor.put(page_of(article)).status_code == 405
    assert editor.post(f"{LIST}{article.pk}/delete/").status_code in {403, 404, 405}
    strict = at_admin(cast.admin, enforce_csrf_checks=True)
    assert strict.post(page_of(article), typed(article)).status_code == 403
    for wrong in ("0", "-1", "abc", "9" * 30, "..%2f"):
        assert editor.get(f"{LIST}{wrong}/change/").status_code == 404


def test_editors_read_their_pages_in_swahili(editor, cast):
    article = write(cast.admin)
    editor.cookies["django_language"] = "sw"
    shown = text_of(editor.get(page_of(article), headers={"Accept-Language": "sw"}))
    assert 'lang="sw"' in shown
