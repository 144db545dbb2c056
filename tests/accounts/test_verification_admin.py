"""Platform admins verify doctors: the queue, the papers beside the fields, each decision, and what it changes."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache

from accounts.models import Doctor, DoctorCredential, Patient, VerificationDecision
from accounts.services.doctor_application import add_credential, submit
from accounts.services.users import suspend_user
from accounts.services.verification import approve_credential, approve_doctor
from precta import clock
from precta.audit.models import AuditLog
from precta.files.checks import check_upload
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.tenancy import clinic_context, public_context
from tests import factories
from tests.accounts.test_verification import values_for
from tests.files import corpus

pytestmark = pytest.mark.django_db
LIST = "/accounts/doctor/"
KINDS = ("license", "degree", "id")


@pytest.fixture
def sent(uzima):
    doctor = factories.make_applicant(uzima)
    return submit(doctor=doctor, by=doctor.user)


@pytest.fixture
def admin(at_admin, cast):
    return at_admin(cast.admin)


def url(doctor, page="change"):
    return f"{LIST}{doctor.pk}/{page}/"


def paper_of(doctor, kind):
    return doctor.credentials.get(type=kind)


def decide(client, doctor, action, paper=None, **data):
    given = {"action": action, **data, **({"paper": paper.pk} if paper is not None else {})}
    return client.post(url(doctor, "decision"), given)


def relay_all(*clinics):
    for context in (public_context, *(lambda c=c: clinic_context(c) for c in clinics)):
        with context():
            for event in OutboxEvent.objects.filter(relayed_at__isnull=True):
                relay_event(event.pk)


def found(at_platform, doctor):
    cache.clear()
    return doctor.display_name in at_platform().get("/doctors/", {"q": doctor.last_name}).content.decode()


def test_the_queue_shows_who_waits_the_longest_waiting_first(admin, sent, uzima):
    older = factories.make_applicant(uzima, user=factories.make_user("older@example.test", role="doctor"))
    Doctor.objects.filter(pk=older.pk).update(last_name="Older", submitted_at=clock.now() - timedelta(days=3))
    factories.make_doctor(uzima, "Never", "Sent", verification_status="pending")
    page = admin.get(LIST, {"queue": "waiting"}).content.decode()
    assert page.index("Older") < page.index("Maina")
    assert "Never Sent" not in page
    late = admin.get(LIST, {"queue": "late"}).content.decode()
    assert "Older" in late
    assert "Maina" not in late
    assert "Never Sent" in admin.get(LIST, {"queue": "draft"}).content.decode()


def test_the_queue_asks_the_database_as_little_for_fifty_as_for_one(admin, uzima, django_assert_max_num_queries):
    for number in range(50):
        doctor = factories.make_doctor(uzima, "Doctor", f"Number{number}", verification_status="pending")
        Doctor.objects.filter(pk=doctor.pk).update(submitted_at=clock.now())
    admin.get(LIST)
    with django_assert_max_num_queries(10):
        assert admin.get(LIST, {"queue": "waiting"}).status_code == 200


def test_the_first_page_counts_who_waits(admin, sent):
    assert re.search(r"Doctors to verify", admin.get("/").content.decode())


def test_the_paper_lies_beside_what_it_has_to_prove(admin, sent):
    licence = paper_of(sent, "license")
    response = admin.get(url(sent), {"paper": licence.pk})
    page = response.content.decode()
    assert "A-1" in page
    assert f"{LIST}{sent.pk}/papers/{licence.pk}/" in page
    assert "frame-src 'self'" in response.headers["Content-Security-Policy"]


def test_the_file_is_shown_to_admins_only_and_each_look_is_written_down(admin, at_admin, sent, other_doctor_paper):
    licence = paper_of(sent, "license")
    shown = admin.get(f"{LIST}{sent.pk}/papers/{licence.pk}/")
    assert shown.getvalue() == corpus.pdf(pages=1)
    assert shown.headers["Cache-Control"].find("no-store") >= 0
    assert AuditLog.objects.filter(action="credential.viewed", resource_id=licence.pk).count() == 1
    assert admin.get(f"{LIST}{sent.pk}/papers/{other_doctor_paper.pk}/").status_code == 404
    assert at_admin().get(f"{LIST}{sent.pk}/papers/{licence.pk}/").status_code == 302


@pytest.fixture
def other_doctor_paper(cast):
    paper = check_upload(corpus.upload(corpus.pdf(pages=9)))
    return add_credential(
        doctor=cast.other_doctor, by=cast.other_doctor.user, file=paper, values=values_for("certification")
    )


def test_from_the_queue_to_the_search(admin, at_platform, sent, uzima):
    factories.make_full_week(sent)
    assert not found(at_platform, sent)
    early = decide(admin, sent, "approve")
    assert early.status_code == 302
    assert "Not proved yet" in admin.get(url(sent)).content.decode()
    assert Doctor.objects.get(pk=sent.pk).verification_status == "pending"
    for kind in KINDS:
        assert decide(admin, sent, "approve", paper_of(sent, kind)).status_code == 302
    decide(admin, sent, "approve")
    relay_all(uzima)
    assert found(at_platform, sent)
    assert Notification.objects.filter(user=sent.user, title="You are verified", channel="email").count() == 1
    kinds = list(VerificationDecision.objects.filter(doctor=sent, credential=None).values_list("kind", flat=True))
    assert kinds == ["approved", "submitted"]


def test_a_paper_is_rejected_with_a_reason_in_the_doctors_language(admin, sent):
    Patient.objects.create(user=sent.user, first_name="Wanjiku", last_name="Maina", preferred_language="en")
    licence = paper_of(sent, "license")
    decide(admin, sent, "reject", licence, code="unreadable", note="Page two is missing.")
    licence.refresh_from_db()
    assert licence.verification_status == "rejected"
    assert licence.rejection_reason == (
        "The copy cannot be read. Please upload a sharp one that shows the whole page. Page two is missing."
    )
    decision = VerificationDecision.objects.get(credential=licence)
    assert (decision.kind, decision.reason_code) == ("rejected", "unreadable")
    assert "Page two is missing." in admin.get(url(sent)).content.decode()


def test_sent_back_changed_and_sent_again(admin, at_platform, sent, uzima):
    factories.make_full_week(sent)
    for kind in KINDS[1:]:
        decide(admin, sent, "approve", paper_of(sent, kind))
    decide(admin, sent, "reject", paper_of(sent, "license"), code="expired")
    decide(admin, sent, "reject", code="papers")
    doctor = Doctor.objects.get(pk=sent.pk)
    assert (doctor.verification_status, doctor.submitted_at) == ("rejected", None)
    file = check_upload(corpus.upload(corpus.pdf(pages=7)))
    rejected = paper_of(doctor, "license")
    fresh = add_credential(doctor=doctor, by=doctor.user, file=file, values=values_for("license"), replaces=rejected)
    submit(doctor=Doctor.objects.get(pk=sent.pk), by=doctor.user)
    decide(admin, sent, "approve", fresh)
    decide(admin, sent, "approve")
    relay_all(uzima)
    assert found(at_platform, sent)
    page = admin.get(url(sent)).content.decode()
    for words in ("Sent for verification again", "Rejected", "Approved"):
        assert words in page


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"code": "other"},
        {"code": "nonsense"},
        {"code": "other", "note": "x" * 801},
        {"code": "other", "note": "\x00"},
        {"code": "other", "note": "\u202e"},
    ],
)
def test_without_a_reason_nothing_is_sent_back(admin, sent, data):
    assert decide(admin, sent, "reject", **data).status_code == 400
    assert decide(admin, sent, "reject", paper_of(sent, "id"), **data).status_code == 400
    assert Doctor.objects.get(pk=sent.pk).submitted_at is not None
    assert not VerificationDecision.objects.filter(kind="rejected").exists()


def test_what_was_typed_stays(admin, sent):
    page = decide(admin, sent, "reject", note="Please come by").content.decode()
    assert "Please come by" in page


def test_the_second_of_two_admins_is_told(admin, sent, cast):
    licence = paper_of(sent, "license")
    approve_credential(credential=licence, by=cast.admin)
    response = admin.post(
        url(sent, "decision"), {"action": "reject", "paper": licence.pk, "code": "expired"}, follow=True
    )
    assert "Somebody else has decided meanwhile" in response.content.decode()
    licence.refresh_from_db()
    assert licence.verification_status == "verified"


def test_a_verified_doctor_who_is_suspended_is_gone_at_once(admin, at_platform, sent, cast, uzima):
    factories.make_full_week(sent)
    for kind in KINDS:
        approve_credential(credential=paper_of(sent, kind), by=cast.admin)
    approve_doctor(doctor=sent, by=cast.admin)
    relay_all(uzima)
    assert found(at_platform, sent)
    suspend_user(user=sent.user, by=cast.admin, reason="test")
    assert not found(at_platform, sent)
    assert "account is suspended" in admin.get(url(sent)).content.decode()


def test_what_is_suspicious_is_said(admin, sent, cast):
    Doctor.objects.filter(pk=cast.doctor.pk).update(license_number="a-1")
    same = check_upload(corpus.upload(corpus.pdf(pages=1)))
    add_credential(doctor=cast.other_doctor, by=cast.other_doctor.user, file=same, values=values_for("certification"))
    DoctorCredential.objects.filter(doctor=sent, type="license").update(
        expires_at=clock.now().date() - timedelta(days=2), issued_at=None
    )
    page = admin.get(url(sent)).content.decode()
    assert f"{cast.doctor.display_name} has the same licence number." in page
    assert f"{cast.other_doctor.display_name} has sent the very same file" in page
    assert "is no longer valid" in page


def test_nobody_decides_about_what_was_not_sent(admin, uzima, cast):
    draft = factories.make_applicant(uzima)
    assert "Verify the doctor" not in admin.get(url(draft)).content.decode()
    for action in ("approve", "reject"):
        decide(admin, draft, action, code="profile")
        decide(admin, draft, action, paper_of(draft, "id"), code="expired")
    assert Doctor.objects.get(pk=draft.pk).verification_status == "pending"
    assert not VerificationDecision.objects.exists()


def test_a_verified_doctor_disappears_at_once_when_the_verification_is_withdrawn(admin, sent, cast, at_platform):
    assert "Withdraw the verification" not in admin.get(url(sent)).content.decode()
    for paper in sent.credentials.all():
        approve_credential(credential=paper, by=cast.admin)
    approve_doctor(doctor=sent, by=cast.admin)
    relay_all(sent.clinic)
    assert found(at_platform, sent)
    assert "Withdraw the verification" in admin.get(url(sent)).content.decode()
    assert decide(admin, sent, "withdraw", code="", note="").status_code == 400
    assert found(at_platform, sent)
    assert decide(admin, sent, "withdraw", code="sanctioned", note="").status_code == 302
    assert not found(at_platform, sent)
    assert at_platform().get(f"/doctors/{sent.pk}/").status_code == 404
    page = admin.get(url(sent)).content.decode()
    assert "Withdraw the verification" not in page and "you may not practise at present" in page


def test_a_stranger_to_an_id_gets_404(admin, sent):
    for odd in ("0", "-1", "abc", "9223372036854775808"):
        assert admin.get(f"{LIST}{odd}/change/").status_code == 404
        assert admin.post(f"{LIST}{odd}/decision/", {"action": "approve"}).status_code == 404
        assert admin.get(f"{LIST}{sent.pk}/papers/{odd}/").status_code == 404
        assert decide(admin, sent, "approve", type("P", (), {"pk": odd})).status_code == 404
    assert admin.post(url(sent, "decision"), {"action": "approve", "paper": "a\x00"}).status_code == 404
