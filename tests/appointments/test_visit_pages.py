"""A patient's pages about their visits: list, visit, cancelling, moving, calendar file, receipt; and who gets none."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accounts.models import Guardianship
from appointments.models import Appointment
from appointments.week import moment_key
from precta.hosts import URLCONFS
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants, paid_visit

PAGES = ["detail", "cancel", "reschedule", "calendar", "receipt"]


def url(name, *args):
    return reverse(f"appointments:patient:{name}", URLCONFS["clinic"], args)


def tomorrow_at(hour, days=3):
    """A time on the grid of the full week, `hour` o'clock UTC."""
    day = timezone.now() + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def visit(cast, now):
    factories.make_full_week(cast.doctor)
    return paid_visit(cast.patient, cast.doctor, tomorrow_at(8), now=now, notes="a canary cough")


@pytest.fixture
def amina(at_clinic, cast):
    return at_clinic(cast.uzima, cast.patient.user)


def fresh(visit):
    with clinic_context(visit.clinic):
        return Appointment.objects.get(pk=visit.pk)


def events(visit, kind):
    with clinic_context(visit.clinic):
        return OutboxEvent.objects.filter(kind=kind).count()


# Who may open what


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["other_patient", "doctor", "other_doctor", "staff", "owner", "admin"])
def test_a_strangers_visit_is_a_404(cast, at_clinic, visit, name, who):
    person = getattr(cast, who)
    client = at_clinic(cast.uzima, getattr(person, "user", person))
    assert client.get(url(name, visit.pk)).status_code == 404


@pytest.mark.parametrize("name", [*PAGES, "list"])
def test_somebody_signed_out_is_sent_to_sign_in(cast, at_clinic, visit, name):
    response = at_clinic(cast.uzima).get(url(name, *([] if name == "list" else [visit.pk])))
    assert response.status_code == 302
    assert response["Location"].startswith("http://precta.localhost")


@pytest.mark.parametrize("who", ["other_patient", "doctor", "staff"])
def test_a_stranger_cancels_and_moves_nothing(cast, at_clinic, visit, who):
    person = getattr(cast, who)
    client = at_clinic(cast.uzima, getattr(person, "user", person))
    cancel = client.post(url("cancel", visit.pk), {"expected_refund": "2500.00"})
    move = client.post(
        url("reschedule", visit.pk),
        {"at": moment_key(tomorrow_at(9)), "mode": "video", "expected_fee": "2500.00", "key": new_id()},
    )
    assert (cancel.status_code, move.status_code) == (404, 404)
    assert fresh(visit).status == "confirmed"
    assert Appointment.objects.none().count() == 0
    assert not events(visit, "appointment.cancelled")
    assert not events(visit, "appointment.rescheduled")


def test_another_clinic_does_not_know_the_visit(cast, at_clinic, visit):
    factories.link_patient(cast.patient, cast.pwani)
    assert at_clinic(cast.pwani, cast.patient.user).get(url("detail", visit.pk)).status_code == 404


@pytest.mark.parametrize("wrong", ["0", "abc", "zzzzzzzzzzzzzzzzzzzzzzzz", "9223372036854775808"])
def test_an_id_that_is_nobodys_is_a_404(amina, wrong):
    assert amina.get(f"/appointments/{wrong}/").status_code == 404


def test_a_guardian_sees_and_cancels_the_childs_visit(cast, at_clinic, now):
    child = factories.make_patient("Baraka", "Hassan")
    Guardianship.objects.create(guardian=cast.patient, child=child)
    visit = paid_visit(child, cast.doctor, tomorrow_at(8), now=now)
    client = at_clinic(cast.uzima, cast.patient.user)
    assert "for Baraka" in client.get(url("detail", visit.pk)).content.decode()
    assert client.post(url("cancel", visit.pk), {"expected_refund": "2500.00"}).status_code == 302
    assert fresh(visit).status == "cancelled"


# The visit


def test_the_page_of_a_visit_says_what_happens_if_one_cannot_come(amina, visit):
    page = amina.get(url("detail", visit.pk)).content.decode()
    assert "KES\xa02,500 back" in page
    assert "KES\xa01,250 back" in page
    assert url("cancel", visit.pk) in page
    assert url("reschedule", visit.pk) in page


