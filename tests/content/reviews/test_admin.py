"""Moderators' pages: the queue, the marks, deciding on one and on many, reports, the dashboard's lines."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Doctor
from content.models import Review, ReviewAnswer, ReviewReport
from content.services import moderation
from content.services.moderation import approve_review, version_of
from content.services.reports import report_review
from precta import clock
from tests import factories
from tests.content.reviews.conftest import AT, make_review, make_reviews

pytestmark = pytest.mark.django_db
LIST = "/content/review/"


@pytest.fixture
def admin(cast, at_admin):
    return at_admin(cast.admin)


@pytest.fixture
def review(cast):
    return make_review(cast.patient, cast.doctor, comment="Dr Achieng is an IDIOT <b>x</b>, call 0712 345 678")


def decide(admin, row, action, model="review", **said):
    seen = said.pop("seen", version_of(row))
    return admin.post(f"/content/{model}/{row.pk}/decision/", {"action": action, "seen": seen, **said}, follow=True)


def test_the_queue_shows_the_longest_waiting_first_with_marks(cast, admin, review):
    later = make_review(cast.other_patient, cast.doctor, comment="Second", at=AT + timedelta(days=1))
    make_review(cast.other_patient, cast.doctor, comment="Done", status="approved", at=AT + timedelta(days=2))
    Review.objects.filter(pk=later.pk).update(created_at=clock.now() - timedelta(days=3))
    page = admin.get(f"{LIST}?queue=waiting").text
    assert page.index("Second") < page.index("IDIOT")
    assert "Done" not in page
    for mark in ('class="name"', 'class="abuse"', 'class="phone"'):
        assert f"<mark {mark}" in page
    assert "<b>x</b>" not in page


def test_the_list_asks_no_more_with_more_rows(cast, admin, django_assert_max_num_queries):
    make_reviews(cast.doctor, [3] * 2, status="pending")
    for number in range(8):
        doctor = factories.make_doctor(cast.uzima, f"Doctor{number}", "Barasa")
        make_review(factories.make_patient(f"P{number}", "Q"), doctor)
    for address in (LIST, "/content/reviewanswer/", "/content/reviewreport/"):
        with django_assert_max_num_queries(15):
            assert admin.get(address).status_code == 200


def test_a_colleagues_and_a_staff_members_name_is_marked(cast, admin):
    factories.make_doctor(cast.uzima, "Wambui", "Kariuki")
    factories.make_patient("Nekesa", "Simiyu", user=cast.staff)
    row = make_review(cast.patient, cast.doctor, comment="Wambui and Nekesa and Amina and Brian")
    page = admin.get(f"{LIST}{row.pk}/change/").text
    marks = [
        name for name in ("Wambui", "Nekesa", "Amina", "Brian") if f'<mark class="name" title="name">{name}<' in page
    ]
    assert marks == ["Wambui", "Nekesa", "Amina"]


def test_publishing_counts_the_rating_and_leads_to_the_next(cast, admin, review):
    following = make_review(cast.other_patient, cast.doctor, at=AT + timedelta(days=1))
    response = decide(admin, review, "approve")
    assert response.redirect_chain[-1][0] == f"{LIST}{following.pk}/change/"
    doctor = Doctor.objects.get(pk=cast.doctor.pk)
    assert (doctor.average_rating, doctor.total_reviews) == (Decimal("4.0"), 1)


def test_rejecting_needs_a_reason_and_the_author_reads_it_in_their_language(cast, admin, review):
    assert decide(admin, review, "reject").status_code == 400
    assert decide(admin, review, "reject", code="other").status_code == 400
    assert Review.objects.get().moderation_status == "pending"
    cast.patient.preferred_language = "sw"
    cast.patient.save()
    decide(admin, review, "reject", code="contact", note="Ondoa namba.")
    row = Review.objects.get()
    assert row.moderation_status == "rejected" and row.rejection_reason.endswith("Ondoa namba.")
    assert "phone number" not in row.rejection_reason


def test_a_wrong_approval_is_undone_with_a_reason(cast, admin, review):
    approve_review(review=review, by=cast.admin)
    review.refresh_from_db()
    page = admin.get(f"{LIST}{review.pk}/change/").text
    assert "Take it off" in page
    decide(admin, review, "reject", code="names")
    assert Review.objects.get().moderation_status == "rejected"
    assert Doctor.objects.get(pk=cast.doctor.pk).total_reviews == 0


def test_an_unseen_text_or_a_decided_row_is_told_and_not_overwritten(cast, admin, review):
    seen = version_of(review)
    review.comment = "Another"
    review.save()
    assert "has changed the text meanwhile" in decide(admin, review, "approve", seen=seen).text
    assert "has changed the text meanwhile" in decide(admin, review, "approve", seen="").text
    assert Review.objects.get().moderation_status == "pending"
    review.refresh_from_db()
    decide(admin, review, "approve")
    assert "Somebody else has decided meanwhile" in decide(admin, review, "approve").text


def test_many_are_decided_after_asking_each_as_it_was_shown(cast, admin):
    rows = make_reviews(cast.doctor, [5, 4, 3], status="pending")
    chosen = {"action": "approve", "_selected_action": [row.pk for row in rows], "index": "0"}
    asked = admin.post(f"{LIST}?queue=waiting", chosen)
    assert asked.status_code == 200 and asked.text.count('name="seen-') == 3
    assert not Review.objects.filter(moderation_status="approved").exists()
    seen = {f"seen-{row.pk}": version_of(row) for row in rows}
    rows[2].comment = "Changed meanwhile"
    rows[2].save()
    done = admin.post(f"{LIST}?queue=waiting", chosen | seen | {"confirmed": "yes"}, follow=True).text
    assert "Done for 2 of 3." in done and "changed since it was shown" in done
    doctor = Doctor.objects.get(pk=cast.doctor.pk)
    assert (doctor.average_rating, doctor.total_reviews) == (Decimal("4.5"), 2)
    chosen = {"action": "reject", "_selected_action": [rows[0].pk], "index": "0", "confirmed": "yes"}
    seen = {f"seen-{rows[0].pk}": version_of(Review.objects.get(pk=rows[0].pk))}
    assert admin.post(LIST, chosen | seen).status_code == 400
    admin.post(LIST, chosen | seen | {"code": "abuse"})
    assert Review.objects.get(pk=rows[0].pk).moderation_status == "rejected"
    assert Doctor.objects.get(pk=cast.doctor.pk).average_rating == Decimal("4.0")


def test_what_its_author_took_back_meanwhile_is_told_and_the_others_are_decided(cast, admin, monkeypatch):
    rows = make_reviews(cast.doctor, [5, 4], status="pending")
    approve = moderation.approve_review

    def taken_back_first(*, review, **how):
        Review.objects.filter(pk=rows[0].pk).delete()
        return approve(review=review, **how)

    monkeypatch.setattr(moderation, "approve_review", taken_back_first)
    chosen = {"action": "approve", "_selected_action": [row.pk for row in rows], "index": "0", "confirmed": "yes"}
    done = admin.post(LIST, chosen | {f"seen-{row.pk}": version_of(row) for row in rows}, follow=True).text
    assert "its author has taken it back" in done and "Done for 1 of 2." in done
    assert Review.objects.get().moderation_status == "approved"
    rows[0] = make_review(cast.other_patient, cast.doctor)
    assert "author has taken it back meanwhile" in decide(admin, rows[0], "approve").text


def test_a_second_text_that_was_taken_back_is_not_published(cast, admin):
    row = make_review(cast.patient, cast.doctor, status="rejected", attempt=2, withdrawn_at=clock.now())
    page = admin.get(f"{LIST}{row.pk}/change/").text
    assert "Taken back by its author" in page and 'value="approve"' not in page
    decide(admin, row, "approve")
    chosen = {"action": "approve", "_selected_action": [row.pk], "index": "0", "confirmed": "yes"}
    assert "Done for 0 of 1." in admin.post(LIST, chosen | {f"seen-{row.pk}": version_of(row)}, follow=True).text
    assert Review.objects.get().moderation_status == "rejected"


def test_answers_are_moderated_on_their_own_page(cast, admin):
    review = make_review(cast.patient, cast.doctor, status="approved")
    answer = ReviewAnswer.objects.create(review=review, text="Amina, your test was fine. Achieng")
    page = admin.get(f"/content/reviewanswer/{answer.pk}/change/").text
    assert '<mark class="name" title="name">Amina<' in page and '<mark class="name" title="name">Achieng<' not in page
    decide(admin, answer, "reject", "reviewanswer", code="tells_the_patient")
    answer.refresh_from_db()
    assert answer.moderation_status == "rejected"
    decide(admin, answer, "approve", "reviewanswer")
    answer.refresh_from_db()
    assert answer.moderation_status == "approved"


def test_reports_are_upheld_or_dismissed(cast, admin):
    review = make_review(cast.patient, cast.doctor)
    approve_review(review=review, by=cast.admin)
    one = report_review(review=review, by_user=cast.doctor.user, reason="private", details="<i>number</i>")
    url = f"/content/reviewreport/{one.pk}/"
    page = admin.get(f"{url}change/").text
    assert "&lt;i&gt;number" in page
    assert admin.post(f"{url}decision/", {"action": "uphold"}).status_code == 400
    admin.post(f"{url}decision/", {"action": "uphold", "code": "private"})
    assert Review.objects.get().moderation_status == "rejected"
    assert "Somebody else" in admin.post(f"{url}decision/", {"action": "dismiss"}, follow=True).text
    assert ReviewReport.objects.get().was_upheld


def test_the_dashboard_counts_what_waits(cast, admin, review):
    published = make_review(cast.other_patient, cast.doctor, status="approved", at=AT + timedelta(days=1))
    ReviewAnswer.objects.create(review=published, text="x")
    report_review(review=published, by_user=cast.doctor.user, reason="abuse", details="")
    page = admin.get("/").text
    for words, url in (
        ("Reviews to moderate", "/content/review/?queue=waiting"),
        ("Doctors’ answers to moderate", "/content/reviewanswer/?queue=waiting"),
        ("Reported reviews", "/content/reviewreport/?queue=open"),
    ):
        assert words in page and url in page


@pytest.mark.parametrize("path", ["review", "reviewanswer", "reviewreport"])
def test_what_is_not_there_is_404_and_get_decides_nothing(admin, review, path):
    assert admin.get(f"/content/{path}/nothing/change/").status_code == 404
    assert admin.post(f"/content/{path}/nothing/decision/", {"action": "approve"}).status_code == 404
    assert admin.get(f"/content/{path}/{review.pk}/decision/").status_code == 405
    assert admin.post(f"/content/review/{review.pk}/change/").status_code == 405
