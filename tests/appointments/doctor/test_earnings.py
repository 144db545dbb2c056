"""The page of earnings and its file: whose they are, which days they tell of, and what they never say."""

import csv
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Doctor
from appointments.figures import earnings as figures
from appointments.models import Appointment
from clinics.models import Clinic
from clinics.periods import Period
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import paid_visit, pay

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)  # Tuesday noon in Nairobi
TODAY = date(2026, 11, 24)
PATH, FILE = "/workspace/earnings/", "/workspace/earnings/export/"


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)


@pytest.fixture
def client(cast, at_clinic):
    return at_clinic(cast.uzima, cast.doctor.user)


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\u00a0", " ")


def visit(cast, starts_at=NOW, *, paid_at=NOW, fee=2500, patient=None, doctor=None, **extra):
    return paid_visit(patient or cast.patient, doctor or cast.doctor, starts_at, now=paid_at, fee=fee, **extra)


def give_back(visit, amount, *, at=NOW, status="processed"):
    with clinic_context(visit.clinic):
        refund = Refund.objects.create(
            payment=Payment.objects.get(pk=visit.payment.pk),
            key=new_id(),
            subject_id=visit.pk,
            amount=Decimal(amount),
            reason="test",
            status=status,
        )
        Refund.objects.filter(pk=refund.pk).update(created_at=at)


