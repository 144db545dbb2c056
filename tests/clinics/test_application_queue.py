"""Platform admins decide about clinics that want to join."""

from datetime import timedelta

import pytest

from clinics.models import Clinic, ClinicApplication
from clinics.services.applications import approve_application, set_up_clinic
from precta import clock
from precta.audit.models import AuditLog
from tests import factories
from tests.files.corpus import pdf

pytestmark = pytest.mark.django_db
LIST = "/clinics/clinicapplication/"


@pytest.fixture
def application(cast):
    return factories.make_application(cast.other_patient.user, slug="kisumu-eye")


@pytest.fixture
def admin(at_admin, cast):
    return at_admin(cast.admin)


def url(application, page="change"):
    return f"{LIST}{application.pk}/{page}/"


def fresh(application):
    return ClinicApplication.objects.get(pk=application.pk)


def test_the_queue_shows_what_was_sent_the_oldest_that_waits_first(admin, cast, application):
    now = clock.now()
    factories.make_application(cast.patient.user, name="Older one", submitted_at=now - timedelta(days=3))
    factories.make_application(
        cast.owner, name="Sent back", status="refused", reason_code="other", decided_by=cast.admin
    )
    factories.make_application(cast.staff, name="A draft", status="draft")
    page = admin.get(LIST).content.decode()
    assert page.index("Older one") < page.index("Kisumu Eye Care") < page.index("Sent back")
    assert "A draft" not in page
    late = admin.get(LIST, {"age": "late"}).content.decode()
    assert "Older one" in late and "Kisumu Eye Care" not in late
    assert "Kisumu Eye Care" not in admin.get(LIST, {"q": "older"}).content.decode()
    assert "Clinics that apply" in admin.get("/").content.decode()


def test_the_queue_asks_the_database_as_little_for_fifty_as_for_one(admin, cast, django_assert_max_num_queries):
    for number in range(50):
        factories.make_application(factories.make_user(), name=f"Clinic {number}")
    admin.get(LIST)
    with django_assert_max_num_queries(10):
        assert admin.get(LIST).status_code == 200


def test_a_draft_is_nobody_elses(admin, cast):
    draft = factories.make_application(cast.patient.user, status="draft")
    for page in ("change", "licence", "progress"):
        assert admin.get(url(draft, page)).status_code == 404
    assert admin.post(url(draft, "decision"), {"action": "approve"}).status_code == 404


def test_the_page_shows_the_licence_beside_the_fields(admin, application):
    response = admin.get(url(application))
    page = response.content.decode()
    assert "Oginga Odinga Street 4" in page and f"{url(application, 'licence')}" in page
    assert "frame-src 'self'" in response.headers["Content-Security-Policy"]
    paper = admin.get(url(application, "licence"))
    assert paper.getvalue() == pdf()
    assert AuditLog.objects.get(action="clinic_application.licence_viewed").resource_id == application.pk
    assert paper.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in paper.headers["Content-Security-Policy"]


def test_the_page_says_what_is_suspicious(admin, cast, application):
    factories.make_application(cast.patient.user, name="Same Papers", licence_number="kmpdc 12-34")
    Clinic.objects.filter(slug="uzima").update(name="KISUMU eye care", city="Kisumu")
    ClinicApplication.objects.filter(pk=application.pk).update(slug="uzima")
    page = admin.get(url(application)).content.decode()
    assert "The same licence number stands in the application of Same Papers (waiting for an answer)." in page
    assert "A clinic of this name is in this town already." in page
    assert "Another clinic has this address name." in page
    assert admin.post(url(application, "decision"), {"action": "approve"}).status_code == 302
    assert fresh(application).status == "waiting"


def test_letting_in_sets_the_clinic_up_and_shows_how_far_it_is(
    admin, cast, application, django_capture_on_commit_callbacks
):
    admin.post(url(application, "decision"), {"action": "approve"})
    assert fresh(application).status == "creating"
    page = admin.get(url(application)).content.decode()
    assert "<progress" in page and url(application, "progress") in page and 'http-equiv="refresh"' in page
    assert set_up_clinic(application_id=application.pk)
    assert admin.get(url(application, "progress")).headers["HX-Refresh"] == "true"
    assert "Let in on" in admin.get(url(application)).content.decode()
    assert AuditLog.objects.get(action="clinic_application.approved").user == cast.admin


def test_whoever_comes_second_is_told_and_changes_nothing(admin, cast, application):
    approve_application(application=application, by=factories.make_user(role="admin"))
    for action in ({"action": "approve"}, {"action": "refuse", "code": "incomplete"}):
        page = admin.post(url(application, "decision"), action, follow=True).content.decode()
        assert "Somebody else has decided" in page
    assert AuditLog.objects.filter(action__startswith="clinic_application.").count() == 1
    assert fresh(application).status == "creating"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"code": ""}, "This field is required."),
        ({"code": "other", "note": " "}, "Say what the reason is."),
        ({"code": "nonsense"}, "not one of the available choices"),
        ({"code": "other", "note": "a\x00b"}, "Null characters are not allowed."),
        ({"code": "other", "note": "x" * 900}, "at most 800 characters"),
    ],
)
def test_sending_back_needs_a_reason(admin, application, typed, sentence):
    response = admin.post(url(application, "decision"), {"action": "refuse", **typed})
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert fresh(application).status == "waiting"


def test_sending_back_tells_why(admin, cast, application):
    note = "The stamp is missing. <b>"
    admin.post(url(application, "decision"), {"action": "refuse", "code": "incomplete", "note": note})
    assert (fresh(application).status, fresh(application).reason) == ("refused", note)
    assert "&lt;b&gt;" in admin.get(url(application)).content.decode()


def test_what_failed_can_be_tried_again(admin, cast, application):
    ClinicApplication.objects.filter(pk=application.pk).update(
        status="failed", attempts=5, last_error="OperationalError", decided_at=clock.now(), decided_by=cast.admin
    )
    page = admin.get(url(application)).content.decode()
    assert "After 5 attempts; the last error: OperationalError" in page
    assert "Clinics that could not be set up" in admin.get("/").content.decode()
    admin.post(url(application, "decision"), {"action": "retry"})
    assert fresh(application).status == "creating"
    assert set_up_clinic(application_id=application.pk)


def test_those_that_failed_are_tried_again_together_and_only_those(admin, cast, application):
    failed = factories.make_application(
        cast.patient.user, slug="lamu-care", status="failed", decided_by=cast.admin, decided_at=clock.now()
    )
    data = {"action": "retry", "index": "0", "_selected_action": [failed.pk, application.pk]}
    assert "tried again" in admin.post(LIST, data).content.decode()
    page = admin.post(LIST, {**data, "confirmed": "yes"}, follow=True).content.decode()
    assert "Done for 1 of 2." in page
    failed.refresh_from_db()
    application.refresh_from_db()
    assert (failed.status, application.status) == ("creating", "waiting")


def test_an_unknown_action_does_nothing(admin, application):
    for action in ("", "delete", "done"):
        assert admin.post(url(application, "decision"), {"action": action}).status_code == 302
    assert fresh(application).status == "waiting"
