from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Role
from clinics.emergency import LASTS, EmergencyAccess, data_lists
from clinics.exceptions import NotPlatformAdmin, ReasonMissing
from clinics.services.emergency import close_access, open_access
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.payments.models import Payment
from precta.tenancy import clinic_context
from tests import factories

REASON = "The owner cannot find a refund and asked us"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KINDS = ("visits", "payments", "refunds", "orders", "staff", "trail")


@pytest.fixture
def busy(cast):
    """A visit and a payment with things in it that nobody of the platform shall read."""
    visit = factories.make_appointment(cast.patient, cast.doctor, NOW + timedelta(days=1), notes="cough-canary")
    with clinic_context(cast.uzima):
        Payment.objects.create(
            user=cast.patient.user,
            type="appointment",
            subject_id=visit.pk,
            amount=2500,
            method="mpesa",
            provider_reference=f"{cast.uzima.code}-abc",
            payer_phone="+254700999888",
            provider_response={"x": "answer-canary"},
        )
    return visit


@pytest.fixture
def console(cast, at_admin):
    return at_admin(cast.admin)


def ask(clinic) -> str:
    return f"/clinics/clinic/{clinic.pk}/data/"


def trail_of(clinic, action):
    with clinic_context(clinic):
        return list(AuditLog.objects.filter(action=action).order_by("created_at"))


