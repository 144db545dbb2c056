"""A clinic's way in, from the form to the first page of its own."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import OperationalError

from clinics.application import TRANSITIONS, WAITING
from clinics.exceptions import ApplicationRefused, SlugRefused
from clinics.models import ApplicationStatus, Clinic, ClinicApplication, Membership
from clinics.services import applications as services
from clinics.services.applications import (
    MOST_ATTEMPTS,
    approve_application,
    overdue_applications,
    propose_slug,
    refuse_application,
    retry_application,
    set_up_clinic,
    slug_trouble,
)
from clinics.tasks import sweep_applications
from precta import clock, hosts
from precta.audit.models import AuditLog
from precta.files.checks import check_upload
from precta.files.exceptions import FileUnreadable
from precta.files.store import active_key, size_stored
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from tests import factories
from tests.files.corpus import pdf, upload

pytestmark = pytest.mark.django_db

WRITE, LANDING = "/join/clinic/apply/", "/join/clinic/"


@pytest.fixture
def applicant(cast):
    return cast.other_patient.user


@pytest.fixture
def me(at_platform, applicant):
    return at_platform(applicant)


def typed(**changes):
    data = {
        "name": "Kisumu Eye Care",
        "slug": "",
        "description": "Eyes.",
        "address": "Oginga Odinga Street 4",
        "city": "Kisumu",
        "region": "Kisumu",
        "phone": "0712 000 222",
        "email": "hello@eye.example",
        "website": "eye.example",
        "hours_1": "08:00-13:00, 14:00-17:00",
        "licence_number": "KMPDC/12 34",
        "licence": upload(pdf()),
        "contact_name": "Grace Atieno",
        "contact_phone": "0712000111",
        "terms": "on",
        "status": "done",  # ignored, as are the next two
        "applicant": "somebody",
        "clinic": "one",
    }
    return {name: value for name, value in {**data, **changes}.items() if value is not None}


def mine(applicant):
    return ClinicApplication.objects.get(applicant=applicant)


def relay():
    for event in OutboxEvent.objects.filter(relayed_at__isnull=True):
        assert relay_event(event.pk)


# The form


def test_a_stranger_reads_what_is_needed_and_signs_up_first(at_platform):
    page = at_platform().get(LANDING).content.decode()
    assert "two working days" in page
    assert "/account/signup/?next=" in page
    response = at_platform().get(WRITE)
    assert response.status_code == 302
    assert "/account/login/?next=" in response.headers["Location"]


def test_an_account_without_a_confirmed_e_mail_gives_one_first(at_platform):
    user = factories.make_user("x1@no-mail.invalid")
    assert at_platform(user).get(WRITE).headers["Location"] == "/account/email/"
    assert at_platform(factories.make_user(email_verified=False)).post(WRITE, typed()).status_code == 302
    assert not ClinicApplication.objects.exists()


def test_what_was_typed_is_shown_before_it_is_sent(me, applicant):
    response = me.post(WRITE, typed())
    application = mine(applicant)
    assert response.headers["Location"] == f"/join/clinic/{application.pk}/"
    assert (application.status, application.slug, application.phone) == ("draft", "kisumu-eye-care", "+254712000222")
    assert application.operating_hours == {"1": [["08:00", "13:00"], ["14:00", "17:00"]]}
    page = me.get(response.headers["Location"]).content.decode()
    assert "kisumu-eye-care.precta.localhost" in page and "KMPDC/12 34" in page and "08:00–13:00" in page
    assert me.get(f"/join/clinic/{application.pk}/licence/").getvalue() == pdf()


def test_sending_tells_the_applicant_and_waits(me, applicant):
    me.post(WRITE, typed())
    application = mine(applicant)
    me.post(f"/join/clinic/{application.pk}/send/")
    assert mine(applicant).status == "waiting"
    assert AuditLog.objects.filter(action="clinic_application.submitted", user=applicant).exists()
    relay()
    told = Notification.objects.filter(user=applicant)
    assert sorted(told.values_list("channel", flat=True)) == ["email", "push"]
    assert "Kisumu Eye Care" in told[0].title
    # Twice is once, and there is nothing to change now.
    me.post(f"/join/clinic/{application.pk}/send/")
    assert OutboxEvent.objects.filter(kind="clinic_application.received").count() == 1
    assert me.post(WRITE, typed(name="Another")).headers["Location"] == f"/join/clinic/{application.pk}/"
    assert mine(applicant).name == "Kisumu Eye Care"


def test_the_draft_is_found_again_and_keeps_its_document(me, applicant):
    me.post(WRITE, typed())
    page = me.get(WRITE).content.decode()
    assert 'value="Kisumu Eye Care"' in page and "08:00-13:00, 14:00-17:00" in page and "licence.pdf" in page
    key = mine(applicant).licence_file
    me.post(WRITE, typed(licence=None, name="Kisumu Eyes"))
    assert (mine(applicant).licence_file, mine(applicant).name) == (key, "Kisumu Eyes")


@pytest.mark.django_db(transaction=True)
def test_the_licence_stays_when_nobody_heard_that_the_draft_was_committed(applicant, lost_reply):
    active_key("public")  # is made by a transaction of its own
    licence = check_upload(upload(pdf()))
    values = dict.fromkeys(services.WRITTEN, "eyes") | {"operating_hours": {}}
    with lost_reply():
        services.save_application(
            applicant=applicant,
            values=values,
            licence=licence,
            language="en",
        )
    assert size_stored(ClinicApplication.objects.get(applicant=applicant).licence_file) == licence.size


def test_another_document_takes_the_place_of_the_first(me, applicant, django_capture_on_commit_callbacks):
    me.post(WRITE, typed())
    first = mine(applicant).licence_file
    with django_capture_on_commit_callbacks(execute=True):
        me.post(WRITE, typed(licence=upload(pdf(pages=2))))
    second = mine(applicant).licence_file
    assert second != first
    assert me.get(f"/join/clinic/{mine(applicant).pk}/licence/").getvalue() == pdf(pages=2)
    with pytest.raises(FileUnreadable):
        size_stored(first)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"slug": "admin"}, 400),
        ({"slug": "Has Spaces"}, 400),
        ({"slug": "uzima"}, 400),
        ({"slug": "ends-"}, 400),
        ({"slug": "ends\n"}, 302),  # stripped, as every line is
        ({"slug": "a\x00b"}, 400),
        ({"slug": "x" * 60}, 400),
        ({"name": "a\x00b"}, 400),
        ({"name": "\u202eevil"}, 400),
        ({"name": "12345"}, 400),
        ({"name": "x" * 300}, 400),
        ({"name": "慈善医院"}, 400),  # nothing in it can be an address name
        ({"description": "x" * 1_000_00}, 400),
        ({"region": "Atlantis"}, 400),
        ({"phone": "12"}, 400),
        ({"email": "no"}, 400),
        ({"website": "javascript:alert(1)"}, 400),
        ({"hours_1": "25:00-26:00"}, 400),
        ({"hours_1": ""}, 400),
        ({"licence": None}, 400),
        ({"licence": upload(b"GIF89a" + b"x" * 200, "licence.gif", "image/gif")}, 415),
        ({"licence": upload(b"<html>hello</html>", "licence.pdf")}, 415),
        ({"licence": upload(b"", "licence.pdf")}, 400),
        ({"licence": upload(pdf(password="secret"))}, 400),
        ({"licence": upload(pdf(padding=11 * 2**20))}, 413),
        ({"terms": None}, 400),
        ({"licence_number": ""}, 400),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else None,
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(me, changes, status):
    response = me.post(WRITE, typed(**changes))
    assert response.status_code == status
    if status != 302:
        assert not ClinicApplication.objects.exists()
        assert "Oginga Odinga Street 4" in response.content.decode()


def test_a_document_is_asked_for_again_when_something_else_was_wrong(me):
    assert "Choose the document once more." in me.post(WRITE, typed(city="")).content.decode()
    assert "Choose the document once more." not in me.post(WRITE, typed(city="", licence=None)).content.decode()


def test_html_is_shown_as_text(me, applicant):
    me.post(WRITE, typed(name="<b>Eye</b> & =cmd()", slug="eye"))
    page = me.get(f"/join/clinic/{mine(applicant).pk}/").content.decode()
    assert "&lt;b&gt;Eye&lt;/b&gt;" in page and "<b>Eye</b>" not in page


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("The Nairobi Hospital Ltd", "nairobi-hospital"),
        ("St. Mary's & Sons", "st-marys-sons"),
        ("3rd Avenue Clinic", "avenue-clinic"),
        ("Uzima", "uzima-clinic"),
        ("Admin", "admin-clinic"),
        ("Zahanati ya Ümoja", "zahanati-ya-umoja"),
        ("!!", ""),
        ("x" * 200, "x" * 40),
    ],
)
def test_an_address_name_is_made_of_the_clinics_name(uzima, name, slug):
    assert propose_slug(name) == slug
    assert not slug or slug_trouble(slug) is None


def test_the_address_is_checked_while_it_is_typed(me, uzima):
    assert "uzima-clinic" in me.get("/join/clinic/address/", {"name": "Uzima"}).content.decode()
    assert "Another clinic has" in me.get("/join/clinic/address/", {"slug": "uzima"}).content.decode()
    assert "is free" in me.get("/join/clinic/address/", {"slug": "free-one"}).content.decode()
    assert me.get("/join/clinic/address/", {"slug": "\x00", "name": "<b>"}).status_code == 200


def test_nobody_else_sees_an_application(me, at_platform, applicant, cast):
    me.post(WRITE, typed())
    url = f"/join/clinic/{mine(applicant).pk}/"
    for page in ("", "progress/", "licence/"):
        assert at_platform(cast.patient.user).get(url + page).status_code == 404
        assert at_platform(cast.admin).get(url + page).status_code == 403
    assert at_platform(cast.patient.user).post(url + "send/").status_code == 404
    assert mine(applicant).status == "draft"


# Rules of the table


def test_a_person_has_one_open_application(applicant):
    factories.make_application(applicant)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_application(applicant)


def test_of_two_that_wait_for_one_address_the_second_cannot_be_sent(me, applicant, cast):
    me.post(WRITE, typed())
    factories.make_application(cast.patient.user, slug=mine(applicant).slug)
    response = me.post(f"/join/clinic/{mine(applicant).pk}/send/")
    assert response.headers["Location"] == WRITE
    assert mine(applicant).status == "draft"
    with pytest.raises(IntegrityError), transaction.atomic():
        ClinicApplication.objects.filter(applicant=applicant).update(status=WAITING, submitted_at=clock.now())


@pytest.mark.parametrize("was", ApplicationStatus.values)
@pytest.mark.parametrize("to", ApplicationStatus.values)
def test_a_status_follows_only_where_the_table_says(applicant, was, to):
    application = ClinicApplication(status=was)
    if to in TRANSITIONS[ApplicationStatus(was)]:
        services._move(application, ApplicationStatus(to))
        assert application.status == to
    else:
        with pytest.raises(ApplicationRefused):
            services._move(application, ApplicationStatus(to))
        assert application.status == was


# Refusing and sending again


def test_a_refusal_says_why_and_the_applicant_sends_it_again(me, applicant, cast):
    me.post(WRITE, typed())
    me.post(f"/join/clinic/{mine(applicant).pk}/send/")
    relay()
    assert refuse_application(application=mine(applicant), by=cast.admin, code="licence_unreadable", note="Page 2 too.")
    assert not refuse_application(application=mine(applicant), by=cast.admin, code="incomplete", note="")
    assert not approve_application(application=mine(applicant), by=cast.admin)
    relay()
    told = Notification.objects.filter(user=applicant, channel="email").latest("created_at")
    assert "sharper scan" in told.body and "Page 2 too." in told.body
    page = me.get(f"/join/clinic/{mine(applicant).pk}/").content.decode()
    assert "sharper scan" in page and "Page 2 too." in page
    assert "Page 2 too." in me.get(WRITE).content.decode()
    me.post(WRITE, typed(licence=upload(pdf(pages=3))))
    me.post(f"/join/clinic/{mine(applicant).pk}/send/")
    assert mine(applicant).status == "waiting"
    assert mine(applicant).reason_code == ""
    assert AuditLog.objects.filter(action="clinic_application.resubmitted").count() == 1
    refused = AuditLog.objects.get(action="clinic_application.refused", user=cast.admin)
    assert refused.details == {"reason": "licence_unreadable"}


def test_a_refusal_speaks_the_applicants_language(applicant, cast):
    application = factories.make_application(applicant, language="sw")
    refuse_application(application=application, by=cast.admin, code="incomplete", note="")
    relay()
    assert Notification.objects.filter(user=applicant, language="sw").count() == 2


@pytest.mark.parametrize(("code", "note"), [("", ""), ("nonsense", ""), ("other", "  ")])
def test_nobody_is_refused_without_a_reason(applicant, cast, code, note):
    application = factories.make_application(applicant)
    with pytest.raises(ApplicationRefused):
        refuse_application(application=application, by=cast.admin, code=code, note=note)
    assert mine(applicant).status == "waiting"


# Letting in


def approve(applicant, cast, callbacks):
    with callbacks(execute=True):
        assert approve_application(application=mine(applicant), by=cast.admin)


def test_an_approval_makes_the_clinic_and_its_owner(me, applicant, cast, at_clinic, django_capture_on_commit_callbacks):
    application = factories.make_application(applicant, slug="kisumu-eye", website="https://eye.example")
    approve(applicant, cast, django_capture_on_commit_callbacks)
    clinic = Clinic.objects.get(slug="kisumu-eye")
    assert mine(applicant).status == "done"
    assert mine(applicant).clinic == clinic
    assert (clinic.name, clinic.city, clinic.website) == (application.name, "Kisumu", "https://eye.example")
    assert Membership.objects.get(clinic=clinic).user == applicant
    assert at_clinic(clinic).get("/").status_code == 200
    relay()
    told = Notification.objects.filter(user=applicant, channel="email").latest("created_at")
    assert told.data["url"] == hosts.clinic_url(clinic, "admin:index")
    page = me.get(f"/join/clinic/{application.pk}/").content.decode()
    assert told.data["url"] in page
    # The next clinic of the same person is another application.
    assert me.get(WRITE).status_code == 200


def test_a_message_that_comes_twice_makes_one_clinic(applicant, cast, django_capture_on_commit_callbacks):
    factories.make_application(applicant, slug="kisumu-eye")
    approve(applicant, cast, django_capture_on_commit_callbacks)
    assert set_up_clinic(application_id=mine(applicant).pk)
    assert Clinic.objects.filter(slug="kisumu-eye").count() == 1
    assert AuditLog.objects.filter(action="clinic_application.done").count() == 1


def test_two_admins_who_approve_make_one_clinic(applicant, cast):
    stale = factories.make_application(applicant)
    assert approve_application(application=stale, by=cast.admin)
    assert not approve_application(application=stale, by=factories.make_user(role="admin"))
    assert AuditLog.objects.filter(action="clinic_application.approved").count() == 1


def test_an_address_that_went_meanwhile_is_told_before_anything_starts(applicant, cast):
    application = factories.make_application(applicant, slug="uzima")
    with pytest.raises(ApplicationRefused, match="Another clinic has this address name"):
        approve_application(application=application, by=cast.admin)
    assert mine(applicant).status == "waiting"


def test_no_clinic_is_made_for_somebody_who_cannot_sign_in(applicant, cast):
    application = factories.make_application(applicant)
    type(applicant).objects.filter(pk=applicant.pk).update(status="suspended")
    with pytest.raises(ApplicationRefused, match="suspended"):
        approve_application(application=application, by=cast.admin)
    assert mine(applicant).status == "waiting"


def failing(monkeypatch, error):
    calls = []

    def create(**wishes):
        calls.append(wishes)
        raise error

    monkeypatch.setattr(services, "create_clinic", create)
    return calls


def test_a_failure_is_tried_again_and_then_shown(applicant, cast, monkeypatch):
    factories.make_application(applicant, slug="kisumu-eye")
    calls = failing(monkeypatch, OperationalError("password=secret"))
    now = clock.now()
    approve_application(application=mine(applicant), by=cast.admin, now=now)
    for _attempt in range(MOST_ATTEMPTS):
        assert mine(applicant).status == "creating"
        now = max(now, mine(applicant).next_attempt_at)
        assert overdue_applications(now=now) == [mine(applicant).pk]
        assert not set_up_clinic(application_id=mine(applicant).pk, now=now)
        assert not set_up_clinic(application_id=mine(applicant).pk, now=now)  # too early
    assert len(calls) == MOST_ATTEMPTS
    failed = mine(applicant)
    assert (failed.status, failed.attempts, failed.last_error) == ("failed", MOST_ATTEMPTS, "OperationalError")
    assert not overdue_applications()
    monkeypatch.undo()
    assert retry_application(application=failed, by=cast.admin)
    assert not retry_application(application=failed, by=cast.admin)
    assert set_up_clinic(application_id=failed.pk)
    assert mine(applicant).status == "done"


def test_setting_up_that_kills_its_worker_every_time_is_given_up(applicant, cast, monkeypatch):
    application = factories.make_application(applicant, slug="kisumu-eye")
    approve_application(application=application, by=cast.admin)
    type(application).objects.update(attempts=MOST_ATTEMPTS, next_attempt_at=clock.now())
    calls = failing(monkeypatch, OperationalError)
    assert not set_up_clinic(application_id=application.pk)
    assert not calls
    assert (mine(applicant).status, mine(applicant).last_error) == ("failed", "SetUpInterruptedError")


def test_an_address_taken_while_setting_up_fails_at_once_and_can_be_sent_back(applicant, cast, monkeypatch):
    factories.make_application(applicant)
    failing(monkeypatch, SlugRefused("Another clinic has this address name."))
    approve_application(application=mine(applicant), by=cast.admin)
    assert not set_up_clinic(application_id=mine(applicant).pk)
    assert mine(applicant).last_error == "Another clinic has this address name."
    assert refuse_application(application=mine(applicant), by=cast.admin, code="slug", note="")
    assert mine(applicant).status == "refused"


def test_what_a_lost_message_left_is_swept(applicant, cast):
    factories.make_application(applicant, slug="kisumu-eye")
    approve_application(application=mine(applicant), by=cast.admin)  # on_commit never runs in this test
    assert mine(applicant).status == "creating"
    sweep_applications()
    assert mine(applicant).status == "done"


def test_the_page_that_waits_moves_on_by_itself_and_without_scripts(me, applicant, cast):
    factories.make_application(applicant)
    approve_application(application=mine(applicant), by=cast.admin)
    url = f"/join/clinic/{mine(applicant).pk}/"
    page = me.get(url).content.decode()
    assert "<progress" in page and 'http-equiv="refresh"' in page and 'hx-trigger="every 2s"' in page
    assert "HX-Refresh" not in me.get(url + "progress/").headers
    set_up_clinic(application_id=mine(applicant).pk)
    assert me.get(url + "progress/").headers["HX-Refresh"] == "true"


def test_pages_of_the_way_in_ask_the_database_little(me, applicant, django_assert_max_num_queries):
    application = factories.make_application(applicant)
    me.get(LANDING)
    for url in (LANDING, f"/join/clinic/{application.pk}/"):
        with django_assert_max_num_queries(8):
            me.get(url)
    assert connection.schema_name == "public"
