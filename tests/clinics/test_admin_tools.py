import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User, UserStatus
from clinics.admin_sites import clinic_admin, platform_admin
from clinics.models import Clinic, Membership
from pharmacy.models import Medicine
from precta import clock
from precta.audit.models import AuditLog
from precta.csv_export import BATCH, csv_response
from precta.ids import new_id
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context, current_clinic
from tests import factories

MODELS = {site: list(site._registry) for site in (platform_admin, clinic_admin)}


def rows_of(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def address_of(model, site) -> str:
    return ("/admin/" if site is clinic_admin else "/") + model._meta.label_lower.replace(".", "/") + "/"


@pytest.mark.parametrize("site", MODELS, ids=lambda site: site.name)
def test_every_list_has_filters_search_and_an_export_and_deletes_nothing(site, rf, cast):
    for model, page in site._registry.items():
        if site is clinic_admin and model is Clinic:
            continue  # there is only the one whose host this is
        assert page.list_filter, model
        assert page.search_fields, model
        assert page.exported, model
        assert "delete_selected" not in page.get_actions(rf.get("/")), model
        assert page.has_delete_permission(rf.get("/")) is False, model


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_text_that_begins_like_a_formula_is_text_in_the_file(begins):
    answer = csv_response("x", ["a", "b"], [[f"{begins}cmd|'/c calc'!A1", -5]])
    text = answer.getvalue().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == [f"'{begins}cmd|'/c calc'!A1", "-5"]


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u3000 "])
def test_space_before_a_formula_does_not_let_it_through(space):
    answer = csv_response("x", ["a"], [[f"{space}=1+1"]])
    assert rows_of(answer)[1] == [f"'{space}=1+1"]


def test_text_stays_one_cell_where_a_semicolon_parts_cells():
    answer = csv_response("x", ["a", "b"], [["Amina;=1+1", 5]])
    text = answer.getvalue().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text), delimiter=";"))[1][0].startswith("Amina;=1+1")


def test_rows_are_drawn_in_the_clinics_schema_after_the_request_has_ended(uzima):
    seen = []

    def rows():
        for number in range(BATCH + 1):
            seen.append(current_clinic())
            yield [number]

    with clinic_context(uzima):
        answer = csv_response("x", ["n"], rows())
    assert not seen
    chunks = iter(answer)
    next(chunks)
    next(chunks)
    assert current_clinic() is None, "between two batches the connection is as it was"
    assert len(b"".join(chunks).split()) == 1
    assert set(seen) == {uzima}


def test_an_export_is_what_the_list_shows_under_its_filters_and_is_in_the_trail(cast, at_clinic):
    soon = timezone.now() + timedelta(days=1)
    factories.make_appointment(cast.patient, cast.doctor, soon)
    factories.make_appointment(cast.patient, cast.doctor, soon + timedelta(hours=1), status="cancelled")
    factories.make_appointment(cast.other_patient, cast.other_doctor, soon)
    client = at_clinic(cast.uzima, cast.owner)
    page = client.get("/admin/appointments/appointment/?status__exact=confirmed&q=Hassan").content.decode()
    assert "/admin/appointments/appointment/export/?status__exact=confirmed&amp;q=Hassan" in page
    answer = client.get("/admin/appointments/appointment/export/?status__exact=confirmed&q=Hassan&p=1")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="precta-appointment-')
    header, *rows = rows_of(answer)
    assert header[:4] == ["Time", "Patient", "Doctor", "Status"]
    assert [row[1:4] for row in rows] == [["Amina Hassan", "Dr Achieng Njoroge", "Confirmed"]]
    assert rows[0][0] == f"{timezone.localtime(soon, cast.uzima.policy.tz):%Y-%m-%d %H:%M}"
    with clinic_context(cast.uzima):
        entry = AuditLog.objects.get(action="appointment.exported")
        assert entry.user_id == cast.owner.pk
        assert entry.details == {"rows": 1, "filters": {"status__exact": "confirmed"}, "searched": True}


