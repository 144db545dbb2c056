"""What is done to several visits of the list at once: asked first, visit by visit, by whom the table lets."""

import pytest
import time_machine

from tests import factories
from tests.appointments.money_helpers import broken_invariants, refunds_of
from tests.desk.test_visits import fresh, state

pytestmark = pytest.mark.django_db
LIST = "/admin/appointments/appointment/"


def chosen(action, *visits, **more):
    return {"action": action, "index": "0", "_selected_action": [visit.pk for visit in visits], **more}


def test_cancelling_several_asks_first_and_gives_everything_back(ground, desk):
    visits = [ground.paid(3), ground.paid(4, patient=ground.other_patient)]
    over = ground.paid(-2, status="completed")
    client, before = desk(), state(ground.uzima)
    page = client.post(LIST, chosen("cancel", *visits, over)).content.decode()
    assert "get everything back" in page and "Amina" in page and "Peter" in page
    assert state(ground.uzima) == before
    page = client.post(LIST, chosen("cancel", *visits, over, confirmed="yes"), follow=True).content.decode()
    assert "Done for 2 of 3." in page
    assert "As this visit stands, that cannot be done to it." in page
    assert [fresh(visit).status for visit in (*visits, over)] == ["cancelled", "cancelled", "completed"]
    assert [fresh(visit).refund_due for visit in visits] == [2500, 2500]
    assert [amount for visit in visits for amount in refunds_of(visit)] == [2500, 2500]
    assert {fresh(visit).cancelled_by_id for visit in visits} == {ground.staff.pk}
    assert not broken_invariants(ground.uzima)
    again = client.post(LIST, chosen("cancel", *visits, confirmed="yes"), follow=True).content.decode()
    assert "Done for 0 of 2." in again


def test_several_have_arrived_or_did_not_come(ground, desk):
    early, late, tomorrow = ground.paid(1, 8), ground.paid(1, 9), ground.paid(2, 9)
    afar = ground.paid(1, 7, consultation_type="video")
    with time_machine.travel(ground.at(1, 10), tick=False):
        client = desk()
        sent = chosen("arrived", early, afar, tomorrow, confirmed="yes")
        page = client.post(LIST, sent, follow=True).content.decode()
        assert "Done for 1 of 3." in page and "It is too early for that." in page and "no waiting room" in page
        page = client.post(LIST, chosen("did_not_come", early, late, confirmed="yes"), follow=True).content.decode()
        assert "Done for 1 of 2." in page
    assert fresh(early).arrived_at and fresh(early).status == "confirmed"
    assert (fresh(late).status, fresh(tomorrow).arrived_at, fresh(afar).arrived_at) == ("no_show", None, None)


@pytest.mark.parametrize("action", ["cancel", "arrived", "did_not_come"])
def test_a_pharmacist_and_another_clinics_staff_do_nothing_to_visits(ground, desk, at_clinic, action):
    visit = ground.paid(3)
    before = state(ground.uzima)
    assert desk("pharmacist").post(LIST, chosen(action, visit, confirmed="yes")).status_code == 403
    client = at_clinic(ground.pwani, factories.make_staff(ground.pwani, "owner"))
    client.post(LIST, chosen(action, visit, confirmed="yes"))
    assert state(ground.uzima) == before