def rows_of(response):
    return list(csv.reader(StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


def told(cast, first, last=None, unit="day"):
    with clinic_context(cast.uzima):
        (found,) = figures.earnings(cast.doctor, Period(first, last or first, unit))
    return found


def test_a_payment_half_an_hour_before_midnight_belongs_to_that_day(cast):
    visit(cast, paid_at=datetime(2026, 10, 31, 20, 30, tzinfo=UTC))
    visit(cast, NOW + timedelta(hours=1), paid_at=datetime(2026, 10, 31, 21, 30, tzinfo=UTC), fee=1000)
    months = told(cast, date(2026, 10, 1), date(2026, 11, 30), "month").buckets
    assert {day: money.paid for day, money in months.items()} == {date(2026, 10, 1): 2500, date(2026, 11, 1): 1000}
    assert told(cast, date(2026, 10, 31)).total.net == 2500
    assert told(cast, date(2026, 11, 1)).total.net == 1000


def test_days_follow_the_clinics_zone_and_its_change_of_clocks(cast):
    Clinic.objects.filter(pk=cast.uzima.pk).update(settings={"time_zone": "Europe/Berlin"})
    cast.doctor.clinic = Clinic.objects.get(pk=cast.uzima.pk)
    # Sunday 25 October 2026 has 25 hours in Berlin: its last begins at 22:00 UTC.
    visit(cast, paid_at=datetime(2026, 10, 25, 22, 59, tzinfo=UTC))
    visit(cast, NOW + timedelta(hours=1), paid_at=datetime(2026, 10, 25, 23, 0, tzinfo=UTC), fee=1000)
    assert told(cast, date(2026, 10, 25)).total.net == 2500
    assert told(cast, date(2026, 10, 26)).total.net == 1000


def test_a_refund_counts_on_the_day_it_was_decided(cast):
    one = visit(cast, NOW + timedelta(days=3), paid_at=NOW - timedelta(days=40))
    give_back(one, 1000, at=NOW - timedelta(days=1))
    before = told(cast, date(2026, 10, 1), date(2026, 10, 31)).total
    assert (before.paid, before.refunded) == (2500, 0)
    now = told(cast, TODAY - timedelta(days=1)).total
    assert (now.paid, now.refunded, now.net, now.visits) == (0, 1000, -1000, 1)


@pytest.mark.parametrize(
    ("status", "refunded", "on_its_way"),
    [("queued", 1000, 1000), ("pending", 1000, 1000), ("processed", 1000, 0), ("failed", 0, 0)],
)
def test_a_refund_counts_unless_it_failed_and_says_when_it_has_not_arrived(cast, client, status, refunded, on_its_way):
    give_back(visit(cast), 1000, status=status)
    total = told(cast, TODAY).total
    assert (total.refunded, total.on_its_way, total.net) == (refunded, on_its_way, 2500 - refunded)
    assert ("of it on its way" in text(client.get(PATH))) is bool(on_its_way)


def test_cash_counts_orders_and_money_that_never_came_do_not(cast, client):
    cash = visit(cast, fee=1500)
    with clinic_context(cast.uzima):
        Payment.objects.filter(pk=cash.payment.pk).update(method="cash")
        for status in ("pending", "failed"):
            row = pay(cash, 700, at=NOW)
            Payment.objects.filter(pk=row.pk).update(status=status, paid_at=None)
        order = pay(cash, 900, at=NOW)
        Payment.objects.filter(pk=order.pk).update(type="order", subject_id=new_id())
    shown = client.get(PATH)
    assert shown.context["told"].total.net == 1500
    assert [str(label) for label, _money in shown.context["methods"]] == ["Cash"]
    assert "Cash" in text(shown)


def test_a_visit_paid_twice_is_there_once_and_the_second_payment_nowhere(cast):
    first = visit(cast)
    with clinic_context(cast.uzima):
        second = pay(first, 2500, at=NOW)
        Payment.objects.filter(pk=second.pk).update(duplicate_of=first.payment_id, subject_id=second.pk)
        Payment.objects.exclude(pk=second.pk).update(duplicate_of=None)
        Refund.objects.create(payment=second, key="duplicate", subject_id=second.pk, amount=2500, reason="paid twice")
    total = told(cast, TODAY).total
    assert (total.paid, total.refunded, total.visits) == (2500, 0, 1)


def test_a_moved_visit_is_there_once_at_its_new_time(cast, client):
    old = visit(cast, NOW + timedelta(days=1))
    new = factories.make_appointment(
        cast.patient, cast.doctor, NOW + timedelta(days=2), fee=Decimal(2500), rescheduled_from=old
    )
    with clinic_context(cast.uzima):
        Payment.objects.update(subject_id=new.pk)
        Appointment.objects.filter(pk=old.pk).update(
            status="cancelled", cancelled_at=NOW, cancellation_reason="rescheduled", refund_due=0
        )
    shown = client.get(PATH).context
    assert [row.visit.pk for row in shown["page"].object_list] == [new.pk]
    assert shown["told"].total.visits == 1


def test_money_in_another_currency_stands_by_itself(cast, client):
    visit(cast)
    foreign = visit(cast, NOW + timedelta(hours=1), fee=20)
    with clinic_context(cast.uzima):
        Payment.objects.filter(pk=foreign.payment.pk).update(currency="USD")
        Appointment.objects.filter(pk=foreign.pk).update(currency="USD")
    shown = client.get(PATH)
    assert shown.context["told"].total.net == 2500
    assert "Besides, in another currency: USD 20" in text(shown)
    assert sum(money.net for _label, money in shown.context["buckets"]) == 2500
    assert {row[-1]: row[-2] for row in rows_of(client.get(FILE))[1:]} == {"KES": "2500.00", "USD": "20.00"}


@pytest.mark.parametrize("path", [PATH, FILE])
@pytest.mark.parametrize("who", ["patient", "staff", "owner", "admin", "other_doctor"])
def test_nobody_but_a_doctor_of_this_clinic_has_earnings_here(cast, at_clinic, path, who):
    person = getattr(cast, who)
    assert at_clinic(cast.uzima, getattr(person, "user", person)).get(path).status_code == 403
    assert at_clinic(cast.uzima).get(path).status_code == 302
    assert at_clinic(cast.uzima, cast.doctor.user).post(path).status_code == 405


def test_a_doctor_who_left_the_clinic_has_none_there_any_more(cast, client, at_clinic):
    visit(cast)
    assert client.get(PATH).status_code == 200
    Doctor.objects.filter(pk=cast.doctor.pk).update(clinic=cast.pwani)
    assert client.get(PATH).status_code == client.get(FILE).status_code == 403
    # At the new clinic there are that clinic's visits only.
    assert at_clinic(cast.pwani, cast.doctor.user).get(PATH).context["told"].total.net == 0


def test_another_doctors_money_and_patients_are_never_shown(cast, client):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    theirs = factories.make_patient("Zawadi", "Kamau")
    give_back(visit(cast, doctor=colleague, patient=theirs, fee=7777), 111)
    visit(cast, doctor=cast.other_doctor, patient=theirs, fee=8888)
    mine = visit(cast)
    for asked in ("", f"?doctor={colleague.pk}", f"?doctor_id={colleague.pk}&user={colleague.pk}"):
        shown, file = client.get(PATH + asked), client.get(FILE + asked)
        assert [row.visit.pk for row in shown.context["page"].object_list] == [mine.pk]
        words = text(shown) + str(rows_of(file))
        for word in ("Zawadi", "Kamau", "7,777", "8,888", "7777", "8888", "111"):
            assert word not in words
        assert shown.context["told"].total.net == 2500


def test_a_cancelled_visit_keeps_its_money_and_not_its_name(cast, client):
    visit(cast, status="cancelled", cancelled_at=NOW, refund_due=0)
    shown = client.get(PATH)
    assert "Amina" not in text(shown)
    assert "no longer shown" in text(shown)
    assert shown.context["told"].total.net == 2500
    assert rows_of(client.get(FILE))[1][1] == ""


def test_a_name_leads_to_the_visit(cast, client):
    row = visit(cast, NOW - timedelta(days=1), status="completed")
    html = client.get(PATH).content.decode()
    assert f'href="/workspace/visits/{row.pk}/"' in html
    assert "Amina Hassan" in html
    assert client.get(f"/workspace/visits/{row.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("query", "first", "last", "unit", "before"),
    [
        ("", "2026-11-01", "2026-11-24", "day", ("2026-10-01", "2026-10-24")),
        ("?range=nonsense&by=hour", "2026-11-01", "2026-11-24", "day", ("2026-10-01", "2026-10-24")),
        ("?range=last-month", "2026-10-01", "2026-10-31", "day", ("2026-09-01", "2026-09-30")),
        ("?range=this-year", "2026-01-01", "2026-11-24", "month", ("2025-01-01", "2025-11-24")),
        ("?range=this-year&by=week", "2026-01-01", "2026-11-24", "week", ("2025-01-01", "2025-11-24")),
        ("?range=this-year&by=day", "2026-01-01", "2026-11-24", "month", ("2025-01-01", "2025-11-24")),
        ("?from=2026-11-02&to=2026-11-08", "2026-11-02", "2026-11-08", "day", ("2026-10-26", "2026-11-01")),
        ("?from=2026-11-02&to=2026-11-08&by=month", "2026-11-02", "2026-11-08", "month", ("2026-10-26", "2026-11-01")),
    ],
)
def test_the_address_says_which_days(client, query, first, last, unit, before):
    shown = client.get(PATH + query).context
    period = shown["period"]
    assert (str(period.first), str(period.last), period.unit) == (first, last, unit)
    assert (str(shown["before"].first), str(shown["before"].last)) == before
    again = client.get(f"{PATH}?{period.query}").context["period"]
    assert again == period


@pytest.mark.parametrize(
    ("day", "preset", "before"),
    [
        ("2026-03-31", "this-month", ("2026-02-01", "2026-02-28")),
        ("2026-01-05", "this-month", ("2025-12-01", "2025-12-05")),
        ("2026-01-05", "last-month", ("2025-11-01", "2025-11-30")),
        ("2024-02-29", "this-year", ("2023-01-01", "2023-02-28")),
    ],
)
def test_a_period_is_compared_with_as_much_of_the_one_before(client, monkeypatch, day, preset, before):
    monkeypatch.setattr("precta.clock.now", lambda: datetime.fromisoformat(f"{day}T09:00:00+00:00"))
    found = client.get(f"{PATH}?range={preset}").context["before"]
    assert (str(found.first), str(found.last)) == before


def test_the_comparison_says_more_and_less_in_words(cast, client):
    visit(cast, paid_at=NOW - timedelta(days=1), fee=3000)
    visit(cast, NOW + timedelta(hours=1), paid_at=datetime(2026, 10, 5, 9, tzinfo=UTC), fee=1000)
    # After the 24th: not in the part of October that November's first 24 days are compared with.
    visit(cast, NOW + timedelta(hours=2), paid_at=datetime(2026, 10, 30, 9, tzinfo=UTC), fee=9000)
    assert "KES 2,000 more than from 1 Oct 2026 to 24 Oct 2026 (KES 1,000)." in text(client.get(PATH))
    assert "KES 10,000 more" in text(client.get(f"{PATH}?range=last-month"))
    assert "KES 9,000 less than" in text(client.get(f"{PATH}?from=2026-11-01&to=2026-11-22"))


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-02-31&to=2026-03-01",
        "from=2026-11-10&to=2026-11-01",
        "from=2026-11-10",
        "to=2026-11-10",
        "from=&to=",
        "from=abc&to=2026-11-10",
        "from=%00&to=2026-11-10",
        "from=2026-11-10&to=9999-12-31",
        "from=0001-01-01&to=2026-11-10",
        "from=2024-01-01&to=2026-11-10",
        "from=2026-11-10%27--&to=2026-11-10",
        "from=%ff%fe&to=2026-11-10",
        "from=" + "9" * 5000 + "&to=2026-11-10",
    ],
)
@pytest.mark.parametrize("path", [PATH, FILE])
def test_days_that_make_no_sense_are_explained_and_kept_in_the_form(client, path, query):
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    if "31&" in query:
        assert 'value="2026-02-31"' in answer.content.decode()
    assert "These days cannot be shown" in text(answer)


