"""The written table of who may do what: the code, the document and the words say the same."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory

from clinics.models import Membership, MembershipRole
from clinics.permission_table import as_markdown
from clinics.policies import CAPABILITIES, CAPABILITY_WORDS, PERMISSIONS, can, may, require
from tests import factories

DOCUMENT = Path(__file__).parents[2] / "docs" / "permissions.md"
FRONT_DESK_MAY = {
    *("visits.view", "visits.book", "visits.move", "visits.cancel", "visits.attend"),
    *("patients.view", "patients.link", "availability.view"),
    *("payments.view", "payments.take_cash", "payments.hand_back_cash", "payments.retry_refund"),
}
OWNER_ALONE_MAY = {"staff.manage_leaders", "staff.transfer"}
DISPENSERS_ALONE_MAY = {"prescriptions.view", "orders.view", "orders.dispense", "orders.cancel"}
PHARMACIST_MAY = DISPENSERS_ALONE_MAY | {"pharmacy.catalogue"}


def test_the_document_is_what_the_code_says():
    found = re.search("<!-- table -->\n(.*)<!-- end of table -->", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    assert found[1] == as_markdown(), "write what clinics.permission_table.as_markdown() gives into docs/permissions.md"


def test_every_capability_is_said_in_words():
    assert set(CAPABILITY_WORDS) == set(CAPABILITIES)


@pytest.mark.parametrize("role", MembershipRole.values)
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_each_role_holds_what_its_work_needs_and_no_more(role, capability):
    expected = {
        "owner": True,
        "manager": capability not in OWNER_ALONE_MAY | DISPENSERS_ALONE_MAY,
        "front_desk": capability in FRONT_DESK_MAY,
        "pharmacist": capability in PHARMACIST_MAY,
    }[role]
    assert can(Membership(role=role), capability) is expected
    assert not can(Membership(role=role, is_active=False), capability)


def test_nobody_without_a_membership_holds_anything():
    assert not any(can(None, capability) for capability in CAPABILITIES)
    assert not any(may(None, action, label) for label, actions in PERMISSIONS.items() for action in actions)


def test_an_unknown_capability_is_a_mistake_of_the_programmer():
    with pytest.raises(KeyError):
        can(None, "visits.erase")


def test_asking_for_a_capability_is_refused_at_another_clinic(cast):
    request = RequestFactory().get("/admin/")
    request.clinic = cast.uzima
    request.user = cast.staff
    assert require(request, "visits.move").role == "front_desk"
    with pytest.raises(PermissionDenied):
        require(request, "staff.manage")
    for user in (factories.make_staff(cast.pwani, "owner"), cast.admin, AnonymousUser()):
        request = RequestFactory().get("/admin/")
        request.clinic, request.user = cast.uzima, user
        with pytest.raises(PermissionDenied):
            require(request, "visits.move")
