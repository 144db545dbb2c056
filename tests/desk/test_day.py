"""The front desk's day: what it shows, to whom, and with how few statements."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, TimeOff
from precta.audit.models import AuditLog
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.conftest import statements  # noqa: F401 - a fixture
from tests.appointments.money_helpers import pay

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # 12:00 in Nairobi


@pytest.fixture
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield NOON


def page(client, query=""):
    answer = client.get(f"/admin/desk/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_day_shows_each_doctor_with_the_visits_of_that_day_by_the_clinics_calendar(ground, desk, at_noon):
    colleague = factories.make_doctor(ground.uzima, "Joyce", "Koech")
    yesterday = factories.make_appointment(ground.patient, ground.doctor, datetime(2026, 11, 23, 20, 30, tzinfo=UTC))
    today = factories.make_appointment(ground.patient, ground.doctor, datetime(2026, 11, 23, 21, 0, tzinfo=UTC))
    tonight = factories.make_appointment(ground.other_patient, colleague, datetime(2026, 11, 24, 20, 30, tzinfo=UTC))
    shown = page(desk())
    assert "Tuesday 24 November" in shown
    assert f'id="v-{yesterday.pk}"' not in shown
    assert f'id="v-{today.pk}"' in shown and f'id="v-{tonight.pk}"' in shown
    assert "Dr Achieng Njoroge" in shown and "Dr Joyce Koech" in shown
    assert f'id="v-{yesterday.pk}"' in page(desk(), "?day=2026-11-23")


def test_a_visit_says_how_it_stands_and_what_is_paid(ground, desk, at_noon):
    made = {
        "Confirmed": factories.make_appointment(ground.patient, ground.doctor, NOON + timedelta(hours=2), fee=2500),
        "Here since 11:48": factories.make_appointment(
            ground.patient, ground.doctor, NOON, fee=2500, arrived_at=NOON - timedelta(minutes=12)
        ),
        "Not here yet": factories.make_appointment(ground.patient, ground.doctor, NOON - timedelta(hours=1)),
        "Completed": factories.make_appointment(
            ground.patient, ground.doctor, NOON - timedelta(hours=3), status="completed"
        ),
        "Did not come": factories.make_appointment(
            ground.patient, ground.doctor, NOON - timedelta(hours=4), status="no_show"
        ),
        "Held, 7 min left": factories.make_appointment(
            ground.patient,
            ground.doctor,
            NOON + timedelta(hours=4),
            fee=2500,
            status="pending_payment",
            hold_expires_at=NOON + timedelta(minutes=7),
        ),
    }
    pay(made["Confirmed"], 2500, at=NOON)
    shown = page(desk())
    for words in made:
        assert words in shown, words
    assert "12 min" in shown
    assert "Paid KES\xa02,500" in shown and "To pay KES\xa02,500" in shown


def test_what_nobody_ever_had_and_what_was_moved_away_is_not_of_the_day(ground, desk, at_noon):
    at = NOON + timedelta(hours=1)
    reasons = ("hold expired", "rescheduled", "rescheduled for the clinic", "move dropped", "money came too late")
    gone = [
        factories.make_appointment(
            ground.patient, ground.doctor, at, status="cancelled", cancellation_reason=reason, refund_due=0
        )
        for reason in reasons
    ]
    ended = factories.make_appointment(
        ground.patient, ground.doctor, at, fee=1, status="pending_payment", hold_expires_at=NOON
    )
    shown = page(desk())
    for visit in (*gone, ended):
        assert visit.pk not in shown
    kept = factories.make_appointment(
        ground.patient, ground.doctor, at, status="cancelled", cancellation_reason="influenza", refund_due=0
    )
    assert f'id="v-{kept.pk}"' in page(desk())
    assert "influenza" not in page(desk())


def test_filters_by_doctor_and_status_are_addresses(ground, desk, at_noon):
    colleague = factories.make_doctor(ground.uzima, "Joyce", "Koech")
    mine = factories.make_appointment(ground.patient, ground.doctor, NOON + timedelta(hours=1))
    hers = factories.make_appointment(ground.patient, colleague, NOON + timedelta(hours=1), arrived_at=NOON)
    client = desk()

    def found(query):
        shown = page(client, query)
        return {name for name, visit in (("mine", mine), ("hers", hers)) if f'id="v-{visit.pk}"' in shown}

    assert found("") == {"mine", "hers"}
    assert found(f"?doctor={colleague.pk}") == {"hers"}
    assert found("?status=waiting") == {"hers"}
    assert found("?status=coming") == {"mine"}
    assert found(f"?status=coming&doctor={colleague.pk}") == set()
    assert found("?status=nonsense&doctor=..%2f&day=31-31") == {"mine", "hers"}


@pytest.mark.parametrize(
    "words", ["hassan", "AMINA has", "0712345", "0712 345 678", "+254712345678", "712345678", "(0712) 345-678"]
)
def test_a_patient_of_this_clinic_is_found_by_name_or_phone(ground, desk, words):
    User.objects.filter(pk=ground.patient.pk).update(phone="+254712345678", phone_verified=True)
    visit = ground.paid(days=3)
    shown = desk().get("/admin/desk/", {"q": words}).content.decode()
    assert "Amina Hassan" in shown and "0712 345678" in shown
    assert f"#v-{visit.pk}" in shown


@pytest.mark.parametrize("words", ["Otieno", "0799000111", "H", "07", "%", "_", "\x00", "Hassan Otieno"])
def test_nobody_else_is_found(ground, desk, words):
    User.objects.filter(pk=ground.other_patient.pk).update(phone="+254799000111", phone_verified=True)
    factories.link_patient(ground.other_patient, ground.pwani)
    shown = desk().get("/admin/desk/", {"q": words.replace("\x00", "")}).content.decode()
    assert "Peter" not in shown and ground.other_patient.pk not in shown
    assert "Amina Hassan" not in shown


def test_money_that_waits_for_somebody_is_a_link_on_the_day(ground, desk, at_noon):
    cash = ground.paid(days=0, hour=10, method="cash")
    failed = ground.paid(days=0, hour=12)
    with clinic_context(ground.uzima):
        for visit, status in ((cash, "queued"), (failed, "failed")):
            Refund.objects.create(
                payment=visit.payment, key="k", subject_id=visit.pk, amount=500, reason="r", status=status
            )
    shown = page(desk(), "?day=" + timezone.localdate(ground.at(0)).isoformat())
    assert "Hand back KES\xa0500" in shown and "/hand-back/" in shown
    assert "Refund of KES\xa0500 failed" in shown


def test_the_day_says_that_a_doctor_is_off(ground, desk, at_noon):
    with clinic_context(ground.uzima):
        TimeOff.objects.create(doctor=ground.doctor, starts_at=NOON, ends_at=NOON + timedelta(hours=2), reason="secret")
    shown = page(desk())
    assert "12:00 – 14:00" in shown and "secret" not in shown


def test_the_board_comes_alone_for_the_refresh_and_asks_for_the_same_day_again(ground, desk, at_noon):
    factories.make_appointment(ground.patient, ground.doctor, NOON + timedelta(days=1))
    answer = desk().get("/admin/desk/?day=2026-11-25&status=coming", headers={"HX-Request": "true"})
    shown = answer.content.decode()
    assert shown.lstrip().startswith('<div id="board"') and "<html" not in shown
    assert 'hx-get="?day=2026-11-25&amp;status=coming"' in shown and "every 20s" in shown


def test_looking_at_the_day_writes_nothing(ground, desk, at_noon):
    factories.make_appointment(ground.patient, ground.doctor, NOON)
    page(desk())
    with clinic_context(ground.uzima):
        assert not AuditLog.objects.exclude(action__startswith="sign_in").exists()


def test_what_patients_wrote_is_not_even_read(ground, desk, at_noon, statements):  # noqa: F811
    factories.make_appointment(ground.patient, ground.doctor, NOON, notes="cough since Monday")
    client = desk()
    del statements[:]
    assert "cough" not in page(client)
    assert not [text for text in statements if '"notes"' in text or "allergies" in text or "blood_type" in text]


def test_two_hundred_visits_take_no_more_than_fifteen_statements(ground, desk, at_noon, statements):  # noqa: F811
    doctors = [factories.make_doctor(ground.uzima, f"D{n}", "Mutua") for n in range(10)]
    start = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    with clinic_context(ground.uzima):
        for doctor in doctors:
            for n in range(20):
                visit = factories.make_appointment(ground.patient, doctor, start + timedelta(minutes=40 * n), fee=2500)
                payment = Payment.objects.create(
                    user=ground.patient.user,
                    type="appointment",
                    subject_id=visit.pk,
                    amount=2500,
                    method="cash",
                    status="completed",
                    paid_at=NOON,
                    provider_reference=f"x-{visit.pk}",
                )
                Refund.objects.create(payment=payment, key="k", subject_id=visit.pk, amount=1, reason="r")
        assert Appointment.objects.count() == 200
    client = desk()
    page(client)
    del statements[:]
    shown = page(client)
    assert shown.count('class="visit-row') == 200
    assert len(statements) <= 15, "\n".join(statements)