@pytest.mark.parametrize("role", ["front_desk", "pharmacist"])
def test_who_does_not_run_the_clinic_exports_nothing(cast, at_clinic, role):
    client = at_clinic(cast.uzima, factories.make_staff(cast.uzima, role))
    for model in MODELS[clinic_admin]:
        if model is Clinic or (model is Medicine and role == "pharmacist"):
            continue  # the catalogue goes out and in as a file, and names nobody
        answer = client.get(address_of(model, clinic_admin) + "export/")
        assert answer.status_code == 403, model
    assert "export/" not in client.get("/admin/accounts/doctor/").content.decode()
    with clinic_context(cast.uzima):
        assert not AuditLog.objects.filter(action__endswith=".exported").exists()


@pytest.mark.parametrize("query", ["notes__startswith=c", "patient__allergies__contains=x", "status__exact=%00"])
def test_an_export_cannot_probe_more_than_its_list(cast, at_clinic, query):
    answer = at_clinic(cast.uzima, cast.owner).get(f"/admin/appointments/appointment/export/?{query}")
    assert answer.status_code == 400


def test_more_rows_than_a_file_should_have_are_refused_with_a_way_on(cast, at_admin, monkeypatch):
    monkeypatch.setattr("clinics.admin_tools.MOST_EXPORTED", 2)
    answer = at_admin(cast.admin).get("/accounts/user/export/?role__exact=patient", follow=True)
    assert "This is more than 2 rows" in answer.content.decode()
    assert not AuditLog.objects.filter(action="user.exported").exists()


def test_a_list_without_bulk_actions_takes_no_post(cast, at_admin, at_clinic):
    for site, client in ((platform_admin, at_admin(cast.admin)), (clinic_admin, at_clinic(cast.uzima, cast.owner))):
        for model, page in site._registry.items():
            if not page.confirmed_actions:
                assert client.post(address_of(model, site), {"action": "delete_selected"}).status_code == 405, model


def test_suspending_several_asks_first_and_then_goes_through_the_service(cast, at_admin, at_platform):
    client = at_admin(cast.admin)
    chosen = [cast.patient.pk, cast.other_patient.pk, cast.admin.pk]
    data = {"action": "suspend", "index": "0", "_selected_action": chosen}
    page = client.post("/accounts/user/", data).content.decode()
    assert "signed out everywhere at once" in page
    assert "amina@example.test" in page and "peter@example.test" in page
    assert not User.objects.filter(status=UserStatus.SUSPENDED).exists()
    answer = client.post("/accounts/user/", {**data, "confirmed": "yes", "reason": "asked\x07"}, follow=True)
    page = answer.content.decode()
    assert "Done for 2 of 3." in page
    assert "You cannot suspend your own account." in page
    assert set(User.objects.filter(status=UserStatus.SUSPENDED).values_list("pk", flat=True)) == set(chosen[:2])
    assert [entry.details for entry in AuditLog.objects.filter(action="user.suspended")] == [{"reason": "asked"}] * 2


def test_letting_in_and_signing_out_several(cast, at_admin):
    client = at_admin(cast.admin)
    User.objects.filter(pk=cast.patient.pk).update(status=UserStatus.SUSPENDED)
    for action in ("reactivate", "sign_out"):
        data = {"action": action, "index": "0", "_selected_action": [cast.patient.pk], "confirmed": "yes"}
        assert client.post("/accounts/user/", data).status_code == 302
    cast.patient.user.refresh_from_db()
    assert cast.patient.user.status == UserStatus.ACTIVE
    assert AuditLog.objects.filter(action="user.signed_out_everywhere").count() == 1


@pytest.mark.parametrize("chosen", ["\x00", "a" * 40, "' OR 1=1", "ü"])
def test_nonsense_among_the_chosen_is_refused(cast, at_admin, chosen):
    data = {"action": "suspend", "index": "0", "_selected_action": [chosen], "confirmed": "yes"}
    assert at_admin(cast.admin).post("/accounts/user/", data).status_code == 400


def test_too_many_at_once_are_refused_and_an_unknown_action_does_nothing(cast, at_admin, monkeypatch):
    monkeypatch.setattr("clinics.admin_tools.MOST_AT_ONCE", 1)
    client = at_admin(cast.admin)
    data = {"action": "suspend", "index": "0", "_selected_action": [cast.patient.pk, cast.other_patient.pk]}
    answer = client.post("/accounts/user/", {**data, "confirmed": "yes"}, follow=True)
    assert "Choose at most 1 at once." in answer.content.decode()
    client.post("/accounts/user/", {**data, "action": "delete_selected", "post": "yes", "confirmed": "yes"})
    assert User.objects.filter(pk=cast.patient.pk, status=UserStatus.ACTIVE).exists()


