from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import Guardianship, Patient, User
from accounts.policies import may_act_for
from accounts.services.family import MOST_CHILDREN, add_child
from precta.audit.models import AuditLog
from tests import factories

PROFILE = {
    "first_name": "Amina",
    "last_name": "Hassan Ali",
    "date_of_birth": "1990-02-28",
    "gender": "female",
    "blood_type": "O+",
    "allergies": "Penicillin, peanuts\npenicillin\n  bee   stings ",
    "preferred_language": "sw",
    "emergency_contact_name": "Ali Hassan",
    "emergency_contact_phone": "0712 345 678",
}
CHILD = {"first_name": "Zuri", "last_name": "Hassan", "date_of_birth": "2020-05-01", "relation": "parent"}


@pytest.fixture
def amina(at_platform, cast):
    return at_platform(cast.patient.user)


def test_a_profile_is_saved_whole_and_switches_the_language(amina, cast):
    response = amina.post("/me/profile/", PROFILE)
    assert response.status_code == 302
    assert response.cookies["precta_language"].value == "sw"
    patient = Patient.objects.get(pk=cast.patient.pk)
    assert patient.last_name == "Hassan Ali"
    assert patient.date_of_birth == date(1990, 2, 28)
    assert patient.allergies == ["Penicillin", "peanuts", "bee stings"]
    assert str(patient.emergency_contact_phone) == "+254712345678"
    assert 'lang="sw"' in amina.get("/me/profile/").content.decode()
    details = AuditLog.objects.get(action="patient.updated").details
    assert "allergies" in details["fields"]
    assert "enicillin" not in str(details)


def test_saving_again_changes_and_writes_nothing(amina, cast):
    amina.post("/me/profile/", PROFILE)
    amina.post("/me/profile/", PROFILE)
    assert AuditLog.objects.filter(action="patient.updated").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", ""),
        ("first_name", "A" * 101),
        ("last_name", "H\u202eassan"),
        ("last_name", "Has\x00san"),
        ("date_of_birth", "2023-02-29"),
        ("date_of_birth", "1850-01-01"),
        ("date_of_birth", "2999-01-01"),
        ("date_of_birth", "NaN"),
        ("gender", "x"),
        ("blood_type", "C+"),
        ("allergies", "a" * 101),
        ("allergies", "\n".join(f"thing {n}" for n in range(31))),
        ("allergies", "pea\u202enut"),
        ("preferred_language", "fr"),
        ("emergency_contact_phone", "12"),
        ("emergency_contact_phone", ""),
        ("emergency_contact_name", ""),
    ],
)
def test_bad_input_is_told_at_its_field_keeps_what_was_typed_and_changes_nothing(amina, cast, field, value):
    response = amina.post("/me/profile/", PROFILE | {field: value})
    page = response.content.decode()
    assert response.status_code == 400
    assert f'id="id_{field}_error"' in page
    assert 'value="O+" selected' in page or field == "blood_type"
    assert not AuditLog.objects.filter(action="patient.updated").exists()


def test_html_in_a_name_is_text(amina, cast):
    amina.post("/me/profile/", PROFILE | {"first_name": "<b>A</b>"})
    page = amina.get("/me/profile/").content.decode()
    assert "<b>A" not in page
    assert "&lt;b&gt;A" in page


def test_posted_fields_that_are_not_on_the_form_are_ignored(amina, cast):
    amina.post("/me/profile/", PROFILE | {"id": cast.other_patient.pk, "user": cast.other_patient.pk, "role": "admin"})
    cast.other_patient.refresh_from_db()
    assert cast.other_patient.first_name == "Peter"
    assert User.objects.get(pk=cast.patient.pk).role == "patient"


def test_a_child_is_a_person_without_a_login_whose_guardian_acts_for_them(amina, cast, at_platform):
    assert amina.post("/me/family/add/", CHILD).status_code == 302
    link = Guardianship.objects.get()
    child = link.child
    assert child.user.email == f"{child.pk}@no-mail.invalid"
    assert not child.user.has_usable_password()
    assert may_act_for(cast.patient.user, child)
    assert not may_act_for(cast.other_patient.user, child)
    assert "Zuri Hassan" in amina.get("/me/family/").content.decode()
    assert "no-mail" not in amina.get("/me/family/").content.decode()
    for path in ("login", "password/reset", "signup"):
        data = {"login": child.user.email, "email": child.user.email, "password": "x"}
        assert at_platform().post(f"/account/{path}/", data).status_code == 200