def test_a_held_visit_leads_to_its_payment(cast, amina, now):
    visit = factories.make_appointment(
        cast.patient, cast.doctor, tomorrow_at(8), status="pending_payment", fee=Decimal(2500)
    )
    page = amina.get(url("detail", visit.pk)).content.decode()
    assert url("pay", visit.pk) in page
    assert "The time is held for you until" in page


@pytest.mark.parametrize(
    ("reason", "due", "words"),
    [
        ("hold expired", 0, "It was not paid in time"),
        ("money came too late", 2500, "came too late for this time. Refund: KES\xa02,500"),
        ("clinic suspended", 2500, "The clinic is closed for now"),
        ("I am ill", 1250, "The visit was cancelled. Refund: KES\xa01,250."),
        ("I am ill", 0, "There was nothing to pay back"),
    ],
)
def test_a_cancelled_visit_says_why_and_what_goes_back(cast, amina, reason, due, words):
    visit = factories.make_appointment(
        cast.patient,
        cast.doctor,
        tomorrow_at(8),
        status="cancelled",
        cancellation_reason=reason,
        refund_due=Decimal(due),
    )
    assert words in amina.get(url("detail", visit.pk)).content.decode()


def test_a_moved_visit_leads_to_its_new_time(cast, amina, visit):
    key = {"at": moment_key(tomorrow_at(9)), "mode": "video", "expected_fee": "2500.00", "key": new_id()}
    response = amina.post(url("reschedule", visit.pk), key)
    with clinic_context(cast.uzima):
        new = Appointment.objects.get(rescheduled_from=visit.pk)
    assert response["Location"] == url("detail", new.pk)
    assert url("detail", new.pk) in amina.get(url("detail", visit.pk)).content.decode()
    assert url("detail", visit.pk) in amina.get(url("detail", new.pk)).content.decode()


# Cancelling


def test_the_refund_is_shown_before_and_is_what_goes_back(cast, amina, visit):
    page = amina.get(url("cancel", visit.pk)).content.decode()
    assert "Cancel and get KES\xa02,500 back" in page
    assert 'name="expected_refund" value="2500.00"' in page
    response = amina.post(url("cancel", visit.pk), {"expected_refund": "2500.00", "reason": "I travel"})
    assert response["Location"] == url("detail", visit.pk)
    done = fresh(visit)
    assert (done.status, done.refund_due, done.cancellation_reason) == ("cancelled", Decimal(2500), "I travel")
    assert not broken_invariants(cast.uzima)
    again = amina.post(url("cancel", visit.pk), {"expected_refund": "2500.00"})
    assert again["Location"] == url("detail", visit.pk)
    assert events(visit, "appointment.cancelled") == 1