@pytest.mark.parametrize("query", ["page=-1", "page=abc", "page=99", "order=password", "by=%00", "range=%00&page=0"])
def test_odd_queries_still_show_a_page(cast, client, query):
    visit(cast)
    assert client.get(f"{PATH}?{query}").status_code == 200


def test_without_money_the_page_says_what_will_come_and_where_to_look(client):
    shown = text(client.get(PATH))
    assert "No money moved in these days" in shown
    assert "KES 0" in shown
    assert client.get(FILE).status_code == 200


def many_visits(cast, number):
    for count in range(number):
        patient = factories.make_patient("Patient", f"{count:02d}")
        row = visit(
            cast, NOW + timedelta(minutes=30 * count), patient=patient, paid_at=NOW - timedelta(days=count % 20)
        )
        if count % 3 == 0:
            give_back(row, 500)


def test_a_long_list_costs_no_more_statements(cast, client):
    many_visits(cast, 1)
    client.get(PATH)
    with CaptureQueriesContext(connection) as short:
        client.get(PATH)
    with clinic_context(cast.uzima):
        Appointment.objects.all().delete()
        Refund.objects.all().delete()
        Payment.objects.all().delete()
    many_visits(cast, 60)
    with CaptureQueriesContext(connection) as long:
        page = client.get(PATH)
    assert len(long) == len(short)
    assert len(long) <= 11
    assert page.context["page"].paginator.num_pages == 3
    seen = [row.visit.pk for n in (1, 2, 3) for row in client.get(f"{PATH}?page={n}").context["page"].object_list]
    assert len(set(seen)) == len(seen) == 60
    with CaptureQueriesContext(connection) as whole:
        rows = rows_of(client.get(FILE))
    assert len(rows) == 61
    assert len(whole) <= 30


