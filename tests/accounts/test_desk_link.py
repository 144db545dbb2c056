"""A desk links somebody known elsewhere only with the phone and the code that the person reads out."""

import re

import pytest

from accounts.models import ClinicPatient, Consent, User
from accounts.services.family import add_child
from precta.audit.models import AuditLog
from precta.sms.exceptions import SmsUnavailable
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db
HERE = "/admin/desk/book/link/"
PHONE = "+254712345678"


@pytest.fixture
def desk(cast, at_clinic):
    return at_clinic(cast.uzima, cast.staff)


@pytest.fixture
def peter(cast):
    """A patient of Pwani with an account and a verified phone, unknown to Uzima."""
    User.objects.filter(pk=cast.other_patient.pk).update(phone=PHONE, phone_verified=True)
    factories.link_patient(cast.other_patient, cast.pwani)
    return cast.other_patient


@pytest.fixture
def joseph(cast):
    """A walk-in of Pwani without an account, with the same phone."""
    user = factories.make_user("x@example.test", email_verified=False)
    user.emailaddress_set.all().delete()
    user.email = f"{user.pk}@no-mail.invalid"
    user.save()
    person = factories.make_patient("Joseph", "Mwangi", user=user, contact_phone=PHONE, date_of_birth="1980-02-03")
    factories.link_patient(person, cast.pwani)
    return person


def ask(client, phone="0712 345 678"):
    return client.post(HERE, {"step": "phone", "phone": phone})


def prove(client, outbox, phone="0712 345 678"):
    ask(client, phone)
    code = re.search(r"\d{6}", outbox[-1].text).group()
    return client.post(HERE, {"step": "code", "code": code})


def link(client, patient, **extra):
    return client.post(HERE, {"step": "link", "patient": patient.pk, "consent": "1", **extra})


def bare(response) -> str:
    """The page without what differs from request to request."""
    html = response.content.decode()
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", html)


def is_linked(patient, clinic) -> bool:
    return ClinicPatient.objects.filter(patient=patient, clinic=clinic).exists()


def test_the_code_goes_to_the_phone_and_names_the_clinic(cast, desk, peter, sms_outbox):
    assert ask(desk).status_code == 302
    [message] = sms_outbox
    assert message.to == PHONE and "Uzima Clinic" in message.text
    with clinic_context(cast.uzima):
        act = AuditLog.objects.get(action="patient.link_asked")
    assert act.user_id == cast.staff.pk and "712345" not in str(act.details)
    html = desk.get(HERE).content.decode()
    assert "+254 7•• ••• 678" in html and "Peter" not in html


def test_a_phone_that_nobody_has_answers_exactly_alike(cast, at_clinic, peter, sms_outbox):
    pages = []
    for phone in ("0712 345 678", "0722 999 678"):
        client = at_clinic(cast.uzima, cast.staff)
        sent = ask(client, phone)
        shown = client.get(HERE)
        wrong = client.post(HERE, {"step": "code", "code": "000000"})
        pages.append([sent.status_code, sent["Location"], bare(shown), wrong.status_code, bare(wrong)])
    known, unknown = pages
    assert known == unknown
    assert len(sms_outbox) == 2


def test_the_right_code_shows_who_it_is_and_links_with_consent(cast, desk, peter, sms_outbox):
    prove(desk, sms_outbox)
    html = desk.get(HERE).content.decode()
    assert "Peter Otieno" in html
    assert not is_linked(peter, cast.uzima)
    refused = link(desk, peter, consent="")
    assert refused.status_code == 400 and not is_linked(peter, cast.uzima)
    response = link(desk, peter)
    assert response["Location"] == f"/admin/desk/book/for/{peter.pk}/"
    assert is_linked(peter, cast.uzima)
    consent = Consent.objects.get(patient=peter, clinic=cast.uzima)
    assert (consent.given_by, consent.taken_by) == (peter.user, cast.staff)
    with clinic_context(cast.uzima):
        assert AuditLog.objects.filter(action="patient.linked", resource_id=peter.pk, user=cast.staff).exists()


def test_without_the_right_code_nobody_is_linked(cast, desk, peter, sms_outbox):
    ask(desk)
    for _ in range(3):
        assert desk.post(HERE, {"step": "code", "code": "000000"}).status_code == 400
    assert link(desk, peter).status_code == 302
    assert not is_linked(peter, cast.uzima)
    assert "Peter" not in desk.get(HERE).content.decode()


