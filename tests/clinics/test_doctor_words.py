"""What the admin sites say of a doctor is said in words, in the reader's language."""

import pytest

pytestmark = pytest.mark.django_db


def test_the_doctor_page_names_fields_languages_and_kinds_of_visit(cast, at_clinic, at_admin):
    sites = (
        (at_clinic(cast.uzima, cast.owner), f"/admin/accounts/doctor/{cast.doctor.pk}/change/"),
        (at_admin(cast.admin), f"/accounts/doctor/{cast.doctor.pk}/change/"),
    )
    for client, address in sites:
        client.cookies["precta_language"] = "sw"
        html = client.get(address).content.decode()
        assert "Afya ya watoto" in html
        assert "Kiingereza, Kiswahili" in html
        assert "Kliniki, Kwa video" in html
        assert "paediatrics" not in html
