"""The pages: writing without JavaScript, reading, the paper, one's own over all clinics."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.services.family import add_child
from clinics.models import Clinic
from pharmacy.models import Prescription, PrescriptionTemplate
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.notifications.models import Notification
from precta.notifications.services import sweep_deliveries
from precta.outbox.models import OutboxEvent
from precta.outbox.services import sweep_events
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.conftest import PLANTS, form, issue, line, today_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor(at_clinic, cast):
    return at_clinic(cast.uzima, cast.doctor.user)


@pytest.fixture
def patient(at_clinic, cast):
    return at_clinic(cast.uzima, cast.patient.user)


def address(visit):
    return f"/workspace/visits/{visit.pk}/prescribe/"


def send(client, visit, *lines, **whole):
    whole.setdefault("valid_until", (today_of(visit.clinic) + timedelta(days=30)).isoformat())
    return client.post(address(visit), form(*lines, **whole))


def all_of(clinic):
    with clinic_context(clinic):
        return list(Prescription.objects.order_by("issued_at"))


def values_of(answer):
    return re.findall(r'name="line-\d+-name" value="([^"]*)"', answer.content.decode())


# Writing


def test_the_form_shows_the_allergies_a_month_of_validity_and_the_medicines(doctor, visit, cast):
    cast.patient.allergies = ["Penisilini"]
    cast.patient.save(update_fields=["allergies"])
    page = doctor.get(address(visit))
    assertContains(page, "Penisilini")
    assertContains(page, (today_of(cast.uzima) + timedelta(days=30)).isoformat())
    assertContains(page, '<option value="Amoxicillin 500 mg capsule">')
    assertNotContains(page, "Look at this first")


def test_a_prescription_is_issued_by_the_form_and_leads_to_its_page(doctor, visit, cast):
    answer = send(doctor, visit, line("Amoxicillin 500 mg capsule"), line("Paracetamol"), instructions="Rest")
    [issued] = all_of(cast.uzima)
    assert answer.headers["Location"] == f"/prescriptions/{issued.pk}/"
    assert [one["name"] for one in issued.medications] == ["Amoxicillin 500 mg capsule", "Paracetamol"]
    assert issued.instructions == "Rest"


def test_lines_come_and_go_by_buttons_and_keep_what_was_typed(doctor, visit, cast):
    page = send(doctor, visit, line("Alpha"), line("", dosage="", frequency="", duration=""), do="add")
    assert values_of(page) == ["Alpha"]
    assert len(re.findall(r'name="line-\d+-name"', page.content.decode())) == 3
    assertNotContains(page, "This field is required")
    page = send(doctor, visit, line("Alpha"), line("Beta"), line("Gamma"), do="remove-1")
    assert values_of(page) == ["Alpha", "Gamma"]
    full = send(doctor, visit, *[line(f"M{n}") for n in range(20)], do="add")
    assert len(values_of(full)) == 20
    assert all_of(cast.uzima) == []


def test_an_empty_line_counts_as_none(doctor, visit, cast):
    empty = dict.fromkeys(line(), "")
    send(doctor, visit, empty, line("Beta"), empty)
    assert [one["name"] for one in all_of(cast.uzima)[0].medications] == ["Beta"]


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        ([dict.fromkeys(line(), "")], {}),
        ([line(dosage="")], {}),
        ([line("a" * 201)], {}),
        ([line("x\x00y")], {}),
        ([line("\u202ex")], {}),
        ([line()], {"valid_until": ""}),
        ([line()], {"valid_until": "2027-02-31"}),
        ([line()], {"valid_until": "2020-01-01"}),
        ([line()], {"valid_until": "9999-12-31"}),
        ([line()], {"instructions": "a" * 1001}),
        ([line()], {"key": "../../etc"}),
    ],
)
def test_a_mistake_shows_the_form_again_and_issues_nothing(doctor, visit, cast, lines, whole):
    answer = send(doctor, visit, *lines, **whole)
    assert answer.status_code == 400
    assert all_of(cast.uzima) == []
    with clinic_context(cast.uzima):
        assert not OutboxEvent.objects.filter(kind__startswith="prescription").exists()


def test_a_warning_shows_the_page_again_until_it_has_a_reason(doctor, visit, cast):
    cast.patient.allergies = ["Penicillin"]
    cast.patient.save(update_fields=["allergies"])
    answer = send(doctor, visit, line("Augmentin 625 mg"))
    assert answer.status_code == 409
    assertContains(answer, "Allergy “Penicillin”: Augmentin 625 mg belongs to it", status_code=409)
    assert all_of(cast.uzima) == []
    [name] = set(re.findall(r'name="(reason-[0-9a-f]+)"', answer.content.decode()))
    send(doctor, visit, line("Augmentin 625 mg"), **{name: "Tolerated before"})
    assert all_of(cast.uzima)[0].overrides[0]["reason"] == "Tolerated before"


def test_a_form_value_cannot_skip_a_warning(doctor, visit, cast):
    cast.patient.allergies = ["Penicillin"]
    cast.patient.save(update_fields=["allergies"])
    forged = {"reason-": "x", "reason-0000000000000000": "x", "overrides": "[]", "confirmed": "yes", "warnings": "0"}
    assert send(doctor, visit, line("Amoxil"), **forged).status_code == 409
    assert all_of(cast.uzima) == []


def test_a_posted_patient_doctor_or_code_is_ignored(doctor, visit, cast):
    forged = {"patient": cast.other_patient.pk, "doctor": cast.other_doctor.pk, "verification_code": "x", "id": "y"}
    send(doctor, visit, **forged)
    [issued] = all_of(cast.uzima)
    assert (issued.patient_id, issued.doctor_id) == (cast.patient.pk, cast.doctor.pk)
    assert issued.verification_code.startswith(cast.uzima.code)


def test_the_form_sent_twice_leads_to_the_one_prescription_and_an_edit_of_it_is_a_409(doctor, visit, cast):
    key = new_id()
    first, again = send(doctor, visit, key=key), send(doctor, visit, key=key)
    assert first.headers["Location"] == again.headers["Location"]
    edited = send(doctor, visit, line("Morphine 10 mg"), key=key)
    assert edited.status_code == 409
    assertContains(edited, "What is issued does not change", status_code=409)
    [issued] = all_of(cast.uzima)
    refused = doctor.post(f"/prescriptions/{issued.pk}/", {"medications": "[]"})
    assert refused.status_code == 409
    assert all_of(cast.uzima) == [issued]


def test_a_visit_that_has_not_begun_is_explained(doctor, cast):
    visit = factories.make_appointment(cast.patient, cast.doctor, timezone.now() + timedelta(days=1))
    assertContains(doctor.get(address(visit)), "Nothing can be prescribed in this visit")
    assert send(doctor, visit).status_code == 409
    assert all_of(cast.uzima) == []


def test_another_doctors_visit_is_not_there(at_clinic, visit, cast):
    colleague = factories.make_doctor(cast.uzima, "Wanjiku", "Maina")
    assert at_clinic(cast.uzima, colleague.user).get(address(visit)).status_code == 404


def test_replacing_begins_with_the_old_lines_asks_why_and_happens_once(doctor, visit, cast):
    old = issue(visit, line("Amoxil 250 mg"))
    where = f"/workspace/prescriptions/{old.pk}/replace/"
    assert values_of(doctor.get(where)) == ["Amoxil 250 mg"]
    data = form(line("Amoxil 500 mg"), valid_until=(today_of(cast.uzima) + timedelta(days=9)).isoformat())
    assert doctor.post(where, data).status_code == 400  # no reason
    data |= {"reason": "Too weak"}
    answer = doctor.post(where, data)
    new = all_of(cast.uzima)[-1]
    assert answer.headers["Location"] == f"/prescriptions/{new.pk}/"
    assert new.replaces_id == old.pk
    assert doctor.post(where, data).headers["Location"] == f"/prescriptions/{new.pk}/"  # the same form once more
    for late in (doctor.get(where), doctor.post(where, data | {"key": new_id()})):
        assertContains(late, "was replaced already", status_code=409)
    assert len(all_of(cast.uzima)) == 2


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("amox", "Amoxicillin 250 mg capsule"),
        ("Augmentin", "Amoxicillin and clavulanic acid 625 mg tablet"),
        ("penisilini v", "Phenoxymethylpenicillin 250 mg tablet"),
        ("paracetamol syr", "Paracetamol 120 mg/5 ml syrup"),
        ("panadol", "Paracetamol 500 mg tablet"),
    ],
)
def test_medicines_are_found_by_any_of_their_names(doctor, asked, first):
    found = doctor.get("/workspace/medicines/", {"q": asked}).json()["found"]
    assert found[0]["label"] == first
    assert len(found) <= 12


def test_what_no_medicine_is_called_is_not_found(doctor, django_assert_max_num_queries):
    assert doctor.get("/workspace/medicines/", {"q": "xyzzy\x00%"}).json() == {"found": []}


# Templates


def test_lines_are_kept_as_a_template_put_in_renamed_and_deleted(doctor, visit, cast):
    send(
        doctor, visit, line("Coartem"), line("Panadol"), do="save-template", template_name="Malaria", instructions="Net"
    )
    with clinic_context(cast.uzima):
        template = PrescriptionTemplate.objects.get()
    assert all_of(cast.uzima) == []
    page = send(doctor, visit, line("ORS"), do="template", template=template.pk)
    assert values_of(page) == ["ORS", "Coartem", "Panadol"]
    assertContains(page, "Net</textarea>")
    here = "/workspace/prescription-templates/"
    doctor.post(f"{here}{template.pk}/rename/", {"template_name": "Malaria, adults"})
    assertContains(doctor.get(here), "Malaria, adults")
    send(doctor, visit, line("Brufen"), do="save-template", template_name="Pain")
    doctor.post(f"{here}{template.pk}/rename/", {"template_name": "Pain"})
    assertContains(doctor.get(here), "Malaria, adults")
    assertContains(doctor.get(f"{here}{template.pk}/delete/"), "Delete the template")
    doctor.post(f"{here}{template.pk}/delete/")
    assertNotContains(doctor.get(here), "Malaria, adults</h2>")


def test_templates_are_their_doctors_alone(at_clinic, visit, cast, doctor):
    send(doctor, visit, line("Coartem"), do="save-template", template_name="Malaria")
    with clinic_context(cast.uzima):
        template = PrescriptionTemplate.objects.get()
    other = at_clinic(cast.uzima, factories.make_doctor(cast.uzima, "Wanjiku", "Maina").user)
    assertNotContains(other.get("/workspace/prescription-templates/"), "Malaria")
    assert other.post(f"/workspace/prescription-templates/{template.pk}/delete/").status_code == 404


# Reading


def test_the_patient_reads_it_and_every_look_is_in_the_trail(patient, visit, cast):
    issued = issue(visit, line("Amoxil", instructions="<b>After</b> food"))
    page = patient.get(f"/prescriptions/{issued.pk}/")
    assertContains(page, "&lt;b&gt;After&lt;/b&gt; food")
    assertContains(page, issued.verification_code)
    assertNotContains(page, "Replace</a>")
    paper = patient.get(f"/prescriptions/{issued.pk}/pdf/")
    assert b"".join(paper.streaming_content).startswith(b"%PDF-")
    assert paper.headers["Content-Type"] == "application/pdf"
    assert "no-store" in paper.headers["Cache-Control"]
    assert "Amina" not in paper.headers["Content-Disposition"]
    with clinic_context(cast.uzima):
        seen = AuditLog.objects.filter(resource_type="prescription", resource_id=issued.pk, user=cast.patient.pk)
        assert sorted(seen.values_list("action", flat=True)) == ["prescription.paper_viewed", "prescription.viewed"]


def test_what_the_doctor_set_aside_is_for_the_clinic_only(patient, doctor, visit, cast):
    cast.patient.allergies = ["Penicillin"]
    cast.patient.save(update_fields=["allergies"])
    from pharmacy.exceptions import WarningsUnanswered

    with pytest.raises(WarningsUnanswered) as asked:
        issue(visit, line("Amoxil"))
    issued = issue(visit, line("Amoxil"), reasons={asked.value.warnings[0].key: "Zorilla reason"})
    assertContains(doctor.get(f"/prescriptions/{issued.pk}/"), "Zorilla reason")
    assertNotContains(patient.get(f"/prescriptions/{issued.pk}/"), "Zorilla reason")


def test_a_guardian_reads_the_childs_and_nobody_else_does(at_clinic, cast):
    child = add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        relation="parent",
        values={"first_name": "Zawadi", "last_name": "Hassan", "date_of_birth": today_of(cast.uzima) - timedelta(900)},
    ).child
    visit = factories.make_appointment(child, cast.doctor, timezone.now(), status="in_progress")
    issued = issue(visit)
    where = f"/prescriptions/{issued.pk}/"
    assertContains(at_clinic(cast.uzima, cast.patient.user).get(where), "Zawadi Hassan")
    colleague = factories.make_doctor(cast.uzima, "Wanjiku", "Maina")
    for other in (cast.other_patient.user, colleague.user, cast.staff, factories.make_staff(cast.uzima, "manager")):
        for page in (where, f"{where}pdf/"):
            assert at_clinic(cast.uzima, other).get(page).status_code == 404
    assert at_clinic(cast.pwani, cast.other_doctor.user).get(where).status_code == 404
    factories.make_appointment(child, colleague, timezone.now() - timedelta(days=1), status="completed")
    assert at_clinic(cast.uzima, colleague.user).get(where).status_code == 200


@pytest.mark.parametrize("status", ["no_show", "cancelled", "pending_payment"])
def test_a_doctor_to_whom_the_patient_never_came_reads_nothing(at_clinic, visit, cast, status):
    running = issue(visit, line("Zorillin"))
    waited = factories.make_doctor(cast.uzima, "Wanjiku", "Maina")
    missed = factories.make_appointment(cast.patient, waited, timezone.now() - timedelta(hours=1), status=status)
    client = at_clinic(cast.uzima, waited.user)
    for page in (f"/prescriptions/{running.pk}/", f"/prescriptions/{running.pk}/pdf/"):
        assert client.get(page).status_code == 404
    assert b"Zorillin" not in client.get(f"/workspace/visits/{missed.pk}/").content


def test_what_is_shown_beside_a_refusal_is_in_the_trail_too(patient, visit, cast):
    issued = issue(visit, line("Amoxil"))
    assertContains(patient.post(f"/prescriptions/{issued.pk}/"), "Amoxil", status_code=409)
    with clinic_context(cast.uzima):
        assert AuditLog.objects.filter(action="prescription.viewed", resource_id=issued.pk).count() == 1


def test_the_pages_of_the_visit_show_what_was_prescribed(patient, visit, cast):
    issued = issue(visit, line("Amoxil"))
    assertContains(patient.get(f"/appointments/{visit.pk}/"), f"/prescriptions/{issued.pk}/")


def test_the_doctors_part_offers_writing_and_shows_what_runs_besides(rf, visit, cast):
    from appointments.visit_parts import Audience, parts_of

    earlier = factories.make_appointment(
        cast.patient, cast.doctor, timezone.now() - timedelta(days=3), status="completed"
    )
    running, over = issue(earlier, line("Amoxil")), issue(earlier, line("Brufen"))
    new = issue(earlier, line("Ponstan"), replaces=over, replacement_reason="x")
    request = rf.get("/")
    request.clinic, request.user = cast.uzima, cast.doctor.user
    with clinic_context(cast.uzima):
        [part] = [one for one in parts_of(request, visit, Audience.DOCTOR) if one.template.startswith("pharmacy/")]
    assert part.context["may_write"]
    assert [one["row"].pk for one in part.context["others"]] == [new.pk, running.pk]
    assert part.context["issued"] == []


def test_beside_a_missed_visit_the_doctor_reads_nothing_that_runs_besides(visit, cast, at_clinic):
    issue(visit, line("Zorillamycin"))
    waited = factories.make_doctor(cast.uzima, "Otieno", "Odhiambo")
    pages = {}
    for status, days in (("no_show", 1), ("completed", 2)):
        at = timezone.now() - timedelta(days=days)
        other = factories.make_appointment(cast.patient, waited, at, status=status)
        pages[status] = at_clinic(cast.uzima, waited.user).get(f"/workspace/visits/{other.pk}/").content.decode()
    assert "Zorillamycin" in pages["completed"]
    assert "Zorillamycin" not in pages["no_show"]


# The news


def test_the_patient_is_told_by_link_only(visit, cast):
    issue(visit, line("Zorillamycin"))
    with clinic_context(cast.uzima):
        sweep_events(now=timezone.now() + timedelta(seconds=1))
        sweep_events(now=timezone.now() + timedelta(minutes=5))
        issued = Prescription.objects.get()
        assert issued.pdf_url
    told = Notification.objects.filter(type="prescription_ready", user=cast.patient.user)
    assert sorted(told.values_list("channel", flat=True)) == ["email", "push"]
    sweep_deliveries(now=timezone.now() + timedelta(minutes=1))
    [letter] = mail.outbox
    assert f"/prescriptions/{issued.pk}/" in letter.body
    for text in (letter.subject, letter.body, *(part for note in told for part in (note.title, note.body))):
        assert "Zorillamycin" not in text


# Over all clinics


@pytest.fixture
def mine(at_platform, cast):
    return at_platform(cast.patient.user)


@pytest.fixture
def at_both(visit, cast):
    factories.link_patient(cast.patient, cast.pwani)
    elsewhere = factories.make_appointment(
        cast.patient, cast.other_doctor, timezone.now() - timedelta(days=3), status="completed"
    )
    old = issue(visit, line("Brufen"))
    return {
        "old": old,
        "new": issue(visit, line("Voltaren"), replaces=old, replacement_reason="x"),
        "pwani": issue(elsewhere, line("Amoxil")),
    }


def test_the_list_shows_those_of_all_clinics_by_state(mine, at_both):
    page = mine.get("/me/prescriptions/").content.decode()
    assert "Voltaren" in page
    assert "Amoxil" in page
    assert "Brufen" not in page
    replaced = mine.get("/me/prescriptions/?state=replaced").content.decode()
    assert "Brufen" in replaced
    assert "Voltaren" not in replaced
    assertContains(mine.get("/me/prescriptions/?state=expired"), "None has expired")


def test_a_suspended_clinics_are_listed_too_and_their_paper_opens_here(mine, at_both, cast):
    Clinic.objects.filter(pk=cast.pwani.pk).update(status="suspended")
    issued = at_both["pwani"]
    page = mine.get("/me/prescriptions/").content.decode()
    assert "Amoxil" in page
    assert f"http://pwani.precta.localhost:8000/prescriptions/{issued.pk}/" not in page
    paper = mine.get(f"/me/prescriptions/{cast.pwani.pk}/{issued.pk}/pdf/")
    assert b"".join(paper.streaming_content).startswith(b"%PDF-")
    with clinic_context(cast.pwani):
        assert AuditLog.objects.filter(action="prescription.paper_viewed", user=cast.patient.pk).count() == 1


def test_nobody_elses_paper_opens_here(at_platform, at_both, cast):
    other = at_platform(cast.other_patient.user)
    factories.link_patient(cast.other_patient, cast.pwani)
    for clinic in (cast.pwani, cast.uzima):
        assert other.get(f"/me/prescriptions/{clinic.pk}/{at_both['pwani'].pk}/pdf/").status_code == 404
    assert other.get("/me/prescriptions/").status_code == 200


def test_the_list_costs_the_same_however_long_it_is(mine, visit, cast, django_assert_max_num_queries):
    for n in range(12):
        issue(visit, line(f"Tea of {PLANTS[n]}"))
    with django_assert_max_num_queries(8):
        page = mine.get("/me/prescriptions/")
    assert len(re.findall("Tea of", page.content.decode())) == 10
    assertContains(mine.get("/me/prescriptions/?page=2"), "Tea of aloe")
    assertContains(mine.get("/me/prescriptions/?page=99"), "Tea of aloe")


# Staff


def test_a_pharmacist_finds_prescriptions_and_each_look_is_in_the_trail(
    at_clinic, visit, cast, django_assert_max_num_queries
):
    issued = [issue(visit, line(f"Tea of {PLANTS[n]}")) for n in range(12)]
    client = at_clinic(cast.uzima, factories.make_staff(cast.uzima, "pharmacist"))
    where = "/admin/pharmacy/prescription/"
    client.get(where)
    with django_assert_max_num_queries(14):
        page = client.get(where)
    assertContains(page, "Tea of aloe")
    assertNotContains(client.get(f"{where}?state=expired"), "Tea of")
    assertContains(client.get(f"{where}?q={issued[3].verification_code}"), "Tea of dahlia")
    assertContains(client.get(f"{where}{issued[3].pk}/change/"), issued[3].verification_code)
    assert client.get(f"{where}export/").status_code == 403
    with clinic_context(cast.uzima):
        seen = AuditLog.objects.filter(action="prescription.viewed", resource_id=issued[3].pk)
        assert seen.count() == 1