def test_a_code_is_good_at_this_clinic_and_in_this_session_only(cast, desk, at_clinic, peter, sms_outbox):
    ask(desk)
    code = re.search(r"\d{6}", sms_outbox[-1].text).group()
    other = at_clinic(cast.pwani, factories.make_staff(cast.pwani))
    assert other.post(HERE, {"step": "code", "code": code}).status_code == 302
    assert "Peter" not in other.get(HERE).content.decode()
    colleague = at_clinic(cast.uzima, factories.make_staff(cast.uzima))
    ask(colleague, "0722 111 222")
    assert colleague.post(HERE, {"step": "code", "code": code}).status_code == 400


def test_a_proof_at_one_clinic_is_none_at_another_of_the_same_person(cast, peter, sms_outbox):
    from clinics.models import Membership
    from tests.conftest import client_for

    both = factories.make_staff(cast.uzima)
    Membership.objects.create(user=both, clinic=cast.pwani, role="front_desk")
    client = client_for("uzima.precta.localhost", both)
    prove(client, sms_outbox)
    assert "Peter" in client.get(HERE).content.decode()
    assert "Peter" not in client.get(HERE, HTTP_HOST="pwani.precta.localhost").content.decode()


def test_the_proof_of_one_phone_links_nobody_else(cast, desk, peter, sms_outbox):
    prove(desk, sms_outbox, "0722 000 111")
    assert link(desk, peter).status_code == 400
    assert link(desk, peter, first_name="Peter", last_name="Otieno").status_code == 400
    assert not is_linked(peter, cast.uzima)


def test_a_guardians_phone_shows_the_children_too(cast, desk, peter, sms_outbox):
    child = add_child(
        guardian=peter,
        by=peter.user,
        values={"first_name": "Zawadi", "last_name": "Otieno", "date_of_birth": factories_day()},
    ).child
    prove(desk, sms_outbox)
    assert "Zawadi" in desk.get(HERE).content.decode()
    link(desk, child)
    assert is_linked(child, cast.uzima) and not is_linked(peter, cast.uzima)


def factories_day():
    from datetime import date, timedelta

    return date.today() - timedelta(days=1500)  # noqa: DTZ011


def test_a_walk_in_of_another_clinic_is_found_by_the_name_only(cast, desk, joseph, sms_outbox):
    prove(desk, sms_outbox)
    assert "Joseph" not in desk.get(HERE).content.decode()
    for wrong in (
        {"first_name": "Joseph", "last_name": "Otieno", "date_of_birth": "1980-02-03"},
        {"first_name": "Joseph", "last_name": "Mwangi", "date_of_birth": ""},
        {"first_name": "Joseph", "last_name": "Mwangi", "date_of_birth": "1980-02-04"},
    ):
        html = desk.post(HERE, {"step": "who", **wrong}).content.decode()
        assert "Nobody with this name" in html
        assert link(desk, joseph, **wrong).status_code == 400
    right = {"first_name": "joseph", "last_name": "MWANGI", "date_of_birth": "1980-02-03"}
    assert joseph.pk in desk.post(HERE, {"step": "who", **right}).content.decode()
    assert link(desk, joseph, **right).status_code == 302
    assert is_linked(joseph, cast.uzima)


def test_nobody_known_leads_to_a_new_patient_with_that_phone(cast, desk, sms_outbox):
    prove(desk, sms_outbox, "0722 000 111")
    html = desk.get(HERE).content.decode()
    assert "No account has proved this phone before" in html
    assert 'value="0722 000111"' in desk.get("/admin/desk/book/new/?known=1").content.decode()


def test_a_suspended_account_is_nobody(cast, desk, peter, sms_outbox):
    User.objects.filter(pk=peter.pk).update(status="suspended")
    prove(desk, sms_outbox)
    assert "Peter" not in desk.get(HERE).content.decode()


def test_too_many_codes_are_a_429(cast, desk, sms_outbox):
    for _ in range(3):
        ask(desk)
    response = ask(desk)
    assert response.status_code == 429 and int(response["Retry-After"]) > 0
    assert len(sms_outbox) == 3


def test_an_sms_that_cannot_be_sent_is_said(desk, monkeypatch):
    def refuse(**_):
        raise SmsUnavailable("x")

    monkeypatch.setattr("accounts.services.phone_codes.send_sms", refuse)
    assert ask(desk).status_code == 503


@pytest.mark.parametrize("phone", ["", "abc", "+447700900123", "\x00", "1" * 500])
def test_odd_phones_are_a_form_error(desk, sms_outbox, phone):
    assert ask(desk, phone).status_code in {400}
    assert not sms_outbox


def test_an_unknown_step_is_refused(desk):
    assert desk.post(HERE, {"step": "delete"}).status_code == 400
