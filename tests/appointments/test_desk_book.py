"""The desk books for somebody who stands there or is on the phone."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail

from accounts.models import ClinicPatient, Consent, Patient, User
from appointments.models import Appointment, AppointmentStatus
from appointments.services.booking import expire_holds
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from precta.payments.services.starting import MOST_ATTEMPTS
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants
from tests.appointments.test_races import assert_one_winner, run_together, taking

HOME = "/admin/desk/book/"
PHONE = "+254712345678"


@pytest.fixture
def at():
    """A time on the grid: 09:00 in Nairobi, the day after tomorrow."""
    day = datetime.now(UTC) + timedelta(days=2)
    return day.replace(hour=6, minute=0, second=0, microsecond=0)


@pytest.fixture
def desk(cast, at_clinic):
    factories.make_full_week(cast.doctor, "00:00", "23:30")
    return at_clinic(cast.uzima, cast.staff)


@pytest.fixture
def desk_at_noon(cast, at_clinic):
    """The desk at ten past twelve in Nairobi tomorrow, and that moment."""
    now = (datetime.now(UTC) + timedelta(days=1)).replace(hour=9, minute=10, second=0, microsecond=0)
    with time_machine.travel(now, tick=False):
        factories.make_full_week(cast.doctor, "00:00", "23:30")
        yield at_clinic(cast.uzima, cast.staff), now


def key_of(moment):
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def page_of(patient):
    return f"{HOME}for/{patient.pk}/"


@pytest.fixture
def details(cast, at):
    return {
        "doctor": cast.doctor.pk,
        "at": key_of(at),
        "mode": "in_person",
        "notes": "A cough",
        "method": "cash",
        "key": "k" * 24,
        "expected_fee": "2500.00",
    }


@pytest.fixture
def walk_in(cast):
    """A patient of Uzima with a phone and no way to sign in."""
    person = factories.make_patient("Joseph", "Mwangi", user=no_mail_user(), contact_phone=PHONE)
    factories.link_patient(person, cast.uzima)
    return person


def no_mail_user():
    user = factories.make_user("x@example.test", email_verified=False)
    user.emailaddress_set.all().delete()
    user.email = f"{user.pk}@no-mail.invalid"
    user.set_unusable_password()
    user.save()
    return user


def visits(clinic):
    with clinic_context(clinic):
        return list(Appointment.objects.select_related("payment"))


class TestFinding:
    def test_this_clinics_patients_are_found_by_name_and_by_phone(self, cast, desk, walk_in):
        for words in ("joseph", "mwangi jo", "0712 345", "+254712345678", "712345678"):
            html = desk.get(HOME, {"q": words}).content.decode()
            assert "Joseph Mwangi" in html, words
            assert "+254 7•• ••• 678" in html
        assert "Joseph" not in desk.get(HOME, {"q": "m"}).content.decode()

    def test_somebody_of_another_clinic_is_not(self, cast, desk):
        factories.link_patient(cast.other_patient, cast.pwani)
        User.objects.filter(pk=cast.other_patient.pk).update(phone=PHONE, phone_verified=True)
        for words in ("Peter", "Otieno", "0712345678", cast.other_patient.pk, "peter@example.test"):
            html = desk.get(HOME, {"q": words}, HTTP_HX_REQUEST="true").content.decode()
            assert "No patient of this clinic is found" in html and "Choose" not in html
        assert desk.get(page_of(cast.other_patient)).status_code == 404

    def test_while_typing_only_the_list_comes(self, cast, desk, walk_in):
        html = desk.get(HOME, {"q": "joseph"}, HTTP_HX_REQUEST="true").content.decode()
        assert html.startswith('<div id="found"') and "Joseph Mwangi" in html

    def test_the_time_that_the_desk_came_with_is_carried_on(self, cast, desk, walk_in, at):
        html = desk.get(HOME, {"q": "joseph", "doctor": cast.doctor.pk, "at": key_of(at)}).content.decode()
        assert f"doctor={cast.doctor.pk}&amp;at={key_of(at)}" in html

    def test_a_pharmacist_has_no_part_in_it(self, cast, at_clinic, walk_in):
        other = at_clinic(cast.uzima, factories.make_staff(cast.uzima, "pharmacist"))
        for address in (HOME, f"{HOME}new/", f"{HOME}link/", page_of(walk_in)):
            assert other.get(address).status_code == 403

    @pytest.mark.parametrize("words", ["\x00", "%", "_", "\u202e", "x" * 5000, "' OR 1=1", "+", "0"])
    def test_odd_words_find_nobody(self, cast, desk, walk_in, words):
        response = desk.get(HOME, {"q": words})
        assert response.status_code in {200, 400}
        assert "Joseph" not in response.content.decode()


class TestAdding:
    def new(self, **changes):
        return {
            "first_name": "Mary",
            "last_name": "Wanjiru",
            "date_of_birth": "1990-05-04",
            "phone": "0722 000 111",
            "language": "sw",
            "consent": "on",
            **changes,
        }

    def test_a_new_patient_belongs_to_this_clinic_and_cannot_sign_in(self, cast, desk, at):
        response = desk.post(f"{HOME}new/?doctor={cast.doctor.pk}", self.new(doctor=cast.doctor.pk, at=key_of(at)))
        person = Patient.objects.get(first_name="Mary")
        assert response["Location"] == f"{page_of(person)}?doctor={cast.doctor.pk}&at={key_of(at)}"
        assert str(person.contact_phone) == "+254722000111" and person.preferred_language == "sw"
        assert person.user.email == f"{person.pk}@no-mail.invalid"
        assert person.user.phone is None and not person.user.phone_verified
        assert not person.user.has_usable_password()
        assert ClinicPatient.objects.filter(clinic=cast.uzima, patient=person).exists()
        consent = Consent.objects.get(patient=person)
        assert (consent.given_by, consent.taken_by, consent.clinic) == (person.user, cast.staff, cast.uzima)
        with clinic_context(cast.uzima):
            acts = dict(AuditLog.objects.filter(resource_id=person.pk).values_list("action", "user_id"))
        assert acts == {"patient.added": cast.staff.pk, "consent.given": cast.staff.pk}

    def test_a_name_is_enough(self, cast, desk):
        desk.post(f"{HOME}new/", self.new(date_of_birth="", phone=""))
        person = Patient.objects.get(first_name="Mary")
        assert person.contact_phone == "" and person.date_of_birth is None

    def test_without_consent_nobody_is_added(self, cast, desk):
        before = User.objects.count()
        response = desk.post(f"{HOME}new/", self.new(consent=""))
        assert response.status_code == 400 and "Ask the person first" in response.content.decode()
        assert User.objects.count() == before

    def test_two_people_may_share_a_phone(self, cast, desk):
        desk.post(f"{HOME}new/", self.new())
        desk.post(f"{HOME}new/", self.new(first_name="Otieno"))
        assert Patient.objects.filter(contact_phone="+254722000111").count() == 2

    @pytest.mark.parametrize(
        "changes",
        [{}, {"first_name": "WANJIRU", "last_name": "mary"}, {"date_of_birth": ""}, {"phone": "0733000222"}],
    )
    def test_a_possible_twin_is_shown_before_another_is_made(self, cast, desk, changes):
        desk.post(f"{HOME}new/", self.new())
        first = Patient.objects.get(first_name="Mary")
        response = desk.post(f"{HOME}new/", self.new(**changes))
        html = response.content.decode()
        assert response.status_code == 409 and page_of(first) in html
        assert Patient.objects.filter(last_name__iexact="wanjiru").count() == 1
        again = desk.post(f"{HOME}new/", self.new(**changes, twin=first.pk))
        assert again.status_code == 302
        assert ClinicPatient.objects.filter(clinic=cast.uzima).exclude(patient=cast.patient).count() == 2

    def test_another_birth_date_is_another_person(self, cast, desk):
        desk.post(f"{HOME}new/", self.new())
        assert desk.post(f"{HOME}new/", self.new(date_of_birth="1991-05-04")).status_code == 302

    def test_a_twin_at_another_clinic_is_no_business_of_this_one(self, cast, desk, at_clinic):
        at_clinic(cast.pwani, factories.make_staff(cast.pwani)).post(f"{HOME}new/", self.new())
        assert desk.post(f"{HOME}new/", self.new()).status_code == 302

    @pytest.mark.parametrize(
        "changes",
        [{"phone": "12345"}, {"date_of_birth": "2999-01-01"}, {"first_name": "\u202eevil"}, {"language": "xx"}],
    )
    def test_what_makes_no_sense_is_refused_and_kept(self, cast, desk, changes):
        response = desk.post(f"{HOME}new/", self.new(**changes))
        assert response.status_code == 400 and "Wanjiru" in response.content.decode()
        assert not Patient.objects.filter(last_name="Wanjiru").exists()


class TestBooking:
    def test_the_page_offers_doctors_times_and_the_details(self, cast, desk, walk_in, at):
        html = desk.get(page_of(walk_in), {"doctor": cast.doctor.pk, "at": key_of(at)}).content.decode()
        assert "Joseph Mwangi" in html and "Dr Achieng Njoroge" in html
        assert "Reason and payment" in html and 'value="0712 345678"' in html
        assert f'name="at" value="{key_of(at)}"' in html

    def test_a_childs_visit_is_paid_from_the_guardians_phone_at_first(self, cast, desk, at):
        from accounts.services.family import add_child

        User.objects.filter(pk=cast.patient.pk).update(phone="+254711222333", phone_verified=True)
        born = (datetime.now(UTC) - timedelta(days=1500)).date()
        values = {"first_name": "Zawadi", "last_name": "Hassan", "date_of_birth": born}
        child = add_child(guardian=cast.patient, by=cast.patient.user, values=values).child
        factories.link_patient(child, cast.uzima)
        html = desk.get(page_of(child), {"doctor": cast.doctor.pk, "at": key_of(at)}).content.decode()
        assert 'value="0711 222333"' in html

    def test_with_several_doctors_the_soonest_times_of_today_are_at_hand(self, cast, desk, walk_in):
        other = factories.make_doctor(cast.uzima, "Brian", "Kamau")
        factories.make_full_week(other, "00:00", "23:30")
        html = desk.get(page_of(walk_in)).content.decode()
        assert "Dr Achieng Njoroge" in html and "Dr Brian Kamau" in html

    def test_cash_taken_confirms_at_once_and_says_by_whom(
        self, cast, desk, walk_in, details, sms_outbox, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            response = desk.post(page_of(walk_in), details)
        [visit] = visits(cast.uzima)
        assert response["Location"] == f"{HOME}visit/{visit.pk}/"
        assert visit.status == AppointmentStatus.CONFIRMED
        assert (visit.patient_id, visit.booked_by_id, visit.fee) == (walk_in.pk, cast.staff.pk, Decimal(2500))
        payment = visit.payment
        assert (payment.method, payment.provider, payment.status) == ("cash", "cash", PaymentStatus.COMPLETED)
        assert payment.user_id == walk_in.pk
        with clinic_context(cast.uzima):
            act = AuditLog.objects.get(action="payment.completed")
            assert act.user_id == cast.staff.pk
        assert broken_invariants(cast.uzima) == {}
        html = desk.get(response["Location"]).content.decode()
        assert "Joseph Mwangi is booked for" in html and "An SMS is on its way to +254 7•• ••• 678" in html

    def test_the_patient_is_told_by_sms_without_clinic_or_doctor(
        self, cast, desk, walk_in, details, sms_outbox, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            desk.post(page_of(walk_in), details)
        [message] = sms_outbox
        assert message.to == PHONE and message.text.startswith("Your visit is confirmed: ")
        for word in ("Uzima", "Njoroge", "cough", "paediatric"):
            assert word not in message.text
        assert not mail.outbox
        assert not Notification.objects.filter(user=cast.staff).exists(), "staff book for others"

    def test_somebody_with_an_account_is_told_by_mail_and_sees_the_visit(
        self, cast, desk, details, at_platform, at_clinic, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            desk.post(page_of(cast.patient), details)
        [visit] = visits(cast.uzima)
        assert [letter.to for letter in mail.outbox] == [[cast.patient.user.email]]
        assert visit.pk in at_platform(cast.patient.user).get("/me/appointments/").content.decode()
        assert at_clinic(cast.uzima, cast.patient.user).get(f"/appointments/{visit.pk}/cancel/").status_code == 200

    def test_a_time_held_for_a_caller_can_be_paid_by_the_caller_and_ends_with_the_hold(
        self, cast, desk, details, at_clinic
    ):
        desk.post(page_of(cast.patient), {**details, "method": "later"})
        [visit] = visits(cast.uzima)
        assert visit.status == AppointmentStatus.PENDING_PAYMENT
        left = visit.hold_expires_at - datetime.now(UTC)
        assert timedelta(minutes=14) < left <= timedelta(minutes=15)
        assert at_clinic(cast.uzima, cast.patient.user).get(f"/appointments/{visit.pk}/pay/").status_code == 200
        with clinic_context(cast.uzima):
            assert expire_holds(now=visit.hold_expires_at + timedelta(seconds=1)) == 1
        html = desk.get(f"{HOME}visit/{visit.pk}/").content.decode()
        assert "Nothing is booked" in html
        response = desk.post(f"{HOME}visit/{visit.pk}/", {"method": "cash"})
        assert response.status_code == 302
        [visit] = visits(cast.uzima)
        assert visit.status == AppointmentStatus.CANCELLED and visit.payment.status == PaymentStatus.PENDING
        assert broken_invariants(cast.uzima) == {}

    def test_cash_for_a_held_time_confirms_it(self, cast, desk, walk_in, details):
        desk.post(page_of(walk_in), {**details, "method": "later"})
        [visit] = visits(cast.uzima)
        html = desk.get(f"{HOME}visit/{visit.pk}/").content.decode()
        assert "I have received KES\u00a02,500" in html and "Held until" in html
        for _twice in range(2):
            desk.post(f"{HOME}visit/{visit.pk}/", {"method": "cash"})
        [visit] = visits(cast.uzima)
        assert visit.status == AppointmentStatus.CONFIRMED
        with clinic_context(cast.uzima):
            assert Payment.objects.filter(status="completed").count() == 1
        assert broken_invariants(cast.uzima) == {}

    def test_a_booking_with_cash_that_is_sent_twice_says_that_it_is_paid(self, cast, desk, walk_in, details):
        for _twice in range(2):
            html = desk.post(page_of(walk_in), details, follow=True).content.decode()
            assert "Joseph Mwangi is booked for" in html and "was not recorded" not in html
        with clinic_context(cast.uzima):
            assert Payment.objects.filter(status="completed").count() == 1

    def test_cash_is_taken_however_often_a_phone_was_asked(self, cast, desk, walk_in, details):
        desk.post(page_of(walk_in), {**details, "method": "later"})
        [visit] = visits(cast.uzima)
        with clinic_context(cast.uzima):
            for number in range(MOST_ATTEMPTS):
                Payment.objects.create(
                    user=walk_in.user,
                    type="appointment",
                    subject_id=visit.pk,
                    amount=2500,
                    method="mpesa",
                    status="failed",
                    provider_reference=f"{cast.uzima.code}-try{number}",
                    charged_at=datetime.now(UTC),
                )
        desk.post(f"{HOME}visit/{visit.pk}/", {"method": "cash"})
        [visit] = visits(cast.uzima)
        assert visit.status == AppointmentStatus.CONFIRMED

    def test_a_free_visit_is_confirmed_without_a_payment(self, cast, desk, walk_in, details):
        type(cast.doctor).objects.filter(pk=cast.doctor.pk).update(consultation_fee=0)
        data = {k: v for k, v in details.items() if k not in {"method", "expected_fee"}}
        desk.post(page_of(walk_in), data)
        [visit] = visits(cast.uzima)
        assert visit.status == AppointmentStatus.CONFIRMED and visit.payment is None

    def test_the_desk_books_within_the_lead_time_and_never_the_past(self, cast, desk_at_noon, walk_in, details):
        desk, now = desk_at_noon
        past, soon = now - timedelta(minutes=10), now + timedelta(minutes=20)
        assert desk.post(page_of(walk_in), {**details, "at": key_of(past)}).status_code == 400
        assert visits(cast.uzima) == []
        assert desk.post(page_of(walk_in), {**details, "at": key_of(soon)}).status_code == 302
        [visit] = visits(cast.uzima)
        assert visit.scheduled_at == soon and visit.status == AppointmentStatus.CONFIRMED

    def test_a_patient_still_keeps_to_the_lead_time(self, cast, desk, at_clinic):
        now = datetime.now(UTC)
        soon = (now + timedelta(minutes=30)).replace(minute=0 if now.minute >= 30 else 30, second=0, microsecond=0)
        client = at_clinic(cast.uzima, cast.patient.user)
        data = {"at": key_of(soon), "mode": "in_person", "method": "card", "key": "k" * 24}
        assert client.post(f"/book/{cast.doctor.pk}/", data).status_code == 400

    def test_a_desk_may_hold_many_times_at_once(self, cast, desk, walk_in, details, at):
        for number in range(6):
            moment = at + timedelta(minutes=30 * number)
            data = {**details, "method": "later", "at": key_of(moment), "key": f"key-number-{number}"}
            assert desk.post(page_of(walk_in), data).status_code == 302
        assert len(visits(cast.uzima)) == 6

    def test_a_taken_time_offers_the_nearest_and_keeps_what_was_typed(self, cast, desk, walk_in, details, at):
        factories.make_appointment(cast.patient, cast.doctor, at)
        response = desk.post(page_of(walk_in), {**details, "method": "mpesa", "phone": "0722000333"})
        html = response.content.decode()
        assert response.status_code == 409
        assert "A cough" in html and "0722000333" in html
        near = re.findall(r'name="at" value="([^"]+)"', html)
        assert key_of(at + timedelta(minutes=30)) in near and key_of(at) not in near
        key = re.search(r'name="key" value="([^"]+)"', html).group(1)
        assert desk.post(page_of(walk_in), {**details, "at": near[0], "key": key}).status_code == 302

    def test_the_same_form_sent_twice_books_once(self, cast, desk, walk_in, details):
        first = desk.post(page_of(walk_in), details)
        second = desk.post(page_of(walk_in), details)
        assert first["Location"] == second["Location"]
        assert len(visits(cast.uzima)) == 1

    def test_a_changed_price_is_told_before_it_counts(self, cast, desk, walk_in, details):
        response = desk.post(page_of(walk_in), {**details, "expected_fee": "2000.00"})
        assert response.status_code == 409 and "The price has changed" in response.content.decode()
        assert visits(cast.uzima) == []

    def test_a_patient_whose_consent_is_gone_is_asked_again(self, cast, desk, walk_in, details):
        Consent.objects.filter(patient=walk_in).update(withdrawn_at=datetime.now(UTC) + timedelta(seconds=1))
        refused = desk.post(page_of(walk_in), details)
        assert refused.status_code == 400 and visits(cast.uzima) == []
        assert desk.post(page_of(walk_in), {**details, "consent": "on"}).status_code == 302
        assert Consent.objects.get(patient=walk_in, withdrawn_at=None).taken_by == cast.staff

    @pytest.mark.parametrize(
        "changes",
        [
            {"at": "2020-01-01T06:00Z"},
            {"at": "nonsense"},
            {"mode": "telepathy"},
            {"method": "card"},
            {"method": "mpesa", "phone": "12"},
            {"notes": "\u202e"},
            {"key": "x"},
            {"doctor": "0"},
        ],
    )
    def test_bad_input_is_a_form_with_its_faults_and_takes_nothing(self, cast, desk, walk_in, details, changes):
        assert desk.post(page_of(walk_in), {**details, **changes}).status_code == 400
        assert visits(cast.uzima) == []

    def test_another_clinics_doctor_or_patient_is_not_there(self, cast, desk, walk_in, details):
        factories.make_full_week(cast.other_doctor)
        assert desk.post(page_of(walk_in), {**details, "doctor": cast.other_doctor.pk}).status_code in {302, 400}
        assert all(visit.doctor_id == cast.doctor.pk for visit in visits(cast.uzima))
        assert desk.post(page_of(cast.other_patient), details).status_code == 404
        assert visits(cast.pwani) == []

    def test_a_patient_cannot_book_as_a_desk(self, cast, at_clinic, walk_in, details):
        for user in (cast.patient.user, cast.doctor.user, factories.make_staff(cast.pwani, "owner")):
            assert at_clinic(cast.uzima, user).post(page_of(walk_in), details).status_code == 403
        assert visits(cast.uzima) == []

    def test_looking_costs_few_statements(self, cast, desk, walk_in, at, django_assert_max_num_queries):
        with django_assert_max_num_queries(15):
            desk.get(page_of(walk_in), {"doctor": cast.doctor.pk, "at": key_of(at)})
        with django_assert_max_num_queries(12):
            desk.get(HOME, {"q": "joseph"})


@pytest.mark.django_db(transaction=True)
class TestMpesa:
    def test_the_request_goes_out_the_page_waits_survives_a_reload_and_moves_on(
        self, cast, desk, walk_in, details, provider
    ):
        response = desk.post(page_of(walk_in), {**details, "method": "mpesa", "phone": "0722 000 333"})
        address = response["Location"]
        for _reload in range(2):
            html = desk.get(address).content.decode()
            assert "Waiting for M-Pesa" in html and "+254 7•• ••• 333" in html and "data-status-url" in html
        assert desk.get(address + "status/").json()["status"] == "pending"
        [visit] = visits(cast.uzima)
        provider.approve(visit.payment.provider_reference)
        from django.core.cache import cache

        with clinic_context(cast.uzima):
            cache.delete(f"payment-asked:{visit.payment_id}")
        assert desk.get(address + "status/").json()["status"] == "done"
        assert "is booked for" in desk.get(address).content.decode()
        assert broken_invariants(cast.uzima) == {}

    def test_cash_instead_of_an_open_request_counts_once_and_late_money_goes_back(
        self, cast, desk, walk_in, details, provider
    ):
        address = desk.post(page_of(walk_in), {**details, "method": "mpesa", "phone": "0722000333"})["Location"]
        [visit] = visits(cast.uzima)
        first = visit.payment.provider_reference
        assert "I have received" in desk.get(address + "?change=1").content.decode()
        desk.post(address, {"method": "cash"})
        [visit] = visits(cast.uzima)
        assert visit.status == AppointmentStatus.CONFIRMED and visit.payment.method == PaymentMethod.CASH
        assert visit.payment.provider == "cash"
        provider.approve(first)
        from precta.payments.services import settle_payment

        with clinic_context(cast.uzima):
            late = settle_payment(reference=first)
            assert late.duplicate_of_id == visit.payment_id and late.refunds.count() == 1
        assert broken_invariants(cast.uzima) == {}

    def test_a_provider_that_is_away_leaves_the_time_held(self, cast, desk, walk_in, details, settings):
        settings.PAYSTACK_BASE_URL = "http://127.0.0.1:1"
        settings.PAYSTACK_SECRET_KEY = "sk_test_x"
        response = desk.post(page_of(walk_in), {**details, "method": "mpesa", "phone": "0722000333"})
        assert response.status_code in {302, 503}
        [visit] = visits(cast.uzima)
        assert visit.status == AppointmentStatus.PENDING_PAYMENT


@pytest.mark.django_db(transaction=True)
def test_of_two_desks_that_book_one_time_one_gets_it(cast, at):
    factories.make_full_week(cast.doctor)
    people, desks = [], []
    for number in range(8):
        person = factories.make_patient("Person", str(number))
        factories.link_patient(person, cast.uzima)
        people.append(person)
        desks.append(factories.make_staff(cast.uzima))
    tasks = [
        taking(cast.uzima, cast.doctor, person, at, booked_by=staff, method=PaymentMethod.CASH, at_desk=True)
        for person, staff in zip(people, desks, strict=True)
    ]
    assert_one_winner(cast.uzima, run_together(tasks))
    assert broken_invariants(cast.uzima) == {}
