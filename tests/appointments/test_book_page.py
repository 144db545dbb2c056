"""The page of a doctor's week as a browser meets it: what it shows, what it refuses, what it holds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import unquote

import pytest

from accounts.models import ClinicPatient, Consent, Guardianship, VerificationStatus
from appointments.models import Appointment, AppointmentStatus
from precta.audit.models import AuditLog
from precta.tenancy import clinic_context
from tests import factories


@pytest.fixture
def at():
    """A time on the grid: 09:00 in Nairobi, the day after tomorrow."""
    day = datetime.now(UTC) + timedelta(days=2)
    return day.replace(hour=6, minute=0, second=0, microsecond=0)


@pytest.fixture
def week(cast):
    factories.make_full_week(cast.doctor)
    return f"/book/{cast.doctor.pk}/"


def key_of(moment):
    return f"{moment:%Y-%m-%dT%H:%MZ}"


@pytest.fixture
def details(at):
    return {
        "at": key_of(at),
        "mode": "in_person",
        "notes": "A cough",
        "method": "mpesa",
        "phone": "0712345678",
        "key": "k" * 24,
    }


def visits(clinic):
    with clinic_context(clinic):
        return list(Appointment.objects.select_related("payment"))


class TestLooking:
    def test_anybody_sees_the_week_and_it_holds_nothing(self, cast, at_clinic, week, at):
        response = at_clinic(cast.uzima).get(week, {"day": at.date().isoformat()})
        html = response.content.decode()
        assert response.status_code == 200
        assert "Dr Achieng Njoroge" in html and "times in Nairobi (EAT)" in html
        assert html.count('class="slot"') == 18
        assert "KES\u00a02,500" in html and "Held for 15 minutes" in html
        assert visits(cast.uzima) == []

    def test_a_chosen_time_shows_the_visit_and_the_policy_and_holds_nothing(self, cast, at_clinic, week, at):
        response = at_clinic(cast.uzima, cast.patient.user).get(week, {"at": key_of(at), "mode": "in_person"})
        html = response.content.decode()
        assert response.status_code == 200 and "Hold this time" in html
        assert "Free to cancel until" in html and "Half back until" in html
        assert 'name="consent"' in html and 'type="checkbox"' not in html
        assert visits(cast.uzima) == []

    def test_somebody_signed_out_is_sent_to_sign_in_and_back_to_the_same_time(self, cast, at_clinic, week, at):
        html = at_clinic(cast.uzima).get(week, {"at": key_of(at), "mode": "video"}).content.decode()
        assert "Sign in to hold this time" in html
        link = html.split('class="btn act wide not-phone" href="')[1].split('"')[0]
        assert link.startswith("http://precta.localhost") and "/account/login/?next=" in link
        assert f"{week}?at={key_of(at)}&mode=video" in unquote(link).replace("&amp;", "&")

    def test_a_taken_time_is_shown_but_cannot_be_chosen(self, cast, at_clinic, week, at):
        factories.make_appointment(cast.other_patient, cast.doctor, at)
        response = at_clinic(cast.uzima).get(week, {"at": key_of(at), "mode": "in_person"})
        assert response.status_code == 409
        assert "This time has been taken" in response.content.decode()
        assert 'class="slot off"' in response.content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            "at=2020-01-01T06:00Z&mode=in_person",
            "at=nonsense",
            "at=2026-02-31T06:00Z",
            "at=9999-12-31T23:59Z",
            "at=0001-01-01T00:00%2B14:00",
            "at=%00",
            "at=" + "9" * 5000,
            "day=2027-02-31",
            "day=2020-01-01",
            "day=9999-12-31",
            "day=%ED%A0%80",
            "mode=by_post",
        ],
    )
    def test_what_cannot_be_is_a_400_with_the_week_shown_again(self, cast, at_clinic, week, query):
        response = at_clinic(cast.uzima).get(f"{week}?{query}")
        assert response.status_code == 400
        assert 'role="alert"' in response.content.decode() and 'class="slotgrid' in response.content.decode()

    def test_off_the_grid_is_a_400(self, cast, at_clinic, week, at):
        assert at_clinic(cast.uzima).get(week, {"at": key_of(at + timedelta(minutes=7))}).status_code == 400

    def test_other_clinics_and_unverified_doctors_are_not_found(self, cast, at_clinic, week):
        client = at_clinic(cast.uzima)
        assert client.get(f"/book/{cast.other_doctor.pk}/").status_code == 404
        cast.doctor.verification_status = VerificationStatus.PENDING
        cast.doctor.save()
        assert client.get(week).status_code == 404
        for wrong in ("0", "-1", str(2**63), "abc", "%00", "..%2f"):
            assert client.get(f"/book/{wrong}/").status_code == 404

    def test_the_next_week_is_a_link_and_htmx_gets_the_part_alone(self, cast, at_clinic, week):
        client = at_clinic(cast.uzima)
        later = (datetime.now(UTC) + timedelta(days=8)).date()
        assert 'rel="next"' in client.get(week).content.decode()
        response = client.get(week, {"day": later.isoformat()}, headers={"HX-Request": "true"})
        html = response.content.decode()
        assert html.startswith('<div id="visit"') and 'rel="prev"' in html and "<html" not in html

    def test_the_page_takes_at_most_eight_statements(self, cast, at_clinic, week, statements):
        client = at_clinic(cast.uzima)
        client.get(week)
        statements.clear()
        assert client.get(week).status_code == 200
        assert len(statements) <= 8, "\n".join(statements)


class TestTaking:
    def test_a_patient_takes_the_time_and_goes_on_to_pay(self, cast, at_clinic, week, details, at):
        response = at_clinic(cast.uzima, cast.patient.user).post(week, details)
        (visit,) = visits(cast.uzima)
        assert response.status_code == 302 and response["Location"] == f"/appointments/{visit.pk}/pay/?start=1"
        assert (visit.status, visit.scheduled_at, visit.notes) == (AppointmentStatus.PENDING_PAYMENT, at, "A cough")
        assert visit.payment.payer_phone == "+254712345678"

    def test_it_takes_at_most_twenty_statements(self, cast, at_clinic, week, details, statements):
        client = at_clinic(cast.uzima, cast.patient.user)
        statements.clear()
        assert client.post(week, details).status_code == 302
        assert len(statements) <= 20, "\n".join(statements)

    def test_sending_the_form_twice_takes_one_time(self, cast, at_clinic, week, details):
        client = at_clinic(cast.uzima, cast.patient.user)
        first, second = client.post(week, details), client.post(week, details)
        assert first["Location"] == second["Location"]
        assert len(visits(cast.uzima)) == 1

    def test_the_first_visit_needs_consent_and_keeps_its_words(self, cast, at_clinic, week, details):
        client = at_clinic(cast.uzima, cast.other_patient.user)
        response = client.post(week, details)
        assert response.status_code == 400
        assert 'type="checkbox"' in response.content.decode() and "A cough" in response.content.decode()
        assert visits(cast.uzima) == [] and not ClinicPatient.objects.filter(patient=cast.other_patient).exists()
        assert client.post(week, {**details, "consent": "on"}).status_code == 302
        consent = Consent.objects.get(patient=cast.other_patient, clinic=cast.uzima)
        assert "Uzima Clinic" in consent.text and consent.given_by == cast.other_patient.user
        assert ClinicPatient.objects.filter(patient=cast.other_patient, clinic=cast.uzima).count() == 1
        assert client.post(week, {**details, "consent": "on"}).status_code == 302
        with clinic_context(cast.uzima):
            assert AuditLog.objects.filter(action="consent.given").count() == 1

    def test_a_free_visit_asks_for_no_money(self, cast, at_clinic, week, details):
        cast.doctor.consultation_fee = Decimal(0)
        cast.doctor.save()
        response = at_clinic(cast.uzima, cast.patient.user).post(week, {**details, "method": ""})
        (visit,) = visits(cast.uzima)
        assert visit.status == AppointmentStatus.CONFIRMED and visit.payment is None
        assert response.status_code == 302

    def test_status_fee_and_patient_are_not_the_forms_to_say(self, cast, at_clinic, week, details):
        sly = {"status": "confirmed", "fee": "1", "patient_id": cast.other_patient.pk, "patient": cast.other_patient.pk}
        at_clinic(cast.uzima, cast.patient.user).post(week, {**details, **sly})
        (visit,) = visits(cast.uzima)
        assert visit.status == AppointmentStatus.PENDING_PAYMENT and visit.fee == Decimal("2500.00")
        assert visit.patient_id == cast.patient.pk

    def test_a_guardian_chooses_the_child_and_nobody_elses(self, cast, at_clinic, week, details):
        child = factories.make_patient("Baraka", "Hassan")
        factories.link_patient(child, cast.uzima)
        Guardianship.objects.create(guardian=cast.patient, child=child)
        client = at_clinic(cast.uzima, cast.patient.user)
        assert client.post(week, {**details, "for_whom": cast.other_patient.pk}).status_code == 400
        assert client.post(week, {**details, "for_whom": child.pk}).status_code == 302
        (visit,) = visits(cast.uzima)
        assert visit.patient_id == child.pk

    @pytest.mark.parametrize(
        "changes",
        [
            {"at": "2020-01-01T06:00Z"},
            {"at": "2026-02-31T06:00Z"},
            {"at": "nonsense"},
            {"at": ""},
            {"mode": "by_post"},
            {"mode": ""},
            {"phone": ""},
            {"phone": "12345"},
            {"phone": "+14155550123"},
            {"method": "cash"},
            {"method": "cheque"},
            {"notes": "a\x00b"},
            {"notes": "a\u202eb"},
            {"notes": "x" * 1001},
            {"key": "a\x00" + "b" * 20},
            {"key": ""},
        ],
    )
    def test_bad_input_is_a_400_with_the_form_shown_again(self, cast, at_clinic, week, details, changes):
        sent = {**details, **changes}
        response = at_clinic(cast.uzima, cast.patient.user).post(week, sent)
        html = response.content.decode()
        assert response.status_code == 400
        assert "slotgrid" in html and 'id="booking-fields"' in html
        assert "notes" in changes or "A cough" in html
        assert "phone" in changes or f'value="{sent["phone"]}"' in html
        assert visits(cast.uzima) == []

    @pytest.mark.parametrize("what", ["within the lead time", "not on the grid", "not read", "of another kind"])
    def test_a_refused_time_leaves_the_form_to_be_sent_with_another_one(self, cast, at_clinic, week, details, at, what):
        child = factories.make_patient("Baraka", "Hassan")
        factories.link_patient(child, cast.uzima)
        Guardianship.objects.create(guardian=cast.patient, child=child)
        wrong = {
            "within the lead time": {"at": key_of(datetime.now(UTC) + timedelta(minutes=5))},
            "not on the grid": {"at": key_of(at + timedelta(minutes=7))},
            "not read": {"at": "nonsense"},
            "of another kind": {"mode": "by_post"},
        }[what]
        client = at_clinic(cast.uzima, cast.patient.user)
        html = client.post(week, {**details, "for_whom": child.pk, **wrong}).content.decode()
        assert visits(cast.uzima) == [] and html.count('id="booking-fields"') == 1
        form = html.split('id="booking"')[1].split("</form>")[0]
        # Enter in a field takes no time: the form's first submit button does nothing.
        assert 'type="submit" disabled hidden' in form.split('name="at"')[0]
        near = form.split('type="submit" name="at" value="')[1].split('"')[0]
        mode = form.split('name="mode" value="')[1].split('"')[0]
        assert client.post(week, {**details, "for_whom": child.pk, "at": near, "mode": mode}).status_code == 302
        (visit,) = visits(cast.uzima)
        assert (visit.patient_id, visit.notes, key_of(visit.scheduled_at)) == (child.pk, "A cough", near)

    @pytest.mark.parametrize("sent", ["%ED%A0%80", "pain%FF"], ids=["lone surrogate", "not UTF-8"])
    def test_broken_characters_are_refused(self, cast, at_clinic, week, details, sent):
        client = at_clinic(cast.uzima, cast.patient.user)
        body = "&".join(f"{name}={value}" for name, value in details.items() if name != "notes")
        response = client.post(week, f"{body}&notes={sent}", content_type="application/x-www-form-urlencoded")
        assert response.status_code == 400
        assert visits(cast.uzima) == []

    def test_markup_and_formulas_are_words(self, cast, at_clinic, week, details):
        response = at_clinic(cast.uzima, cast.patient.user).post(week, {**details, "notes": "<b>=cmd()</b>"})
        assert response.status_code == 302
        assert visits(cast.uzima)[0].notes == "<b>=cmd()</b>"

    def test_a_megabyte_of_text_is_refused(self, cast, at_clinic, week, details):
        response = at_clinic(cast.uzima, cast.patient.user).post(week, {**details, "notes": "x" * 2**20})
        assert response.status_code == 400
        assert "slotgrid" in response.content.decode()
        assert visits(cast.uzima) == []

    def test_a_taken_time_is_a_409_with_the_nearest_free_ones_and_the_details_kept(
        self, cast, at_clinic, week, details, at
    ):
        factories.make_appointment(cast.other_patient, cast.doctor, at)
        colleague = factories.make_doctor(cast.pwani, "Wanjiru", "Kamau", free_days_in_person=[at.date()])
        client = at_clinic(cast.uzima, cast.patient.user)
        response = client.post(week, {**details, "expected_fee": "2500.00"})
        html = response.content.decode()
        assert response.status_code == 409 and 'name="expected_fee" value="2500.00"' in html
        assert "09:00 was taken a moment ago." in html and "Nothing was charged" in html
        assert 'name="notes" value="A cough"' in html and "Wanjiru Kamau" in html
        assert "http://pwani.precta.localhost" in html and colleague.pk in html
        near = html.split('name="at" value="')[1].split('"')[0]
        key = html.split('name="key" value="')[1].split('"')[0]
        again = client.post(week, {**details, "at": near, "key": key})
        assert again.status_code == 302
        assert len([v for v in visits(cast.uzima) if v.patient_id == cast.patient.pk]) == 1

    def test_taking_ones_own_time_again_leads_to_it(self, cast, at_clinic, week, details):
        client = at_clinic(cast.uzima, cast.patient.user)
        first = client.post(week, details)
        second = client.post(week, {**details, "key": "another-key-of-mine"})
        assert second["Location"] == first["Location"]

    def test_ones_own_time_for_another_patient_is_taken(self, cast, at_clinic, week, details):
        child = factories.make_patient("Baraka", "Hassan")
        factories.link_patient(child, cast.uzima)
        Guardianship.objects.create(guardian=cast.patient, child=child)
        client = at_clinic(cast.uzima, cast.patient.user)
        client.post(week, {**details, "for_whom": cast.patient.pk})
        again = {**details, "for_whom": child.pk, "key": "another-key-of-mine"}
        assert client.post(week, again).status_code == 409

    def test_a_fourth_unpaid_time_is_refused_with_the_reason(self, cast, at_clinic, week, details, at):
        client = at_clinic(cast.uzima, cast.patient.user)
        for number in range(3):
            there = {**details, "at": key_of(at + timedelta(hours=number)), "key": f"key-number-{number}"}
            assert client.post(week, there).status_code == 302
        response = client.post(week, {**details, "at": key_of(at + timedelta(hours=4)), "key": "key-number-4"})
        assert response.status_code == 400 and "not paid yet" in response.content.decode()
        assert len(visits(cast.uzima)) == 3

    def test_a_price_that_changed_since_it_was_shown_is_shown_before_anything_is_taken(
        self, cast, at_clinic, week, details
    ):
        client = at_clinic(cast.uzima, cast.patient.user)
        html = client.get(week, {"at": details["at"], "mode": details["mode"]}).content.decode()
        assert html.count('name="expected_fee"') == 1
        shown = html.split('name="expected_fee" value="')[1].split('"')[0]
        cast.doctor.consultation_fee = Decimal(3000)
        cast.doctor.save()
        response = client.post(week, {**details, "expected_fee": shown})
        html = response.content.decode()
        assert response.status_code == 409 and "The price has changed" in html and "KES\u00a03,000" in html
        assert "A cough" in html and visits(cast.uzima) == []
        shown = html.split('name="expected_fee" value="')[1].split('"')[0]
        assert client.post(week, {**details, "expected_fee": shown}).status_code == 302
        (visit,) = visits(cast.uzima)
        assert visit.fee == Decimal(3000)
        cast.doctor.consultation_fee = Decimal(3500)
        cast.doctor.save()
        # What was booked already is not booked again, nor refused.
        assert client.post(week, {**details, "expected_fee": shown}).status_code == 302
        assert len(visits(cast.uzima)) == 1

    @pytest.mark.parametrize("fee", ["nonsense", "NaN", "-1", "9" * 400, "2500.001", "0"])
    def test_a_price_that_cannot_have_been_shown_books_nothing(self, cast, at_clinic, week, details, fee):
        response = at_clinic(cast.uzima, cast.patient.user).post(week, {**details, "expected_fee": fee})
        assert response.status_code in {400, 409}
        assert visits(cast.uzima) == []

    def test_a_fifth_free_visit_is_refused_with_the_reason(self, cast, at_clinic, week, details, at):
        cast.doctor.consultation_fee = Decimal(0)
        cast.doctor.save()
        client = at_clinic(cast.uzima, cast.patient.user)
        for number in range(4):
            there = {**details, "at": key_of(at + timedelta(hours=number)), "key": f"key-number-{number}"}
            assert client.post(week, there).status_code == 302
        response = client.post(week, {**details, "at": key_of(at + timedelta(hours=5)), "key": "key-number-5"})
        assert response.status_code == 400 and "visits without a fee" in response.content.decode()
        assert len(visits(cast.uzima)) == 4

    def test_a_stranger_signs_in_first_and_a_doctor_may_not(self, cast, at_clinic, week, details):
        response = at_clinic(cast.uzima).post(week, details)
        assert response.status_code == 302 and "/account/login/" in response["Location"]
        assert unquote(response["Location"]).endswith(f"{week}?at={details['at']}&mode=in_person")
        assert at_clinic(cast.uzima, cast.doctor.user).post(week, details).status_code == 403
        assert visits(cast.uzima) == []

    def test_an_unverified_address_is_told_so(self, cast, at_clinic, week, details):
        cast.patient.user.email_verified = False
        cast.patient.user.save()
        response = at_clinic(cast.uzima, cast.patient.user).post(week, details)
        assert response.status_code == 400 and "confirm your e-mail" in response.content.decode()
        assert visits(cast.uzima) == []

    def test_other_methods_are_refused(self, cast, at_clinic, week):
        assert at_clinic(cast.uzima).put(week).status_code == 405