def test_the_file_holds_what_the_page_shows_of_the_same_days(cast, client):
    many_visits(cast, 12)
    visit(cast, NOW + timedelta(days=1), paid_at=NOW - timedelta(days=40), fee=9999)
    answer = client.get(f"{FILE}?from=2026-11-10&to=2026-11-24")
    assert answer["Content-Disposition"] == ('attachment; filename="precta-earnings-uzima-2026-11-10-2026-11-24.csv"')
    assert answer.streaming
    header, *rows = rows_of(answer)
    assert header[:2] == ["Time of the visit", "Patient"]
    shown = client.get(f"{PATH}?from=2026-11-10&to=2026-11-24").context
    assert sum(Decimal(row[8]) for row in rows) == shown["told"].total.net
    assert [row[0] for row in rows] == [
        f"{row.visit.scheduled_at + timedelta(hours=3):%Y-%m-%d %H:%M}" for row in shown["page"].object_list
    ]
    assert not any("9999" in cell for row in rows for cell in row)
    with clinic_context(cast.uzima):
        entry = AuditLog.objects.get(action="earnings.exported")
    assert (entry.user_id, entry.details["first"], entry.details["last"]) == (
        cast.doctor.pk,
        "2026-11-10",
        "2026-11-24",
    )


def test_the_file_has_initials_for_names_and_no_formula(cast, client):
    visit(cast, patient=factories.make_patient("=cmd|' /C calc'!A1", "@SUM(A1)"))
    rows = rows_of(client.get(FILE))
    assert rows[1][1] == "'=C"
    assert "calc" not in str(rows)


def test_a_screen_left_alone_exports_nothing(cast, at_clinic):
    visit(cast)
    answer = at_clinic(cast.uzima, cast.doctor.user, minutes_ago=30).get(FILE)
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert "earnings" in answer["Location"]
    with clinic_context(cast.uzima):
        assert not AuditLog.objects.filter(action="earnings.exported").exists()


def test_page_and_file_speak_swahili(cast, client):
    give_back(visit(cast), 500, status="queued")
    client.cookies["precta_language"] = "sw"
    page = text(client.get(PATH))
    for english in ("Earnings", "What is counted", "By visit", "Received", "earned", "In numbers", "This month"):
        assert english not in page
    assert "Mapato" in page
    header = rows_of(client.get(FILE))[0]
    assert "Patient" not in header
    assert "Mgonjwa" in header


