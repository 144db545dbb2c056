"""A doctor joins: begins, fills in half, brings papers, asks a clinic, sends it all, is told."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from accounts.models import Doctor, DoctorClinicRequest, DoctorCredential, Role, VerificationDecision
from accounts.services import doctor_application as services
from precta.audit.models import AuditLog
from precta.files import store
from precta.files.checks import check_upload
from precta.outbox.models import OutboxEvent
from tests import factories
from tests.files import corpus

HOME = "/join/doctor/"
pytestmark = pytest.mark.django_db


def soon(days=400):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def paper(kind="license", data=None, **values):
    return {
        "type": kind,
        "name": f"My {kind}",
        "issued_by": "The council",
        "issued_at": "2024-01-10",
        "expires_at": soon() if kind == "license" else "",
        "file": corpus.upload(data or corpus.pdf(pages={"license": 1, "degree": 2, "id": 3}.get(kind, 4))),
        **values,
    }


ABOUT = {
    "first_name": "Wanjiku",
    "last_name": "Maina",
    "bio": "I see children.",
    "specialties": ["paediatrics"],
    "languages": ["en", "sw"],
}
PRACTICE = {
    "license_number": "A-1234",
    "years_of_experience": "9",
    "q-TOTAL_FORMS": "2",
    "q-INITIAL_FORMS": "0",
    "q-0-title": "MBChB",
    "q-0-institution": "University of Nairobi",
    "q-0-year": "2012",
}
VISITS = {"consultation_fee": "2500", "consultation_duration_minutes": "30", "consultation_modes": ["in_person"]}


@pytest.fixture
def applicant(db):
    return factories.make_user("wanjiku@example.test")


@pytest.fixture
def client(at_platform, applicant):
    return at_platform(applicant)


@pytest.fixture
def doctor(applicant):
    return services.start(user=applicant)


def fill(client, clinic, *, but=()):
    """Every step but those named."""
    steps = {"about": ABOUT, "practice": PRACTICE, "visits": VISITS, "clinic": {"clinic": clinic.pk}}
    for step, data in steps.items():
        if step not in but:
            assert client.post(f"{HOME}{step}/", data).status_code == 302, step
    for kind in ("license", "degree", "id"):
        if kind not in but:
            assert client.post(f"{HOME}papers/add/?type={kind}", paper(kind)).status_code == 302, kind


def test_a_stranger_reads_what_it_takes_and_is_led_back_here_after_signing_up(at_platform):
    page = at_platform().get(HOME)
    assert page.status_code == 200
    text = page.content.decode()
    assert "fifteen minutes" in text
    assert f"/account/signup/?next={HOME}" in text
    assert f"/account/login/?next={HOME}" in text


def test_beginning_makes_the_account_a_doctors_and_only_once(client, applicant):
    for _ in range(2):
        assert client.post(f"{HOME}start/")["Location"] == f"{HOME}about/"
    applicant.refresh_from_db()
    assert applicant.role == Role.DOCTOR
    assert Doctor.objects.get(pk=applicant.pk).verification_status == "pending"
    assert AuditLog.objects.filter(action="doctor.started").count() == 1


def test_an_account_with_visits_of_its_own_stays_a_patients(cast, at_platform):
    client = at_platform(cast.patient.user)
    assert "another account" in client.get(HOME).content.decode()
    assert client.post(f"{HOME}start/").status_code == 409
    cast.patient.user.refresh_from_db()
    assert cast.patient.user.role == Role.PATIENT
    assert not Doctor.objects.filter(pk=cast.patient.pk).exists()


def test_a_platform_admin_cannot_become_a_doctor(cast, at_platform):
    client = at_platform(cast.admin)
    assert client.get(HOME).status_code == 200
    assert client.post(f"{HOME}start/").status_code == 403
    assert not Doctor.objects.filter(pk=cast.admin.pk).exists()


def test_from_nothing_to_an_application_that_waits(client, doctor, uzima):
    page = client.get(HOME).content.decode()
    assert "Missing: your fee" in page
    fill(client, uzima)
    page = client.get(HOME).content.decode()
    assert "5 of 5" in page
    assert client.post(f"{HOME}submit/")["Location"] == HOME
    doctor.refresh_from_db()
    assert doctor.submitted_at
    assert [d.kind for d in VerificationDecision.objects.filter(doctor=doctor)] == ["submitted"]
    page = client.get(HOME).content.decode()
    assert "Sent on" in page
    assert "Waits for the clinic" in page


def test_a_draft_is_saved_half_way_and_says_what_is_missing(client, doctor):
    assert (
        client.post(f"{HOME}about/", {"first_name": "Wanjiku", "last_name": "Maina", "close": "1"})["Location"] == HOME
    )
    doctor.refresh_from_db()
    assert (doctor.first_name, doctor.specialties) == ("Wanjiku", [])
    page = client.get(HOME).content.decode()
    assert "a few words about you" in page and "at least one field of medicine" in page


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ("about", "at least one field of medicine"),
        ("practice", "your licence number"),
        ("visits", "your fee"),
        ("clinic", "the clinic you work at"),
        ("license", "your practising licence"),
        ("degree", "your degree"),
        ("id", "your identity document"),
    ],
)
def test_what_is_not_whole_is_not_sent_and_what_is_missing_is_named(client, doctor, uzima, left_out, named):
    fill(client, uzima, but=(left_out,))
    answer = client.post(f"{HOME}submit/")
    assert answer.status_code == 400
    assert named in answer.content.decode()
    doctor.refresh_from_db()
    assert doctor.submitted_at is None
    assert not VerificationDecision.objects.exists()
    assert not OutboxEvent.objects.filter(kind="doctor.submitted").exists()


def test_a_photo_is_cropped_published_and_kept_when_the_rest_is_refused(client, doctor):
    photo = corpus.upload(corpus.located_photo(), "me.jpg")
    answer = client.post(f"{HOME}about/", {**ABOUT, "first_name": "", "photo": photo})
    assert answer.status_code == 400
    doctor.refresh_from_db()
    assert doctor.profile_image_url.startswith("/pictures/doctors/")
    picture = client.get(doctor.profile_image_url)
    assert picture["Content-Type"] == "image/webp"
    assert b"SECRET" not in picture.content
    client.post(f"{HOME}about/", {**ABOUT, "remove_photo": "on"})
    doctor.refresh_from_db()
    assert doctor.profile_image_url == ""


@pytest.mark.parametrize("what", ["a page that calls itself a PDF", "more than ten megabytes", "a PDF with a password"])
def test_a_refused_paper_keeps_what_was_typed_and_leaves_nothing(client, doctor, what):
    name, data, code = corpus.REFUSED[what]
    answer = client.post(f"{HOME}papers/add/", paper(name="Licence of 2026", file=corpus.upload(data, name)))
    assert answer.status_code == {"type": 415, "size": 413}.get(code, 400)
    assert 'value="Licence of 2026"' in answer.content.decode()
    assert not DoctorCredential.objects.exists()
    assert not list_of_files(doctor)


def test_a_good_file_beside_a_wrong_field_has_to_be_chosen_again_and_the_page_says_so(client, doctor):
    answer = client.post(f"{HOME}papers/add/", paper(expires_at="2020-01-01"))
    assert answer.status_code == 400
    assert "choose the file again" in answer.content.decode()
    assert not list_of_files(doctor)


def list_of_files(doctor):
    try:
        return storages["private"].listdir(f"public/credentials/{doctor.pk}")[1]
    except FileNotFoundError:
        return []


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires_at": ""},
        {"expires_at": "1999-01-01"},
        {"expires_at": "9999-12-31"},
        {"issued_at": "2999-01-01"},
        {"issued_at": "31/02/2024"},
        {"type": "passport"},
        {"name": ""},
        {"name": "a\x00b"},
        {"issued_by": "x" * 300},
        {"file": ""},
        {"file": "text instead of a file"},
    ],
)
def test_a_wrong_particular_is_an_error_of_the_form(client, doctor, wrong):
    assert client.post(f"{HOME}papers/add/", paper(**wrong)).status_code == 400
    assert not DoctorCredential.objects.exists()


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ("about", {"first_name": "\u202ebad"}),
        ("about", {"bio": "x" * 5000}),
        ("about", {"specialties": ["witchcraft"]}),
        ("about", {"languages": ["en", "xx"]}),
        ("practice", {"years_of_experience": "-1"}),
        ("practice", {"years_of_experience": "NaN"}),
        ("practice", {"q-TOTAL_FORMS": "abc"}),
        ("practice", {"q-TOTAL_FORMS": "99999"}),
        ("practice", {"q-0-year": "1200"}),
        ("practice", {"q-0-year": "9" * 30}),
        ("visits", {"consultation_fee": "NaN"}),
        ("visits", {"consultation_fee": "-5"}),
        ("visits", {"consultation_fee": "1e9"}),
        ("visits", {"consultation_duration_minutes": "7"}),
        ("visits", {"consultation_modes": ["carrier pigeon"]}),
        ("clinic", {"clinic": "no-such"}),
        ("clinic", {"clinic": "\x00"}),
        ("clinic", {}),
    ],
)
def test_bad_input_is_refused_with_the_page(client, doctor, step, wrong):
    good = {"about": ABOUT, "practice": PRACTICE, "visits": VISITS, "clinic": {}}[step]
    before = Doctor.objects.filter(pk=doctor.pk).values().get()
    assert client.post(f"{HOME}{step}/", {**good, **wrong}).status_code == 400
    assert Doctor.objects.filter(pk=doctor.pk).values().get() == before


def test_a_posted_status_or_clinic_is_ignored(client, doctor, uzima):
    extra = {"verification_status": "verified", "clinic": uzima.pk, "verified_at": "2026-01-01", "average_rating": "5"}
    client.post(f"{HOME}about/", {**ABOUT, **extra})
    doctor.refresh_from_db()
    assert (doctor.verification_status, doctor.clinic_id, doctor.average_rating) == ("pending", None, 0)


def test_one_more_row_keeps_what_was_typed_and_saves_nothing(client, doctor):
    page = client.post(f"{HOME}practice/", {**PRACTICE, "more": "1"})
    assert page.status_code == 200
    text = page.content.decode()
    assert 'value="University of Nairobi"' in text and 'name="q-2-title"' in text
    doctor.refresh_from_db()
    assert doctor.qualifications == []


def test_qualifications_are_kept_in_order_and_can_be_left_out(client, doctor):
    two = {**PRACTICE, "q-1-title": "MMed", "q-1-institution": "Moi University", "q-1-year": "2018"}
    client.post(f"{HOME}practice/", two)
    doctor.refresh_from_db()
    assert [q["title"] for q in doctor.qualifications] == ["MBChB", "MMed"]
    client.post(f"{HOME}practice/", {**two, "q-TOTAL_FORMS": "3", "q-INITIAL_FORMS": "2", "q-0-DELETE": "on"})
    doctor.refresh_from_db()
    assert [q["title"] for q in doctor.qualifications] == ["MMed"]


# Papers


@pytest.fixture
def brought(client, doctor):
    client.post(f"{HOME}papers/add/", paper())
    return DoctorCredential.objects.get(doctor=doctor)


def test_an_own_paper_is_read_again_as_it_was_brought(client, brought):
    answer = client.get(f"{HOME}papers/{brought.pk}/file/")
    assert b"".join(answer.streaming_content) == corpus.pdf()
    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]
    assert AuditLog.objects.filter(action="credential.viewed", resource_id=brought.pk).exists()


def test_a_paper_is_not_there_for_anybody_else(cast, brought, at_platform):
    for person in (cast.doctor.user, cast.patient.user, cast.owner, cast.admin):
        client = at_platform(person)
        for page in ("", "file/", "remove/"):
            assert client.get(f"{HOME}papers/{brought.pk}/{page}").status_code == 404
        assert client.post(f"{HOME}papers/{brought.pk}/", paper(name="Mine now")).status_code == 404
        assert client.post(f"{HOME}papers/{brought.pk}/remove/").status_code == 404
    assert at_platform(cast.doctor.user).get(f"{HOME}papers/add/?replaces={brought.pk}").status_code == 404
    brought.refresh_from_db()
    assert brought.name == "My license"
    assert store.read_stored(brought.file_url) == corpus.pdf()


@pytest.mark.parametrize("odd", ["%00", "..%2f", "-1", "a" * 300])
def test_a_paper_that_replaces_none_that_there_can_be_is_404(client, brought, odd):
    assert client.get(f"{HOME}papers/add/?replaces={odd}").status_code == 404


def test_changing_a_paper_replaces_its_file(client, brought, django_capture_on_commit_callbacks):
    old = brought.file_url
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{HOME}papers/{brought.pk}/", paper(data=corpus.pdf(pages=5), name="Better copy"))
    assert answer.status_code == 302
    brought.refresh_from_db()
    assert (brought.name, brought.file_url == old) == ("Better copy", False)
    assert store.read_stored(brought.file_url) == corpus.pdf(pages=5)
    assert not storages["private"].exists(old)


def test_particulars_change_without_a_new_file(client, brought):
    assert client.post(f"{HOME}papers/{brought.pk}/", paper(file="", name="Licence")).status_code == 302
    brought.refresh_from_db()
    assert brought.name == "Licence"
    assert store.read_stored(brought.file_url) == corpus.pdf()


@pytest.mark.django_db(transaction=True)
def test_a_paper_stays_when_nobody_heard_that_its_row_was_committed(doctor, lost_reply):
    store.active_key("public")  # is made by a transaction of its own
    values = {name: value for name, value in paper().items() if name in services.PAPER_FIELDS and value}
    with lost_reply():
        services.add_credential(
            doctor=doctor, by=doctor.user, file=check_upload(corpus.upload(corpus.pdf())), values=values
        )
    assert store.read_stored(DoctorCredential.objects.get(doctor=doctor).file_url) == corpus.pdf()


def test_a_paper_is_taken_back_with_its_file(client, brought, django_capture_on_commit_callbacks):
    assert client.get(f"{HOME}papers/{brought.pk}/remove/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{HOME}papers/{brought.pk}/remove/")
    assert not DoctorCredential.objects.exists()
    assert not storages["private"].exists(brought.file_url)


def test_the_same_file_is_not_taken_twice(client, brought):
    answer = client.post(f"{HOME}papers/add/", paper(name="Again"))
    assert answer.status_code == 400
    assert "this very file" in answer.content.decode()
    assert DoctorCredential.objects.count() == 1


def test_after_sending_nothing_that_is_checked_can_change(client, doctor, uzima):
    fill(client, uzima)
    client.post(f"{HOME}submit/")
    sent = DoctorCredential.objects.get(type="license")
    client.post(f"{HOME}papers/{sent.pk}/", paper(name="Changed"))
    client.post(f"{HOME}papers/{sent.pk}/remove/")
    client.post(f"{HOME}papers/add/", paper(data=corpus.pdf(pages=9)))
    client.post(f"{HOME}about/", {**ABOUT, "first_name": "Other", "bio": "New words."})
    sent.refresh_from_db()
    doctor.refresh_from_db()
    assert sent.name == "My license"
    assert DoctorCredential.objects.count() == 3
    assert (doctor.first_name, doctor.bio) == ("Wanjiku", "New words.")


# The clinic


def test_asking_another_clinic_withdraws_the_first_request(client, doctor, uzima, pwani):
    client.post(f"{HOME}clinic/", {"clinic": uzima.pk})
    client.post(f"{HOME}clinic/", {"clinic": pwani.pk})
    client.post(f"{HOME}clinic/", {"clinic": pwani.pk})
    assert dict(DoctorClinicRequest.objects.values_list("clinic__slug", "status")) == {
        "uzima": "withdrawn",
        "pwani": "requested",
    }


def test_a_suspended_clinic_is_neither_found_nor_asked(client, doctor, pwani):
    pwani.status = "suspended"
    pwani.save()
    assert "Pwani" not in client.get(f"{HOME}clinic/?q=pwani").content.decode()
    assert client.post(f"{HOME}clinic/", {"clinic": pwani.pk}).status_code == 400
    assert not DoctorClinicRequest.objects.exists()


@pytest.fixture
def asked(doctor, uzima, client):
    fill(client, uzima)
    return DoctorClinicRequest.objects.get()


def url_of(request):
    return f"/admin/doctor-requests/{request.pk}/"


def test_a_manager_accepts_a_doctor_who_then_works_there(cast, asked, at_clinic, client):
    at_uzima = at_clinic(cast.uzima, cast.owner)
    assert "Dr Wanjiku Maina" in at_uzima.get("/admin/doctor-requests/").content.decode()
    assert "A-1234" in at_uzima.get(url_of(asked)).content.decode()
    assert at_uzima.post(url_of(asked), {"answer": "accept"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.status, asked.decided_by) == ("accepted", cast.owner)
    assert Doctor.objects.get(pk=asked.doctor_id).clinic == cast.uzima
    assert "Uzima Clinic" in client.get(HOME).content.decode()


def test_a_refusal_needs_a_reason_and_the_doctor_reads_it(cast, asked, at_clinic, client):
    at_uzima = at_clinic(cast.uzima, cast.owner)
    assert at_uzima.post(url_of(asked), {"answer": "refuse", "reason": " "}).status_code == 400
    assert DoctorClinicRequest.objects.get().status == "requested"
    at_uzima.post(url_of(asked), {"answer": "refuse", "reason": "We do not know you."})
    assert DoctorClinicRequest.objects.get().status == "refused"
    assert "We do not know you." in client.get(HOME).content.decode()
    assert Doctor.objects.get(pk=asked.doctor_id).clinic is None


def test_no_other_clinic_and_no_other_role_sees_a_request(cast, asked, at_clinic):
    stranger = factories.make_staff(cast.pwani, "owner")
    at_pwani = at_clinic(cast.pwani, stranger)
    assert "Wanjiku" not in at_pwani.get("/admin/doctor-requests/").content.decode()
    assert at_pwani.get(url_of(asked)).status_code == 404
    assert at_pwani.post(url_of(asked), {"answer": "accept"}).status_code == 404
    desk = at_clinic(cast.uzima, cast.staff)
    assert desk.get(url_of(asked)).status_code == 403
    assert desk.post(url_of(asked), {"answer": "accept"}).status_code == 403
    assert DoctorClinicRequest.objects.get().status == "requested"


def test_a_withdrawn_request_cannot_be_accepted_any_more(cast, asked, at_clinic, client):
    client.post(f"{HOME}clinic/", {"clinic": cast.pwani.pk})
    at_clinic(cast.uzima, cast.owner).post(url_of(asked), {"answer": "accept"})
    asked.refresh_from_db()
    assert asked.status == "withdrawn"
    assert Doctor.objects.get(pk=asked.doctor_id).clinic is None


def test_a_doctor_without_a_clinic_is_led_to_the_application(client, doctor):
    assert client.get("/me/")["Location"].endswith(HOME)


# Ceilings


@pytest.mark.parametrize(
    ("page", "most"),
    [("", 12), ("about/", 8), ("practice/", 8), ("visits/", 8), ("clinic/", 10), ("papers/", 9), ("submit/", 12)],
)
def test_pages_ask_the_database_a_few_times_only(client, doctor, uzima, page, most, django_assert_max_num_queries):
    fill(client, uzima)
    client.get(HOME)
    connection.queries_log.clear()
    with django_assert_max_num_queries(most):
        assert client.get(f"{HOME}{page}").status_code == 200