def test_an_amount_that_is_no_longer_true_is_shown_again_and_cancels_nothing(cast, amina, now):
    visit = paid_visit(cast.patient, cast.doctor, now + timedelta(hours=5), now=now)
    response = amina.post(url("cancel", visit.pk), {"expected_refund": "2500.00", "reason": "I travel"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "The amount has changed." in page
    assert "Cancel and get KES\xa01,250 back" in page
    assert "I travel" in page
    assert fresh(visit).status == "confirmed"


@pytest.mark.parametrize("amount", ["", "NaN", "-1", "abc", "1e400"])
def test_a_garbled_amount_cancels_nothing(amina, visit, amount):
    response = amina.post(url("cancel", visit.pk), {"expected_refund": amount})
    assert response.status_code == 400
    assert "Load it anew" in response.text and "(Hidden field" not in response.text
    assert fresh(visit).status == "confirmed"


def test_a_visit_that_has_begun_sends_back_to_its_page(cast, amina, now):
    visit = paid_visit(cast.patient, cast.doctor, now - timedelta(minutes=5), now=now)
    response = amina.post(url("cancel", visit.pk), {"expected_refund": "0"}, follow=True)
    assert "cannot be cancelled here any more" in response.content.decode()
    assert fresh(visit).status == "confirmed"


# Moving


def test_the_difference_is_shown_before_the_move(cast, amina, visit):
    cast.doctor.consultation_fee = Decimal(3200)
    cast.doctor.save()
    at = moment_key(tomorrow_at(9, days=4))
    page = amina.get(url("reschedule", visit.pk), {"at": at, "mode": "in_person"}).content.decode()
    assert "KES\xa0700" in page
    assert "Hold this time and pay" in page
    response = amina.post(
        url("reschedule", visit.pk), {"at": at, "mode": "in_person", "expected_fee": "3200.00", "key": new_id()}
    )
    with clinic_context(cast.uzima):
        held = Appointment.objects.get(rescheduled_from=visit.pk)
    assert response["Location"] == url("pay", held.pk)
    assert fresh(visit).status == "confirmed"
    assert "A new time is held for you" in amina.get(url("detail", visit.pk)).content.decode()


def test_a_fee_that_changed_is_shown_again(cast, amina, visit):
    at = moment_key(tomorrow_at(9, days=4))
    response = amina.post(
        url("reschedule", visit.pk), {"at": at, "mode": "in_person", "expected_fee": "2000.00", "key": new_id()}
    )
    assert response.status_code == 409
    assert "The price has changed" in response.content.decode()
    assert fresh(visit).status == "confirmed"


def test_a_time_that_was_taken_is_said_and_the_visit_stands(cast, amina, visit):
    factories.make_appointment(cast.other_patient, cast.doctor, tomorrow_at(9))
    at = {"at": moment_key(tomorrow_at(9)), "mode": "in_person"}
    assert amina.get(url("reschedule", visit.pk), at).status_code == 409
    response = amina.post(url("reschedule", visit.pk), at | {"expected_fee": "2500.00", "key": new_id()})
    assert response.status_code == 409
    assert "This time has been taken" in response.content.decode()
    assert fresh(visit).status == "confirmed"


@pytest.mark.parametrize("at", ["", "31 February", "2026-02-31T08:00Z", "\x00", "9999-12-31T23:59Z"])
def test_a_time_that_nobody_can_read_moves_nothing(amina, visit, at):
    data = {"at": at, "mode": "in_person", "expected_fee": "2500.00", "key": new_id()}
    assert amina.post(url("reschedule", visit.pk), data).status_code == 400
    assert fresh(visit).status == "confirmed"


def test_the_visits_own_time_is_not_offered_for_the_move(amina, visit):
    response = amina.get(url("reschedule", visit.pk), {"at": moment_key(visit.scheduled_at), "mode": "in_person"})
    assert response.status_code == 400
    assert "at this time already" in response.content.decode()


def test_too_late_to_move_says_so(cast, amina, now):
    visit = paid_visit(cast.patient, cast.doctor, now + timedelta(hours=1), now=now)
    assert "too late to move" in amina.get(url("reschedule", visit.pk), follow=True).content.decode()


def test_a_move_that_was_not_paid_in_time_leads_back_to_the_visit_that_stands(cast, amina, visit, now):
    held = factories.make_appointment(
        cast.patient,
        cast.doctor,
        tomorrow_at(9),
        status="pending_payment",
        fee=Decimal(3200),
        rescheduled_from=visit,
        hold_expires_at=now - timedelta(seconds=1),
    )
    page = amina.get(url("pay", held.pk)).content.decode()
    assert "Your visit stays where it was" in page
    assert url("detail", visit.pk) in page
    assert url("reschedule", visit.pk) in page


# Lists


def test_the_list_keeps_kinds_apart_and_its_filters_in_the_url(cast, amina, visit):
    past = factories.make_appointment(cast.patient, cast.doctor, tomorrow_at(8, days=-3), status="completed")
    page = amina.get(url("list")).content.decode()
    assert visit.pk in page
    assert past.pk not in page
    page = amina.get(url("list"), {"when": "past", "page": "-1", "person": "nobody"}).content.decode()
    assert past.pk in page
    assert visit.pk not in page


def test_a_long_list_is_paged_and_its_statements_do_not_grow(cast, amina, django_assert_max_num_queries):
    for days in range(1, 26):
        factories.make_appointment(cast.patient, cast.doctor, tomorrow_at(6, days=-days), status="completed")
    with django_assert_max_num_queries(10):
        page = amina.get(url("list"), {"when": "past", "page": "3"}).content.decode()
    assert page.count('class="date sm past"') == 5
    assert "page=2" in page
    assert amina.get(url("list"), {"when": "past", "page": "99"}).content.decode().count('class="date sm past"') == 5


# Calendar and receipt


def event_of(response):
    calendar = Calendar.from_ical(response.content)
    return calendar, calendar.walk("VEVENT")[0]


def test_the_calendar_file_names_time_and_place_and_not_the_reason(amina, visit):
    response = amina.get(url("calendar", visit.pk))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    calendar, event = event_of(response)
    assert event["uid"] == f"{visit.pk}@precta.localhost"
    assert event.decoded("dtstart") == visit.scheduled_at
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=30)
    assert (calendar["method"], event["status"], int(event["sequence"])) == ("PUBLISH", "CONFIRMED", 0)
    assert "Moi Avenue" in event["location"]
    assert b"canary" not in response.content
    assert b"aediatric" not in response.content


def test_a_moved_visit_keeps_its_uid_and_counts_up_from_the_old_address_too(cast, amina, visit):
    key = {"at": moment_key(tomorrow_at(9)), "mode": "video", "expected_fee": "2500.00", "key": new_id()}
    amina.post(url("reschedule", visit.pk), key)
    _calendar, event = event_of(amina.get(url("calendar", visit.pk)))
    assert event["uid"] == f"{visit.pk}@precta.localhost"
    assert (int(event["sequence"]), event.decoded("dtstart")) == (1, tomorrow_at(9))


def test_a_cancelled_visit_is_taken_out_of_the_calendar(amina, visit):
    amina.post(url("cancel", visit.pk), {"expected_refund": "2500.00"})
    calendar, event = event_of(amina.get(url("calendar", visit.pk)))
    assert (calendar["method"], event["status"], int(event["sequence"])) == ("CANCEL", "CANCELLED", 1)


def test_a_time_that_is_only_held_has_no_calendar_file_and_no_receipt(cast, amina):
    visit = factories.make_appointment(cast.patient, cast.doctor, tomorrow_at(8), status="pending_payment", fee=2500)
    assert amina.get(url("calendar", visit.pk)).status_code == 404
    assert amina.get(url("receipt", visit.pk)).status_code == 404


def test_the_receipt_shows_payments_refunds_and_what_stays(cast, amina, visit):
    with clinic_context(cast.uzima):
        Refund.objects.create(
            payment=visit.payment, key="k", subject_id=visit.pk, amount=Decimal(500), reason="r", status="processed"
        )
        Refund.objects.create(
            payment=visit.payment, key="f", subject_id=visit.pk, amount=Decimal(300), reason="r", status="failed"
        )
    page = amina.get(url("receipt", visit.pk)).content.decode()
    assert visit.payment.provider_reference in page
    assert "−KES\xa0500" in page
    assert "KES\xa02,000" in page
    assert "canary" not in page


@pytest.mark.parametrize("page", ["detail", "cancel", "list", "pay", "/me/", "/me/appointments/"])
def test_a_coming_visit_says_its_time_by_another_clock_too(cast, visit, amina, at_platform, page):
    if page == "pay":
        held = {"status": "pending_payment", "hold_expires_at": timezone.now() + timedelta(minutes=5)}
        with clinic_context(cast.uzima):
            Appointment.objects.update(**held)
            Payment.objects.update(status="pending", paid_at=None)
    path = page if page.startswith("/") else url(page, *([] if page == "list" else [visit.pk]))
    text = (at_platform(cast.patient.user) if page.startswith("/") else amina).get(path).content.decode()
    moment = timezone.localtime(visit.scheduled_at).isoformat()
    assert f'data-zone="Africa/Nairobi" data-moment="{moment}" hidden>Time in Nairobi; on your own clock:' in text
    assert "js/zone" in text