def test_the_chart_is_drawn_here_with_its_numbers_in_a_table(cast, client):
    visit(cast)
    html = client.get(PATH).content.decode()
    assert "<svg viewBox" in html
    assert " style=" not in html
    assert not re.search(r"<script(?![^>]*src=)", html)
    assert html.count("<title>") >= 25, "the page's and one for each day of the month so far"
    assert "24 Nov: KES\u00a02,500" in html


def test_the_day_page_leads_there_with_the_weeks_sum(cast, client):
    visit(cast, NOW + timedelta(days=9), paid_at=NOW)
    visit(cast, paid_at=NOW - timedelta(days=9), fee=1000)
    shown = client.get("/workspace/")
    assert shown.context["earned"] == 2500
    assert 'href="/workspace/earnings/"' in shown.content.decode()


def test_the_tabs_of_a_phone_stay_five(client):
    html = client.get(PATH).content.decode()
    tabs = re.search(r'<nav class="tabbar".*?</nav>', html, re.S)
    assert tabs
    assert tabs.group().count("<a ") == 5
    assert "earnings" not in tabs.group()
    assert re.search(r'href="/workspace/earnings/" aria-current="page"', html)


def test_the_clinics_figures_tell_what_each_doctor_brought_in(cast, at_clinic, noon):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    give_back(visit(cast, doctor=colleague, fee=4000), 1000)
    visit(cast)
    owner = at_clinic(cast.uzima, cast.owner)
    rows = {row["doctor"].pk: row["earned"] for row in owner.get("/admin/figures/?range=12m").context["doctors"]}
    assert rows == {cast.doctor.pk: Decimal(2500), colleague.pk: Decimal(3000)}


# A clinic of years: each fifth of its payments is for a visit, the others are for orders.
MANY = """
INSERT INTO appointments_appointment (id, patient_id, doctor_id, clinic_id, booked_by, scheduled_at, duration_minutes,
    buffer_minutes, consultation_type, status, cancelled_at, refund_due, cancellation_reason, notes, fee, currency,
    idempotency_key)
SELECT 'v' || n, %(patient)s, (%(doctors)s::text[])[n / 5 %% 10 + 1], %(clinic)s, %(patient)s,
       timestamptz '2026-11-24 09:00+00' - n * interval '10 minutes', 30, 0, 'in_person', 'cancelled', now(), 0, '', '',
       2500, 'KES', 'v' || n
  FROM generate_series(1, 100000, 5) n;
INSERT INTO payments_payment (id, user_id, type, subject_id, amount, currency, method, status, provider,
    provider_reference, checkout_url, payer_phone, failure_reason, paid_at, created_at)
SELECT 'p' || n, %(patient)s, CASE n %% 5 WHEN 1 THEN 'appointment' ELSE 'order' END, 'v' || n, 2500, 'KES', 'mpesa',
       'completed', 'paystack', 'r' || n, '', '', '', timestamptz '2026-11-24 08:00+00' - n * interval '10 minutes',
       now()
  FROM generate_series(1, 100000) n;
INSERT INTO payments_refund (id, payment_id, key, subject_id, amount, currency, reason, status, provider_refund_id,
    attempts, next_attempt_at, last_error, created_at)
SELECT 'f' || n, 'p' || n, 'k', 'v' || n, 500, 'KES', '', 'processed', '', 0, now(), '',
       timestamptz '2026-11-24 08:30+00' - n * interval '10 minutes'
  FROM generate_series(1, 100000, 10) n;
ANALYZE appointments_appointment; ANALYZE payments_payment; ANALYZE payments_refund;
"""


def test_among_a_hundred_thousand_payments_a_months_are_found_by_index(cast, in_uzima):
    doctors = [cast.doctor] + [factories.make_doctor(cast.uzima, "Wanjiru", f"N{n}") for n in range(9)]
    values = {
        "patient": cast.patient.pk,
        "doctors": [doctor.pk for doctor in doctors],
        "clinic": cast.uzima.pk,
        **figures._asked(cast.uzima, date(2026, 11, 1), date(2026, 11, 24)),
        "unit": "day",
        "limit": 25,
        "offset": 0,
    }
    with connection.cursor() as cursor:
        for statement in MANY.strip().split(";"):
            if statement.strip():
                cursor.execute(statement, values)
        for sql in (figures.SUMS, figures.NET, figures.BY_VISIT):
            cursor.execute(f"EXPLAIN {sql}", {**values, "doctor": cast.doctor.pk})
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "payment_paid" in plan, plan
            assert "refund_decided" in plan, plan
            assert "Seq Scan on payments_" not in plan, plan
            assert "Seq Scan on appointments_" not in plan, plan
    assert told(cast, date(2026, 11, 1), TODAY).total.visits > 50