def test_an_export_asks_for_a_proof_that_is_no_older_than_ten_minutes(cast, at_clinic, at_admin):
    for client, url in (
        (at_clinic(cast.uzima, cast.owner, minutes_ago=11), "/admin/appointments/appointment/export/"),
        (at_admin(cast.admin, minutes_ago=11), "/accounts/user/export/"),
    ):
        answer = client.get(url)
        assert answer.status_code == 302
        assert "next=" in answer["Location"] and "again=1" in answer["Location"]
        assert "export" not in answer["Location"], "back to the list: nobody can come back to a download"
    with clinic_context(cast.uzima):
        assert not AuditLog.objects.filter(action__endswith=".exported").exists()
    assert not AuditLog.objects.filter(action__endswith=".exported").exists()


def test_the_access_of_several_people_ends_through_the_service_and_after_a_fresh_proof(cast, at_clinic):
    url = "/admin/clinics/membership/"
    rows = {user.pk: Membership.objects.get(user=user).pk for user in (cast.staff, cast.owner)}
    data = {"action": "end_work", "index": "0", "_selected_action": list(rows.values()), "confirmed": "yes"}
    stale = at_clinic(cast.uzima, cast.owner, minutes_ago=11).post(url, data)
    assert stale.status_code == 302 and "next=" in stale["Location"]
    assert Membership.objects.filter(pk__in=rows.values(), is_active=True).count() == 2
    page = at_clinic(cast.uzima, cast.owner).post(url, data, follow=True).content.decode()
    assert "Done for 1 of 2." in page
    assert list(Membership.objects.filter(pk__in=rows.values(), is_active=True).values_list("user", flat=True)) == [
        cast.owner.pk
    ]
    with clinic_context(cast.uzima):
        assert AuditLog.objects.filter(action="staff.deactivated").count() == 1


def test_suspending_clinics_asks_first_and_says_why(cast, at_admin):
    client = at_admin(cast.admin)
    data = {"action": "suspend", "index": "0", "_selected_action": [cast.uzima.pk, cast.pwani.pk]}
    assert "paid back" in client.post("/clinics/clinic/", data).content.decode()
    assert not Clinic.objects.filter(status="suspended").exists()
    client.post("/clinics/clinic/", {**data, "confirmed": "yes", "reason": "papers"})
    assert Clinic.objects.filter(status="suspended").count() == 2
    assert {entry.details["reason"] for entry in AuditLog.objects.filter(action="clinic.suspended")} == {"papers"}
    client.post("/clinics/clinic/", {**data, "action": "reactivate", "confirmed": "yes"})
    assert not Clinic.objects.filter(status="suspended").exists()


def test_failed_refunds_are_sent_again_together_and_only_those(cast, at_clinic):
    with clinic_context(cast.uzima):
        payments = [
            Payment.objects.create(
                user=cast.patient.user,
                type="appointment",
                subject_id=new_id(),
                amount=2500,
                method="mpesa",
                status="completed",
                provider_reference=f"{cast.uzima.code}-{new_id()}",
                paid_at=clock.now(),
            )
            for _ in range(2)
        ]
        refunds = [
            Refund.objects.create(
                payment=payment, key=new_id(), subject_id=payment.subject_id, amount=1000, reason="x", status=status
            )
            for payment, status in zip(payments, ("failed", "processed"), strict=True)
        ]
    client = at_clinic(cast.uzima, cast.staff)
    data = {"action": "try_again", "index": "0", "_selected_action": [refund.pk for refund in refunds]}
    assert "sent once more" in client.post("/admin/payments/refund/", data).content.decode()
    for _ in range(2):
        page = client.post("/admin/payments/refund/", {**data, "confirmed": "yes"}, follow=True).content.decode()
    assert "nothing to try again" in page
    with clinic_context(cast.uzima):
        assert Refund.objects.filter(key=f"again:{refunds[0].pk}").count() == 1
        assert Refund.objects.count() == 3
