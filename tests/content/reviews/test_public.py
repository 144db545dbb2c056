"""What everybody reads of reviews, and how they are reported."""

from datetime import timedelta

import pytest

from accounts.models import Doctor, User
from content.models import Review, ReviewAnswer, ReviewReport
from content.services.ratings import refresh_rating
from precta import clock
from tests import factories
from tests.content.reviews.conftest import AT, make_review, make_reviews

pytestmark = pytest.mark.django_db
CEILING = 8


@pytest.fixture
def reviews(cast):
    found = make_reviews(cast.doctor, [5, 4, 4, 2] * 4)
    make_reviews(cast.doctor, [1], status="pending")
    refresh_rating(cast.doctor.pk)
    return found


@pytest.fixture
def url(cast):
    return f"/doctors/{cast.doctor.pk}/reviews/"


def shown(response):
    return [one.row.rating for one in response.context["reviews"]]


def test_a_stranger_reads_published_reviews_by_page_order_and_stars(cast, reviews, url, at_platform):
    client = at_platform()
    page = client.get(url)
    assert page.status_code == 200 and len(shown(page)) == 10
    assert "sessionid" not in page.cookies and "Set-Cookie" not in page.headers
    assert len(shown(client.get(url, {"page": 2}))) == 6
    assert shown(client.get(url, {"sort": "highest"}))[:4] == [5, 5, 5, 5]
    assert shown(client.get(url, {"sort": "lowest"}))[:4] == [2, 2, 2, 2]
    assert set(shown(client.get(url, {"stars": 4}))) == {4}
    shares = {share.stars: (share.count, share.percent) for share, _url, _is in page.context["shares"]}
    assert shares == {5: (4, 25), 4: (8, 50), 3: (0, 0), 2: (4, 25), 1: (0, 0)}


@pytest.mark.parametrize(
    "query",
    [
        "sort=x",
        "stars=0",
        "stars=6",
        "stars=NaN",
        "stars=%00",
        "page=0",
        "page=99999999999",
        "page=x",
        "sort=newest&sort=lowest",
    ],
)
def test_what_makes_no_sense_is_as_if_not_asked(reviews, url, at_platform, query):
    assert at_platform().get(f"{url}?{query}").status_code == 200


def test_who_wrote_is_never_named_whole(cast, url, at_platform):
    make_review(cast.patient, cast.doctor, status="approved")
    hidden = factories.make_patient("Fatuma", "Salim")
    make_review(hidden, cast.doctor, status="approved", is_anonymous=True, at=AT + timedelta(days=1))
    gone = factories.make_patient("", "")
    make_review(gone, cast.doctor, status="approved", at=AT + timedelta(days=2))
    page = at_platform().get(url).text
    assert "Amina H." in page and "A patient" in page and "visit in March 2026" in page
    assert "Hassan" not in page and "Fatuma" not in page and "Salim" not in page


def test_texts_are_escaped_and_marked_up_for_machines(cast, url, at_platform):
    make_review(cast.patient, cast.doctor, status="approved", comment='<script>x</script> & "quotes"', language="sw")
    refresh_rating(cast.doctor.pk)
    page = at_platform().get(url).text
    assert "<script>x" not in page and "&lt;script&gt;x" in page
    assert 'itemprop="ratingValue" content="4"' in page and 'itemtype="https://schema.org/Review"' in page
    assert 'lang="sw"' in page


def test_an_answer_is_shown_only_once_it_is_approved(cast, url, at_platform):
    review = make_review(cast.patient, cast.doctor, status="approved")
    answer = ReviewAnswer.objects.create(review=review, text="We have more chairs now.")
    assert "more chairs" not in at_platform().get(url).text
    ReviewAnswer.objects.filter(pk=answer.pk).update(moderation_status="approved", moderated_at=clock.now())
    assert "more chairs" in at_platform().get(url).text


def test_a_doctor_whom_nobody_finds_has_no_reviews_page(cast, reviews, url, at_platform):
    client = at_platform()
    for change in ({"verification_status": "rejected"}, {"verification_status": "verified"}):
        Doctor.objects.filter(pk=cast.doctor.pk).update(**change)
        expected = 200 if change["verification_status"] == "verified" else 404
        assert client.get(url).status_code == expected
    User.objects.filter(pk=cast.doctor.pk).update(status="suspended")
    assert client.get(url).status_code == 404
    assert client.get(f"/doctors/{cast.patient.pk}/reviews/").status_code == 404


