from datetime import UTC, datetime

import pytest
from django.db import connection

from clinics.trail_words import ACTS, FAMILIES, act
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.tenancy import clinic_context
from tests import factories

TRAIL = "/admin/audit/auditlog/"


@pytest.fixture
def told(cast):
    """Three acts at Uzima, on three days of Nairobi."""
    visit = factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 24, 7, tzinfo=UTC))
    with clinic_context(cast.uzima):
        made = {
            "cancelled": record(
                "appointment.cancelled",
                resource=visit,
                user=cast.staff,
                details={"refund_due": "1250.00", "told": ["a", "b"], "late": True},
            ),
            "paid": record("payment.completed", resource=("payment", "p1"), details={"amount": "2500.00"}),
            "odd": record("unheard.of", resource=("thing", "t1"), user=cast.owner),
        }
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            # 22:30 in Nairobi on the 20th is still the 20th, though it is 19:30 in UTC; 00:30 is the 21st.
            for name, at, address in (
                ("cancelled", datetime(2026, 11, 20, 19, 30, tzinfo=UTC), "10.0.0.7"),
                ("paid", datetime(2026, 11, 20, 21, 30, tzinfo=UTC), None),
                ("odd", datetime(2026, 11, 23, 9, 0, tzinfo=UTC), "2001:db8::1"),
            ):
                cursor.execute(
                    "UPDATE audit_auditlog SET created_at = %s, ip_address = %s WHERE id = %s",
                    [at, address, made[name].pk],
                )
            cursor.execute("SET LOCAL session_replication_role = origin")
    return made | {"visit": visit}


@pytest.fixture
def owner(cast, at_clinic):
    return at_clinic(cast.uzima, cast.owner)


def test_acts_are_told_in_words_and_an_unknown_one_by_its_verb(told, owner, cast):
    page = owner.get(TRAIL).content.decode()
    assert "Cancelled a visit" in page and "A payment was completed" in page and "unheard.of" in page
    assert "The portal itself" in page and cast.staff.email in page
    assert f'href="/admin/appointments/appointment/{told["visit"].pk}/change/"' in page


def test_one_entry_lays_its_details_out(told, owner):
    page = owner.get(f"{TRAIL}{told['cancelled'].pk}/change/").content.decode()
    for line in ("<dt>Refund due</dt><dd>1250.00</dd>", "<dt>Told</dt><dd>a, b</dd>", "<dt>Late</dt><dd>Yes</dd>"):
        assert line in page, line
    assert "10.0.0.7" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"cancelled", "paid", "odd"}),
        ("family=appointment", {"cancelled"}),
        ("about=payment", {"paid"}),
        ("since=2026-11-21", {"paid", "odd"}),
        ("until=2026-11-20", {"cancelled"}),
        ("since=2026-11-21&until=2026-11-22", {"paid"}),
        ("who=DESK@example.test", {"cancelled"}),
        ("who=nobody@example.test", set()),
        ("address=10.0.0.7", {"cancelled"}),
        ("address=2001:0db8::0:1", {"odd"}),
        ("address=10.0.0", set()),
        ("q=t1", {"odd"}),
        ("q=appointment.cancelled&who=desk@example.test", {"cancelled"}),
        ("since=nonsense&until=9999-12-31&family=x&about=y", {"cancelled", "paid", "odd"}),
    ],
)
def test_the_trail_is_found_by_who_what_which_day_and_where_from(told, owner, query, expected):
    page = owner.get(f"{TRAIL}?{query}").content.decode()
    assert {name for name in ("cancelled", "paid", "odd") if f"{TRAIL}{told[name].pk}/change/" in page} == expected


def test_a_typed_filter_keeps_the_others(told, owner):
    page = owner.get(f"{TRAIL}?family=appointment&who=desk@example.test&q=x").content.decode()
    assert '<input type="hidden" name="family" value="appointment">' in page
    assert '<input type="hidden" name="q" value="x">' in page
    assert 'name="who" value="desk@example.test"' in page


def test_the_export_has_the_details_and_is_itself_in_the_trail(told, owner, cast):
    text = owner.get(f"{TRAIL}export/?family=appointment").getvalue().decode("utf-8-sig")
    assert "appointment.cancelled" in text and "1250.00" in text and "payment.completed" not in text
    with clinic_context(cast.uzima):
        entry = AuditLog.objects.get(action="auditlog.exported")
    assert (entry.user_id, entry.details["rows"]) == (cast.owner.pk, 1)
    assert act(entry.action) == "Exported a list: Audit trail"


def test_whose_acts_were_exported_is_not_written_down_by_address(told, owner, cast):
    assert owner.get(f"{TRAIL}export/?who=somebody%40private.test&since=2026-01-01").status_code == 200
    with clinic_context(cast.uzima):
        entry = AuditLog.objects.get(action="auditlog.exported")
    assert entry.details["filters"] == {"who": "…", "since": "2026-01-01"}


@pytest.mark.parametrize("role", ["front_desk", "pharmacist"])
def test_only_who_runs_the_clinic_reads_its_trail(told, cast, at_clinic, role):
    client = at_clinic(cast.uzima, factories.make_staff(cast.uzima, role))
    for url in (TRAIL, f"{TRAIL}export/", f"{TRAIL}{told['odd'].pk}/change/"):
        assert client.get(url).status_code == 403


def test_the_platforms_trail_is_its_own(told, cast, at_admin):
    page = at_admin(cast.admin).get("/audit/auditlog/").content.decode()
    assert "Cancelled a visit" not in page and "unheard.of" not in page


def test_a_rows_history_is_what_the_trail_tells_of_it(told, owner):
    page = owner.get(f"/admin/appointments/appointment/{told['visit'].pk}/history/").content.decode()
    assert "Cancelled a visit" in page and "A payment was completed" not in page and "10.0.0.7" not in page


def test_every_act_belongs_to_a_family():
    assert {action.partition(".")[0] for action in ACTS} <= set(FAMILIES) | {"provider_event"}


def test_many_entries_cost_no_more_statements(cast, owner, django_assert_max_num_queries):
    with clinic_context(cast.uzima):
        for number in range(40):
            record("payment.completed", resource=("payment", str(number)), user=factories.make_user())
    with django_assert_max_num_queries(12):
        assert owner.get(TRAIL).status_code == 200


def test_a_page_for_looking_tells_hours_states_and_lists_in_words(cast, at_admin):
    type(cast.uzima).objects.filter(pk=cast.uzima.pk).update(
        operating_hours={"1": [["08:00", "13:00"], ["14:00", "00:00"]]}, settings={"hold_minutes": 20}
    )
    page = at_admin(cast.admin).get(f"/clinics/clinic/{cast.uzima.pk}/change/").content.decode()
    for words in ("<dt>Monday</dt><dd>08:00–13:00, 14:00–24:00</dd>", "<dt>Sunday</dt><dd>Closed</dd>", "Hold minutes"):
        assert words in page, words
    assert '<span class="badge ok">Active</span>' in page and "{&quot;" not in page
