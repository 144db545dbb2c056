"""What was agreed to can be read, and taken back where a clinic was allowed something."""

import html
import re
from datetime import date, timedelta
from urllib.parse import urljoin

import pytest

from accounts.exceptions import NotWithdrawable
from accounts.models import Consent, Guardianship, Patient
from accounts.services.clinic_links import admit_patient, is_admitted
from accounts.services.consents import withdraw_consent
from accounts.services.registration import register_patient
from precta import clock
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def amina(at_platform, cast):
    return at_platform(cast.patient.user)


@pytest.fixture
def consent(cast):
    return cast.patient.consents.get(clinic=cast.uzima)


@pytest.fixture
def child(cast):
    child = factories.make_patient("Zuri", "Hassan", date_of_birth=date(2020, 1, 1))
    Guardianship.objects.create(guardian=cast.patient, child=child)
    factories.link_patient(child, cast.pwani)
    return child


def page_of(consent):
    return f"/me/consents/{consent.pk}/withdraw/"


def relay_twice():
    event = OutboxEvent.objects.get(kind="consent.withdrawn")
    for later in (1, 2):
        OutboxEvent.objects.update(relayed_at=None)
        assert relay_event(event.pk, now=clock.now() + timedelta(hours=later)), OutboxEvent.objects.get().last_error


def test_the_list_shows_the_words_of_every_clinic_ones_own_and_ones_childrens(amina, cast, child):
    admit_patient(patient=cast.patient, clinic=cast.pwani, given_by=cast.patient.user)
    factories.link_patient(cast.other_patient, cast.pwani)
    page = amina.get("/me/consents/").content.decode()
    assert page.count("withdraw/") == 3
    assert "those who treat the patient at this clinic may read it" in page
    assert "Uzima Clinic" in page and "Pwani Family Health" in page and "for Zuri" in page
    assert "Peter" not in page
    assert 'href="/me/consents/"' in amina.get("/me/profile/").content.decode()


def test_what_follows_is_said_before_anything_is_taken_back(amina, consent):
    page = amina.get(page_of(consent)).content.decode()
    assert "keeps what the law demands" in page and "cancel them first" in page
    consent.refresh_from_db()
    assert consent.withdrawn_at is None


def test_taking_back_ends_every_version_and_the_next_booking_asks_again(amina, cast, consent, at_clinic):
    admit_patient(patient=cast.patient, clinic=cast.uzima, given_by=cast.patient.user)
    assert cast.patient.consents.filter(clinic=cast.uzima).count() == 2
    factories.make_full_week(cast.doctor)
    assert amina.post(page_of(consent)).status_code == 302
    assert not cast.patient.consents.filter(withdrawn_at__isnull=True).exists()
    assert not is_admitted(patient=cast.patient, clinic=cast.uzima)
    here = at_clinic(cast.uzima, cast.patient.user)
    week = here.get(f"/book/{cast.doctor.pk}/").content.decode()
    [(slot, *_others)] = [re.findall(r'href="([^"]*[?&;]at=[^"]+)"', week)]
    page = here.get(urljoin(f"/book/{cast.doctor.pk}/", html.unescape(slot))).content.decode()
    assert "I agree that Uzima Clinic keeps a record" in page
    admit_patient(patient=cast.patient, clinic=cast.uzima, given_by=cast.patient.user)
    assert is_admitted(patient=cast.patient, clinic=cast.uzima)
    assert "taken back on" in amina.get("/me/consents/").content.decode()


def test_a_withdrawal_is_in_both_trails_and_the_front_desk_is_told_once(amina, cast, consent, at_clinic):
    for _ in range(2):
        assert amina.post(page_of(consent)).status_code == 302
    relay_twice()
    assert AuditLog.objects.filter(action="consent.withdrawn", user=cast.patient.user).count() == 1
    with clinic_context(cast.uzima):
        row = AuditLog.objects.get(action="consent.withdrawn")
        assert (row.user_id, row.resource_id) == (cast.patient.pk, cast.patient.pk)
    with clinic_context(cast.pwani):
        assert not AuditLog.objects.filter(action="consent.withdrawn").exists()
    told = Notification.objects.filter(title="A patient took a consent back")
    assert {row.user_id for row in told} == {cast.staff.pk, cast.owner.pk}
    assert {row.channel for row in told} == {"push"}
    link = told.first().data["url"]
    page = at_clinic(cast.uzima, cast.staff).get(link.partition(":8000")[2]).content.decode()
    assert "Amina Hassan" in page and "taken back" in page


def test_a_guardian_takes_it_back_for_a_child_and_nobody_else_does(amina, cast, child, at_platform):
    theirs = child.consents.get()
    other = at_platform(cast.other_patient.user)
    assert other.get(page_of(theirs)).status_code == other.post(page_of(theirs)).status_code == 404
    assert "Zuri" not in other.get("/me/consents/").content.decode()
    assert amina.post(page_of(theirs)).status_code == 302
    assert not is_admitted(patient=child, clinic=cast.pwani)
    Patient.objects.filter(pk=child.pk).update(date_of_birth=date(2000, 1, 1))
    assert amina.get(page_of(theirs)).status_code == 404


def test_the_terms_of_the_account_end_with_the_account_only(at_platform):
    user = factories.make_user("new@example.test")
    register_patient(user=user, first_name="New", last_name="Person", language="en")
    terms, client = Consent.objects.get(patient=user.pk), at_platform(user)
    page = client.get("/me/consents/").content.decode()
    assert "Terms and privacy of Precta" in page and "withdraw/" not in page
    assert client.post(page_of(terms)).status_code == 404
    with pytest.raises(NotWithdrawable):
        withdraw_consent(consent=terms, by=user)
    terms.refresh_from_db()
    assert terms.withdrawn_at is None


def test_the_list_takes_as_many_queries_for_many_consents_as_for_one(amina, cast, django_assert_max_num_queries):
    for n in range(15):
        child = factories.make_patient(f"C{n}", "Hassan", date_of_birth=date(2020, 1, 1))
        Guardianship.objects.create(guardian=cast.patient, child=child)
        factories.link_patient(child, cast.pwani)
        factories.link_patient(child, cast.uzima)
    with django_assert_max_num_queries(9):
        page = amina.get("/me/consents/").content.decode()
    assert page.count("withdraw/") == 20
    assert "?page=2" in page
