"""A paid order at the pharmacy's desk in the browser: asked about, answered, dispensed, sent off, handed over."""

import re
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe

from pharmacy.models import Order, Substitution
from precta import hosts
from precta.tenancy import clinic_context
from tests.browser import PHONE
from tests.e2e.test_pages import SERIOUS
from tests.pharmacy.desk_helpers import adds_up, books, given, paid_order, refunds, stocked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def serious(page):
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_paid_order_is_prepared_asked_about_dispensed_and_delivered(visitor, scene, scripts):
    clinic, host = scene.uzima, hosts.clinic_host(scene.uzima)
    patient = scene.patient("Amina", allergies=["Penicillin"])
    zinc = stocked(clinic, "Zinc sulfate", (1, 40), (9, 400), sku=f"E-{patient.pk[:20]}-1")
    missing = stocked(clinic, "Cetirizine", sku=f"E-{patient.pk[:20]}-2")
    instead = stocked(
        clinic,
        "Cetirizine",
        sku=f"E-{patient.pk[:20]}-3",
        brand_name=f"Alerid {patient.pk[-6:]}",
        price=Decimal("80.00"),
    )
    order = paid_order(clinic, patient, (zinc, 2), (missing, 1))

    desk = visitor(scene.staff("pharmacist"), java_script_enabled=scripts, viewport=PHONE)
    desk.go(f"/admin/desk/orders/?q={order.number}", host)
    page = desk.page
    if scripts:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Amina Hassan").click()
    page.get_by_role("button", name="Begin to prepare").click()
    page.get_by_text("You are preparing this order").wait_for()
    if scripts:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("link", name=re.compile("Another medicine.*Cetirizine")).click()
    page.get_by_label(f"Alerid {patient.pk[-6:]}").check()
    page.get_by_label("Why?").fill("Sold out for two weeks")
    page.get_by_role("button", name="Ask the patient").click()
    page.get_by_text("The patient is asked, and answers").wait_for()

    theirs = visitor(patient, java_script_enabled=scripts, viewport=PHONE)
    theirs.go(f"/orders/{order.pk}/", host)
    if scripts:
        assert serious(theirs.page) == []
    theirs.page.get_by_role("button", name="Yes, take it instead").click()
    theirs.page.get_by_text("Your order is changed").wait_for()
    assert refunds(clinic, order) == [20]

    page.goto(page.url.partition("#")[0])
    # The first batch to expire is emptied first, the rest is proposed from the next.
    page.get_by_role("button", name=re.compile("Dispense.*Zinc sulfate")).click()
    page.get_by_text("Dispensed: Zinc sulfate").wait_for()
    page.get_by_role("button", name=re.compile("Dispense.*Cetirizine")).click()
    page.get_by_text("Every line is dispensed in full").wait_for()
    assert given(clinic, order) == 3
    page.get_by_role("link", name="Send it off").click()
    page.get_by_label("Who brings it?").fill("Otieno")
    page.get_by_label("The courier's phone").fill("0722 000 111")
    page.get_by_role("button", name="It has left").click()
    page.get_by_text("It is on its way").first.wait_for()
    theirs.go(f"/orders/{order.pk}/", host)
    theirs.page.get_by_text("Otieno").first.wait_for()
    page.get_by_role("link", name="Hand it over").click()
    page.get_by_role("button", name="Handed over").click()
    page.get_by_text("It is noted as handed over").wait_for()
    with clinic_context(clinic):
        row = Order.objects.get(pk=order.pk)
        assert (row.status, row.received_by, row.courier_phone) == ("delivered", "Amina Hassan", "+254722000111")
        assert Substitution.objects.get(item__order=row).status == "accepted"
    assert (books(clinic, zinc), books(clinic, missing), books(clinic, instead)) == ((8, 8), (20, 20), (19, 19))
    assert adds_up(clinic, order)
