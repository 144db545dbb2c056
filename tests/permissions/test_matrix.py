"""Every address of every host, knocked at by everybody, by GET and by POST."""

from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.db import connection, transaction

from tests.permissions.addresses import Address, every_address
from tests.permissions.matrix import (
    FACTOR,
    FORBIDDEN,
    IN,
    MATRIX,
    MISSING,
    PEOPLE,
    SIGN_IN,
    WRONG_METHOD,
    Rule,
)

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

BY_STATUS = {403: FORBIDDEN, 404: MISSING, 405: WRONG_METHOD}


@contextmanager
def undone():
    """What happens inside is rolled back; to durable blocks it looks like the test's own transaction."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)
    connection.set_schema_to_public()
    cache.clear()


def outcome(response) -> str:
    location = response.headers.get("Location", "")
    if response.status_code == 302 and "/login/?" in location:
        return SIGN_IN
    if response.status_code == 302 and "/second-factor/check/?" in location:
        return FACTOR
    if response.status_code in BY_STATUS:
        return BY_STATUS[response.status_code]
    return IN if response.status_code < 500 else str(response.status_code)


def values_for(address: Address, rule: Rule, sample) -> dict[str, str]:
    values = {**sample.by_name, **rule.values}
    if "object_id" in rule.values:
        values["object_id"] = sample.by_model[address.host][rule.values["object_id"]]
    return values


@pytest.mark.parametrize("host", MATRIX)
def test_every_address_is_in_the_table_and_the_table_names_no_other(host):
    there = {address.name for address in every_address(host)}
    unknown = sorted(there - set(MATRIX[host]))
    assert not unknown, (
        f"Say who may open these in tests/permissions/matrix.py ({host.upper()}), one Rule(get, post) each: {unknown}"
    )
    gone = sorted(set(MATRIX[host]) - there)
    assert not gone, f"These are no addresses of the {host} host any more: {gone}"


@pytest.mark.parametrize("host", MATRIX)
def test_everybody_is_let_in_exactly_where_the_table_says(host, sample, knock):
    wrong = []
    for address in every_address(host):
        rule = MATRIX[host].get(address.name)
        if rule is None:
            continue
        path = address.path(values_for(address, rule, sample))
        for method, wanted in (("GET", rule.get), ("POST", rule.post)):
            for person in PEOPLE:
                with undone():
                    found = outcome(knock(host, person, method, path))
                expected = wanted.expected(person)
                if found not in expected:
                    wrong.append(f"{method} {path} ({address.name}) by {person}: {found}, not {' or '.join(expected)}")
    assert not wrong, "\n" + "\n".join(wrong)
