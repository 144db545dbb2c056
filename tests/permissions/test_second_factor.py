"""No address that shows a patient to staff opens in a session that has not passed the second factor."""

import pytest

from accounts.middleware import asks_for_second_factor
from tests import factories
from tests.permissions.addresses import every_address
from tests.permissions.matrix import FACTOR, IN, MATRIX, SIGN_IN, STRANGER
from tests.permissions.test_matrix import outcome, undone, values_for

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

# What may be opened without it, written out: a new address of these hosts is none of these until somebody says so.
OPEN_AT_CLINICS = {
    "healthz",
    "readyz",
    "set-language",
    "set-theme",
    "public-image",
    "account_logout",
    "accounts:clinic:home",
    "accounts:clinic:doctors",
    "accounts:clinic:doctor",
    "accounts:clinic:robots",
}
OPEN_AT_ADMIN = {
    "healthz",
    "readyz",
    "set-language",
    "set-theme",
    "public-image",
    "platform_admin:login",
    "platform_admin:logout",
    "platform_admin:second-factor",
    "platform_admin:second-factor-set-up",
    "platform_admin:second-factor-codes",
}


def test_only_what_is_written_here_is_open_without_it():
    def open_at(host):
        names = {address.name for address in every_address(host)}
        return {name for name in names if not asks_for_second_factor(host, name)}

    # A patient's own visits belong to the patient, who may be a doctor elsewhere.
    assert {name for name in open_at("clinic") if not name.startswith("appointments:patient:")} == OPEN_AT_CLINICS
    assert open_at("admin") == OPEN_AT_ADMIN


@pytest.mark.parametrize("has_one", [False, True], ids=["none set up", "set up, not passed"])
@pytest.mark.parametrize("host", ["clinic", "admin"])
def test_every_address_of_the_work_asks_for_it(host, has_one, sample, knock, people):
    """Whoever would be let in, and whoever would not: the question comes before the view."""
    workers = [person for person in people if person != STRANGER and not person.endswith("patient")]
    if has_one:
        for person in workers:
            factories.give_second_factor(people[person])
    wrong = []
    for address in every_address(host):
        if not asks_for_second_factor(host, address.name):
            continue
        path = address.path(values_for(address, MATRIX[host][address.name], sample))
        for person in workers:
            for method in ("GET", "POST"):
                with undone():
                    found = outcome(knock(host, person, method, path, factor=False))
                # At the admin host a session without the factor is none.
                if found != (SIGN_IN if host == "admin" else FACTOR):
                    wrong.append(f"{method} {path} ({address.name}) by {person}: {found}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_doctor_or_staff_needs_none_for_what_is_their_own(sample, knock):
    for person in ("doctor", "owner"):
        for path in ("/me/", "/me/notifications/", "/me/profile/", "/account/second-factor/"):
            assert outcome(knock("platform", person, "GET", path, factor=False)) == IN, path


def test_a_patient_is_refused_by_the_view_and_never_asked_to_set_one_up(sample, knock):
    for path in ("/workspace/", "/admin/"):
        assert outcome(knock("clinic", "patient", "GET", path, factor=False)) == "403"