def test_the_page_takes_no_post(url, at_platform):
    assert at_platform().post(url).status_code == 405


def test_neither_list_nor_profile_asks_more_with_more_reviews(
    cast, url, at_platform, at_clinic, django_assert_max_num_queries
):
    make_reviews(cast.doctor, [5] * 3)
    refresh_rating(cast.doctor.pk)
    for client, address in (
        (at_platform(), url),
        (at_platform(), f"/doctors/{cast.doctor.pk}/"),
        (at_clinic(cast.uzima), f"/doctors/{cast.doctor.pk}/"),
    ):
        with django_assert_max_num_queries(CEILING):
            assert client.get(address).status_code == 200
    for review in Review.objects.all():
        ReviewAnswer.objects.create(review=review, text="x", moderation_status="approved", moderated_at=clock.now())
    with django_assert_max_num_queries(CEILING):
        at_platform().get(url)


def test_the_profile_shows_the_newest_on_both_hosts(cast, reviews, at_platform, at_clinic):
    for client in (at_platform(), at_clinic(cast.uzima)):
        page = client.get(f"/doctors/{cast.doctor.pk}/").text
        assert page.count('class="review"') == 3
        assert "Read all 16 reviews" in page
        assert f"http://precta.localhost/doctors/{cast.doctor.pk}/reviews/" in page.replace(":8000", "")
        assert "css/reviews.css" in page


def test_a_profile_without_reviews_says_so_once(cast, at_platform):
    page = at_platform().get(f"/doctors/{cast.doctor.pk}/").text
    assert "No reviews yet" in page and "css/reviews.css" not in page


# Reports


@pytest.fixture
def reported(cast, url):
    review = make_review(cast.patient, cast.doctor, status="approved")
    return f"{url}{review.pk}/report/"


def test_a_signed_in_person_reports_a_review_once(cast, reported, url, at_platform):
    client = at_platform(cast.other_patient.user)
    page = client.get(reported).text
    assert "Report this review" in page and Review.objects.get().comment in page
    response = client.post(reported, {"reason": "private", "details": "It tells my number"})
    assert (response.status_code, response["Location"]) == (302, url)
    again = client.post(reported, {"reason": "abuse", "details": ""})
    assert again.status_code == 409 and "reported this review already" in again.text
    report = ReviewReport.objects.get()
    assert (report.reason, report.details, report.reported_by) == (
        "private",
        "It tells my number",
        cast.other_patient.user,
    )


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"reason": "x"},
        {"reason": "other"},
        {"reason": "abuse", "details": "x" * 1001},
        {"reason": "abuse", "details": "\x00"},
    ],
)
def test_a_report_that_says_nothing_is_refused(cast, reported, at_platform, said):
    assert at_platform(cast.other_patient.user).post(reported, said).status_code == 400
    assert not ReviewReport.objects.exists()


def test_strangers_sign_in_first_and_nobody_reports_what_is_not_public(cast, url, reported, at_platform):
    assert "/account/" in at_platform().post(reported, {"reason": "abuse"})["Location"]
    pending = make_review(cast.other_patient, cast.doctor, at=AT + timedelta(days=1))
    client = at_platform(cast.other_patient.user)
    assert client.get(f"{url}{pending.pk}/report/").status_code == 404
    other = make_review(cast.other_patient, cast.other_doctor, status="approved", at=AT + timedelta(days=2))
    assert client.post(f"{url}{other.pk}/report/", {"reason": "abuse"}).status_code == 404
    own = at_platform(cast.patient.user).post(reported, {"reason": "abuse"})
    assert own.status_code == 409
    assert not ReviewReport.objects.exists()


def test_reports_are_limited(cast, reported, at_platform, settings):
    settings.RATE_LIMITS = True
    client = at_platform(cast.other_patient.user)
    codes = [client.post(reported, {"reason": "x"}).status_code for _ in range(12)]
    assert codes.count(429) == 2
