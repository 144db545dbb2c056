"""Paying for a held visit, page by page, against the stand-in of the provider and with real transactions."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from appointments.models import Appointment, AppointmentStatus
from appointments.services.booking import expire_holds
from appointments.services.paying import take_cash_for
from precta.notifications.models import Notification
from precta.outbox.services import sweep_events
from precta.payments.models import Payment, PaymentStatus, Refund
from precta.payments.services import settle_payment
from precta.ratelimit import wait_for_phone
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]


@pytest.fixture
def held(cast, at_clinic):
    """A visit held by Amina, and a client of hers: (appointment id, client, address of the payment)."""
    factories.make_full_week(cast.doctor)
    at = (datetime.now(UTC) + timedelta(days=2)).replace(hour=6, minute=0, second=0, microsecond=0)
    client = at_clinic(cast.uzima, cast.patient.user)
    response = client.post(
        f"/book/{cast.doctor.pk}/",
        {
            "at": f"{at:%Y-%m-%dT%H:%MZ}",
            "mode": "in_person",
            "notes": "",
            "method": "mpesa",
            "phone": "0712345678",
            "key": "k" * 24,
        },
    )
    assert response.status_code == 302
    address = response["Location"].partition("?")[0]
    return address.split("/")[2], client, address


def visit_of(cast, pk):
    with clinic_context(cast.uzima):
        return Appointment.objects.select_related("payment").get(pk=pk)


def reference_of(cast, pk):
    return visit_of(cast, pk).payment.provider_reference


def may_ask_again(cast, pk):
    """As some seconds later."""
    with clinic_context(cast.uzima):
        cache.delete(f"payment-asked:{visit_of(cast, pk).payment_id}")


def end_hold(cast, pk):
    with clinic_context(cast.uzima):
        Appointment.objects.filter(pk=pk).update(hold_expires_at=datetime.now(UTC) - timedelta(minutes=2))
        expire_holds()


def test_the_page_offers_both_ways_and_knows_the_number(held):
    _pk, client, address = held
    html = client.get(address).content.decode()
    assert "Pay to keep this time" in html and "0712 345678" in html
    assert "Your time stays held until" in html


def test_the_request_goes_to_the_phone_and_the_page_waits_and_survives_a_reload(cast, held, provider):
    _pk, client, address = held
    response = client.post(address, {"method": "mpesa", "phone": "0712 345 678"})
    assert response.status_code == 302 and response["Location"] == address
    for _reload in range(2):
        html = client.get(address).content.decode()
        assert "Approve it on your phone" in html and "KES\u00a02,500" in html
        assert "+254 7•• ••• 678" in html and "data-status-url" in html and "<noscript><meta" in html
    status = client.get(address + "status/").json()
    assert status["status"] == "pending" and status["seconds_left"] > 0


def test_the_way_that_was_chosen_begins_by_itself_once(held):
    _pk, client, address = held
    assert "data-start" in client.get(address + "?start=1").content.decode()
    assert "data-start" not in client.get(address).content.decode()
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    assert "data-start" not in client.get(address + "?start=1").content.decode()


def test_a_phone_is_rung_twelve_times_an_hour_whoever_asks(cast, held):
    pk, client, address = held
    for _ring in range(12):
        assert wait_for_phone("+254712345678", "12/h") == 0
    response = client.post(address, {"method": "mpesa", "phone": "0712 345 678"})
    assert response.status_code == 429 and int(response["Retry-After"]) > 0
    assert "has been sent many requests" in response.content.decode()
    assert visit_of(cast, pk).payment.charged_at is None
    assert not any("254712345678" in str(key) for key in cache._cache.get_client().keys("*"))
    assert client.post(address, {"method": "mpesa", "phone": "0722 000 111"}).status_code == 302


def test_changing_the_number_sends_the_request_to_the_other_phone(cast, held, provider):
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    first = reference_of(cast, pk)
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    assert reference_of(cast, pk) == first, "the same phone is rung once"
    assert "Send the request" in client.get(address + "?change=1").content.decode()
    client.post(address, {"method": "mpesa", "phone": "0722000333"})
    visit = visit_of(cast, pk)
    assert visit.payment.provider_reference != first and visit.payment.payer_phone == "+254722000333"
    with clinic_context(cast.uzima):
        assert Payment.objects.filter(subject_id=pk).count() == 2


def test_approved_money_confirms_the_visit_and_the_page_moves_on(cast, held, provider):
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    provider.approve(reference_of(cast, pk))
    status = client.get(address + "status/").json()
    assert status == {"status": "done", "redirect": f"/appointments/{pk}/"}
    assert visit_of(cast, pk).status == AppointmentStatus.CONFIRMED
    assert client.get(address)["Location"] == f"/appointments/{pk}/"
    assert client.post(address, {"method": "card"})["Location"] == f"/appointments/{pk}/"


def test_without_javascript_the_link_asks_the_provider(cast, held, provider):
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    provider.approve(reference_of(cast, pk))
    assert client.get(address + "?check=1")["Location"] == f"/appointments/{pk}/"


def test_a_refusal_says_why_and_lets_one_try_again_with_a_new_request(cast, held, provider):
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    first = reference_of(cast, pk)
    provider.refuse(first)
    assert client.get(address + "status/").json()["status"] == "failed"
    html = client.get(address).content.decode()
    assert "The payment did not go through" in html and "Send the request" in html
    assert visit_of(cast, pk).status == AppointmentStatus.PENDING_PAYMENT
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    second = reference_of(cast, pk)
    assert second != first
    provider.approve(second)
    client.get(address + "?check=1")
    assert visit_of(cast, pk).status == AppointmentStatus.CONFIRMED


def test_by_card_the_way_leads_over_the_providers_page_and_back(cast, held, provider):
    pk, client, address = held
    response = client.post(address, {"method": "card"})
    assert response["Location"] == address + "?go=card"
    html = client.get(response["Location"]).content.decode()
    checkout = visit_of(cast, pk).payment.checkout_url
    assert checkout.startswith(provider.url) and f'content="0; url={checkout}"' in html
    assert "Finish on the card page" in client.get(address).content.decode()
    back = client.get(address + "return/")
    assert back["Location"] == address, "nothing was paid yet"
    provider.approve(reference_of(cast, pk))
    may_ask_again(cast, pk)
    back = client.get(f"{address}return/?reference={reference_of(cast, pk)}")
    assert back["Location"] == f"/appointments/{pk}/"
    assert visit_of(cast, pk).status == AppointmentStatus.CONFIRMED


def test_coming_back_again_and_again_asks_the_provider_once(cast, held, monkeypatch):
    pk, client, address = held
    client.post(address, {"method": "card"})
    asked = []

    def ask(*, reference, **_):
        asked.append(reference)
        return visit_of(cast, pk).payment

    monkeypatch.setattr("precta.payments.services.polling.settle_payment", ask)
    for _again in range(5):
        assert client.get(address + "return/")["Location"] == address
    assert asked == [reference_of(cast, pk)]


@pytest.mark.parametrize("phone", ["", "12345", "+14155550123", "07\x00", "9" * 400])
def test_a_wrong_number_is_said_so_and_nothing_goes_out(cast, held, phone):
    pk, client, address = held
    response = client.post(address, {"method": "mpesa", "phone": phone})
    assert response.status_code == 400 and "errorlist" in response.content.decode()
    assert visit_of(cast, pk).payment.charged_at is None


def test_a_provider_that_is_down_keeps_the_time_and_says_so(cast, held, settings):
    pk, client, address = held
    settings.PAYSTACK_BASE_URL = "http://127.0.0.1:9"
    response = client.post(address, {"method": "card"})
    assert response.status_code == 503 and "does not answer at the moment" in response.content.decode()
    assert visit_of(cast, pk).status == AppointmentStatus.PENDING_PAYMENT
    assert client.get(address).status_code == 200
    assert client.get(address + "status/").status_code == 200


def test_an_ended_hold_says_so_and_offers_times(cast, held):
    pk, client, address = held
    end_hold(cast, pk)
    html = client.get(address).content.decode()
    assert "is no longer held for you" in html and "Nothing was charged" in html and 'class="slot"' in html
    assert client.get(address + "status/").json() == {"status": "ended"}
    assert "is no longer held" in client.post(address, {"method": "card"}, follow=True).content.decode()
    assert visit_of(cast, pk).payment.charged_at is None


def test_money_that_comes_late_takes_the_time_again(cast, held, provider):
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    reference = reference_of(cast, pk)
    with clinic_context(cast.uzima):
        Appointment.objects.filter(pk=pk).update(hold_expires_at=datetime.now(UTC) - timedelta(minutes=2))
        assert expire_holds() == 1
    provider.approve(reference)
    html = client.get(address + "?check=1", follow=False)
    with clinic_context(cast.uzima):
        again = Appointment.objects.get(status=AppointmentStatus.CONFIRMED)
        payment = Payment.objects.get(provider_reference=reference)
        assert payment.subject_id == again.pk and not Refund.objects.exists()
    assert html["Location"] == f"/appointments/{again.pk}/"
    assert again.pk != pk and again.patient_id == cast.patient.pk
    assert client.get(address + "status/").json()["redirect"] == f"/appointments/{again.pk}/"


def test_money_that_comes_late_for_a_time_gone_goes_back_in_full(cast, held, provider):
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    reference = reference_of(cast, pk)
    with clinic_context(cast.uzima):
        Appointment.objects.filter(pk=pk).update(hold_expires_at=datetime.now(UTC) - timedelta(minutes=2))
        expire_holds()
    factories.make_appointment(cast.other_patient, cast.doctor, visit_of(cast, pk).scheduled_at)
    provider.approve(reference)
    client.get(address + "?check=1")
    visit = visit_of(cast, pk)
    with clinic_context(cast.uzima):
        refund = Refund.objects.get()
        assert refund.amount == visit.refund_due == visit.fee
        assert Appointment.objects.filter(patient_id=cast.patient.pk).count() == 1
    assert client.get(address)["Location"] == f"/appointments/{pk}/"


def test_an_open_prompt_spares_the_hold_a_minute_and_money_in_it_confirms(cast, held, provider):
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    with clinic_context(cast.uzima):
        Appointment.objects.filter(pk=pk).update(hold_expires_at=datetime.now(UTC) - timedelta(seconds=5))
        assert expire_holds() == 0
    provider.approve(reference_of(cast, pk))
    with clinic_context(cast.uzima):
        assert expire_holds() == 0
    visit = visit_of(cast, pk)
    assert (visit.status, visit.payment.status) == (AppointmentStatus.CONFIRMED, PaymentStatus.COMPLETED)


@pytest.fixture
def put_aside(cast, held, provider):
    """The provider took one shilling less than was asked for."""
    pk, client, address = held
    client.post(address, {"method": "mpesa", "phone": "0712345678"})
    provider.approve(reference_of(cast, pk))
    provider.store.run("UPDATE transactions SET amount = amount - 100")
    told = client.get(address + "status/?seen=over").json()
    assert told["status"] == "over" and "differs from the price" in told["message"]
    assert "The clinic is looking at your payment" in client.get(address).content.decode()
    assert visit_of(cast, pk).payment.put_aside_at is not None
    return pk, client, address


def test_when_other_money_came_in_the_page_never_says_that_nothing_was_charged(cast, put_aside):
    pk, client, address = put_aside
    end_hold(cast, pk)
    with clinic_context(cast.uzima):
        sweep_events()
    news = Notification.objects.get(user=cast.patient.user, channel="push", title="Your time is no longer held")
    pages = (address, f"/appointments/{pk}/", "/appointments/?when=cancelled")
    told = [news.body] + [client.get(page).content.decode() for page in pages]
    assert "differs from the price" in told[0] and "differs from the price" in told[1]
    assert not any("Nothing was charged" in text or "No payment reached us" in text for text in told)


def test_when_other_money_came_in_the_whole_price_can_still_be_paid_by_card(cast, put_aside):
    pk, client, address = put_aside
    assert "Send the request" in client.get(address + "?change=1").content.decode()
    assert client.post(address, {"method": "card"})["Location"] == address + "?go=card"
    visit = visit_of(cast, pk)
    assert (visit.payment.method, visit.payment.put_aside_at) == ("card", None)
    with clinic_context(cast.uzima):
        first = Payment.objects.get(put_aside_at__isnull=False)
    assert first.status == PaymentStatus.FAILED and first.next_check_at is not None


def test_when_other_money_came_in_the_desk_can_still_take_the_fee_in_cash(cast, put_aside):
    pk, _client, _address = put_aside
    with clinic_context(cast.uzima):
        take_cash_for(appointment=visit_of(cast, pk), taken_by=cast.staff)
        visit = visit_of(cast, pk)
        assert (visit.status, visit.payment.method) == (AppointmentStatus.CONFIRMED, "cash")
        first = Payment.objects.get(put_aside_at__isnull=False)
        # What was put aside is asked about once more, and brings nothing about.
        settle_payment(reference=first.provider_reference)
        assert visit_of(cast, pk).payment_id == visit.payment_id and not Refund.objects.exists()
    assert not broken_invariants(cast.uzima)


def test_nobody_else_sees_or_pays_it(cast, held, at_clinic):
    pk, _client, address = held
    for name in ("", "status/", "return/"):
        assert at_clinic(cast.uzima, cast.other_patient.user).get(address + name).status_code == 404
        assert at_clinic(cast.uzima, cast.doctor.user).get(address + name).status_code == 404
        assert at_clinic(cast.pwani, cast.patient.user).get(address + name).status_code == 404
        assert "/account/login/" in at_clinic(cast.uzima).get(address + name)["Location"]
    assert at_clinic(cast.uzima, cast.other_patient.user).post(address, {"method": "card"}).status_code == 404
    assert visit_of(cast, pk).payment.charged_at is None