def test_somebody_of_age_is_not_a_child(amina, cast):
    today = timezone.now().date()
    for born in ("1999-01-01", today.replace(year=today.year - 18, day=1).isoformat(), "", "2999-01-01"):
        assert amina.post("/me/family/add/", CHILD | {"date_of_birth": born}).status_code == 400, born
    assert not Guardianship.objects.exists()
    assert User.objects.filter(email__endswith="no-mail.invalid").count() == 0
    born = (today - timedelta(days=1)).isoformat()
    assert amina.post("/me/family/add/", CHILD | {"date_of_birth": born}).status_code == 302


def test_another_guardian_sees_and_changes_nothing(amina, cast, at_platform):
    amina.post("/me/family/add/", CHILD)
    link = Guardianship.objects.get()
    other = at_platform(cast.other_patient.user)
    for path in (f"/me/family/{link.pk}/", f"/me/family/{link.pk}/stop/", "/me/family/0/", "/me/family/%00/"):
        assert other.get(path).status_code == 404, path
        assert other.post(path, CHILD).status_code == 404, path
    link.refresh_from_db()
    assert link.ended_at is None


def test_a_child_is_changed_and_let_go(amina, cast):
    amina.post("/me/family/add/", CHILD)
    link = Guardianship.objects.get()
    changed = CHILD | {"first_name": "Zawadi", "relation": "guardian", "allergies": "milk"}
    assert amina.post(f"/me/family/{link.pk}/", changed).status_code == 302
    link.refresh_from_db()
    assert (link.child.first_name, link.relation, link.child.allergies) == ("Zawadi", "guardian", ["milk"])
    assert "Stop acting for Zawadi" in amina.get(f"/me/family/{link.pk}/stop/").content.decode()
    assert Guardianship.objects.get().ended_at is None
    assert amina.post(f"/me/family/{link.pk}/stop/").status_code == 302
    assert not may_act_for(cast.patient.user, link.child)
    assert Patient.objects.filter(pk=link.child_id).exists()
    assert amina.get(f"/me/family/{link.pk}/").status_code == 404


def test_one_account_has_only_so_many_children(amina, cast):
    for n in range(MOST_CHILDREN):
        add_child(
            guardian=cast.patient,
            by=cast.patient.user,
            values={"first_name": f"C{n}", "last_name": "H", "date_of_birth": date(2020, 1, 1)},
        )
    assert amina.post("/me/family/add/", CHILD).status_code == 400
    assert Guardianship.objects.count() == MOST_CHILDREN


def test_the_family_is_for_patients(at_platform, cast):
    for path in ("/me/family/", "/me/family/add/"):
        assert at_platform().get(path).status_code == 302
        assert at_platform(cast.doctor.user).get(path).status_code == 403
        assert at_platform(cast.admin).get(path).status_code == 403
        assert at_platform(cast.staff).get(path).status_code == 404
        assert at_platform(cast.patient.user).delete(path).status_code == 405


def test_who_is_no_patient_finds_how_they_sign_in_and_changes_nobodys_profile(at_platform, cast):
    assert at_platform().get("/me/profile/").status_code == 302
    for user in (cast.doctor.user, cast.staff, cast.admin):
        client = at_platform(user)
        page = client.get("/me/profile/").content.decode()
        assert user.email in page and "blood_type" not in page
        assert client.post("/me/profile/", PROFILE).status_code == 403
    assert not Patient.objects.filter(last_name="Hassan Ali").exists()


def test_the_family_page_takes_as_many_queries_for_ten_children_as_for_one(amina, cast, django_assert_max_num_queries):
    for n in range(10):
        child = factories.make_patient(f"C{n}", "Hassan", date_of_birth=date(2020, 1, 1))
        Guardianship.objects.create(guardian=cast.patient, child=child)
    with django_assert_max_num_queries(8):
        amina.get("/me/family/")