@pytest.mark.parametrize("kind", KINDS)
def test_without_an_open_access_every_list_is_403_with_the_way_to_ask(cast, busy, console, kind):
    answer = console.get(ask(cast.uzima) + f"{kind}/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert f'href="{ask(cast.uzima)}"' in page
    assert "Amina" not in page and busy.pk not in page
    assert not trail_of(cast.uzima, "emergency_access.viewed")


def test_the_lists_are_those_of_the_table():
    assert [found.kind for found in data_lists()][: len(KINDS)] == list(KINDS)


def test_opening_shows_the_lists_for_an_hour_and_tells_the_clinic(
    cast, busy, console, django_capture_on_commit_callbacks
):
    manager = factories.make_staff(cast.uzima, "manager")
    page = console.get(ask(cast.uzima)).content.decode()
    assert "Why is this needed?" in page and "Amina" not in page
    with django_capture_on_commit_callbacks(execute=True):
        assert console.post(ask(cast.uzima), {"action": "open", "reason": REASON})["Location"] == ask(cast.uzima)
    access = EmergencyAccess.objects.get()
    assert (access.user, access.clinic, access.reason) == (cast.admin, cast.uzima, REASON)
    assert access.expires_at - access.opened_at == LASTS
    page = console.get(ask(cast.uzima)).content.decode()
    assert "You are reading the data of Uzima Clinic." in page and "60 minutes left." in page and REASON in page
    for kind, word in zip(
        KINDS,
        ("Amina Hassan", "-abc", "There is nothing", "There is nothing", "owner@example.test", "opened"),
        strict=True,
    ):
        answer = console.get(ask(cast.uzima) + f"{kind}/")
        page = answer.content.decode()
        assert answer.status_code == 200 and word.lower() in page.lower(), kind
        assert "minutes left" in page and "Close now" in page
        for secret in ("cough-canary", "answer-canary", "999888"):
            assert secret not in page, kind
    viewed = trail_of(cast.uzima, "emergency_access.viewed")
    assert [entry.details for entry in viewed] == [{"list": kind, "page": 1} for kind in KINDS]
    assert {(entry.user_id, entry.resource_id) for entry in viewed} == {(cast.admin.pk, access.pk)}
    [opened] = trail_of(cast.uzima, "emergency_access.opened")
    assert (opened.user_id, opened.details["reason"]) == (cast.admin.pk, REASON)
    assert AuditLog.objects.get(action="emergency_access.opened").details["clinic_id"] == cast.uzima.pk
    told = Notification.objects.filter(title__contains="has opened the data of Uzima Clinic")
    assert {(row.user_id, row.channel) for row in told} == {
        (person.pk, channel) for person in (cast.owner, manager) for channel in ("push", "email")
    }
    body = told.first().body
    assert cast.admin.email in body and REASON in body


def test_telling_twice_tells_once(cast, console, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        console.post(ask(cast.uzima), {"action": "open", "reason": REASON})
    event = OutboxEvent.objects.get(kind="emergency_access.opened")
    told = Notification.objects.count()
    OutboxEvent.objects.filter(pk=event.pk).update(relayed_at=None, next_attempt_at=timezone.now())
    assert relay_event(event.pk)
    assert Notification.objects.count() == told
    assert len(trail_of(cast.uzima, "emergency_access.opened")) == 1


@pytest.mark.parametrize(
    "reason", ["", "   ", "because", "\u202e\u202e\u202e\u202e\u202e\u202e\u202e\u202e\u202e\u202ex"]
)
def test_without_a_reason_nothing_opens_and_nobody_is_told(cast, console, reason):
    answer = console.post(ask(cast.uzima), {"action": "open", "reason": reason})
    assert answer.status_code == 400
    assert "Say in a sentence why this is needed" in answer.content.decode()
    assert not EmergencyAccess.objects.exists() and not OutboxEvent.objects.exists()
    with pytest.raises(ReasonMissing):
        open_access(clinic=cast.uzima, by=cast.admin, reason=reason)


def test_after_the_hour_it_is_closed_by_itself(cast, busy, console):
    with time_machine.travel(NOW, tick=False):
        open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    with time_machine.travel(NOW + timedelta(minutes=59, seconds=30), tick=False):
        page = console.get(ask(cast.uzima) + "visits/")
        assert page.status_code == 200 and "1 minute left." in page.content.decode()
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert console.get(ask(cast.uzima) + "visits/").status_code == 403
        assert "Why is this needed?" in console.get(ask(cast.uzima)).content.decode()


def test_closing_early_closes_at_once_and_is_in_both_trails(cast, busy, console, django_capture_on_commit_callbacks):
    access = open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    with django_capture_on_commit_callbacks(execute=True):
        assert console.post(ask(cast.uzima), {"action": "close"}).status_code == 302
    assert console.get(ask(cast.uzima) + "visits/").status_code == 403
    assert len(trail_of(cast.uzima, "emergency_access.closed")) == 1
    assert AuditLog.objects.filter(action="emergency_access.closed").count() == 1
    assert close_access(access=access, by=cast.admin) is False
    assert AuditLog.objects.filter(action="emergency_access.closed").count() == 1


def test_several_are_closed_at_once_and_the_clinics_trail_names_who_did_it(
    cast, busy, at_admin, django_capture_on_commit_callbacks
):
    other = factories.make_user("second-admin@example.test", role=Role.ADMIN)
    accesses = [open_access(clinic=clinic, by=cast.admin, reason=REASON) for clinic in (cast.uzima, cast.pwani)]
    data = {"action": "close", "index": "0", "_selected_action": [access.pk for access in accesses]}
    client = at_admin(other)
    assert "at once" in client.post("/clinics/emergencyaccess/", data).content.decode()
    assert EmergencyAccess.objects.open().count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post("/clinics/emergencyaccess/", {**data, "confirmed": "yes"}, follow=True).content.decode()
    assert "Done for 2 of 2." in page
    assert not EmergencyAccess.objects.open().exists()
    for event in OutboxEvent.objects.filter(kind="emergency_access.closed", relayed_at__isnull=True):
        relay_event(event.pk)
    for clinic in (cast.uzima, cast.pwani):
        assert [entry.user_id for entry in trail_of(clinic, "emergency_access.closed")] == [other.pk]


def test_anothers_access_and_another_clinics_do_not_count(cast, busy, console, at_admin):
    colleague = factories.make_user("second@example.test", role=Role.ADMIN)
    open_access(clinic=cast.uzima, by=colleague, reason=REASON)
    open_access(clinic=cast.pwani, by=cast.admin, reason=REASON)
    assert console.get(ask(cast.uzima) + "visits/").status_code == 403
    assert console.get(ask(cast.pwani) + "visits/").status_code == 200
    assert at_admin(colleague).get(ask(cast.uzima) + "visits/").status_code == 200
    console.post(ask(cast.uzima), {"action": "close"})
    assert EmergencyAccess.objects.open().filter(user=colleague).exists()


def test_who_is_no_platform_admin_any_more_reads_nothing_with_an_open_access(cast, busy, console):
    open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    type(cast.admin).objects.filter(pk=cast.admin.pk).update(role="patient")
    assert console.get(ask(cast.uzima) + "visits/").status_code == 403
    assert "Amina" not in console.get(ask(cast.uzima) + "visits/").content.decode()
    with pytest.raises(NotPlatformAdmin):
        open_access(clinic=cast.uzima, by=cast.owner, reason=REASON)


def test_opening_twice_is_one_access(cast, console):
    first = open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    assert open_access(clinic=cast.uzima, by=cast.admin, reason=REASON + ", again") == first


def test_no_other_page_of_the_platform_shows_the_clinics_data_meanwhile(cast, busy, console):
    open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    for url in ("/", "/audit/auditlog/", "/accounts/doctor/", f"/clinics/clinic/{cast.uzima.pk}/change/"):
        page = console.get(url).content.decode()
        assert busy.pk not in page and "Amina Hassan" not in page, url
    assert console.get("/appointments/appointment/").status_code == 404


def test_what_does_not_exist_is_404(cast, console):
    open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    assert console.get(ask(cast.uzima) + "records/").status_code == 404
    assert console.get("/clinics/clinic/abc/data/").status_code == 404
    assert console.get("/clinics/clinic/abc/data/visits/").status_code == 404
    assert console.post(ask(cast.uzima) + "visits/").status_code == 405


def test_lists_are_paged_and_ask_no_more_for_many_rows(cast, console, django_assert_max_num_queries):
    for n in range(60):
        factories.make_appointment(cast.patient, cast.doctor, NOW + timedelta(hours=n))
    open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    with django_assert_max_num_queries(14):
        page = console.get(ask(cast.uzima) + "visits/").content.decode()
    assert page.count("<tr>") == 51 and "?page=2" in page
    assert console.get(ask(cast.uzima) + "visits/?page=99").status_code == 200


@pytest.mark.parametrize(
    ("role", "sees"), [("owner", True), ("manager", True), ("front_desk", False), ("pharmacist", False)]
)
def test_the_clinic_sees_who_has_read_its_data_and_why(cast, at_clinic, role, sees):
    access = open_access(clinic=cast.uzima, by=cast.admin, reason=REASON)
    theirs = open_access(clinic=cast.pwani, by=cast.admin, reason="Another matter altogether")
    client = at_clinic(cast.uzima, factories.make_staff(cast.uzima, role))
    answer = client.get("/admin/clinics/emergencyaccess/")
    assert answer.status_code == (200 if sees else 403)
    first = client.get("/admin/").content.decode()
    assert ("People of Precta who may read your data now" in first) == sees
    if sees:
        page = answer.content.decode()
        assert REASON in page and "Another matter" not in page and "Open now" in page
        assert client.get(f"/admin/clinics/emergencyaccess/{access.pk}/change/").status_code == 200
        assert client.get(f"/admin/clinics/emergencyaccess/{theirs.pk}/change/").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""},
        {"reason": " \n"},
        {"expires_at": NOW + timedelta(hours=1, seconds=1)},
        {"expires_at": NOW},
        {"closed_at": NOW - timedelta(seconds=1)},
    ],
)
def test_the_database_refuses_an_access_without_reason_or_end(cast, changes):
    row = {"reason": REASON, "opened_at": NOW, "expires_at": NOW + LASTS, "user": cast.admin, "clinic": cast.uzima}
    with pytest.raises(IntegrityError), transaction.atomic():
        EmergencyAccess.objects.create(**(row | changes))


def test_opening_asks_for_a_proof_that_is_no_older_than_ten_minutes(cast, at_admin):
    client = at_admin(cast.admin, minutes_ago=11)
    assert client.get(ask(cast.uzima)).status_code == 200
    answer = client.post(ask(cast.uzima), {"action": "open", "reason": REASON})
    assert answer.status_code == 302 and "next=" in answer["Location"]
    assert not EmergencyAccess.objects.exists()
