"""What follows a commit."""

import pytest
from django.db import transaction

from precta.commits import after_commit

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_fails_after_a_commit_hinders_neither_the_request_nor_what_comes_next(caplog):
    done = []

    def fail(word):
        raise ConnectionError(word)

    with transaction.atomic():
        after_commit(fail, "the queue is away")
        after_commit(done.append, "next")
        assert not done
    assert done == ["next"]
    assert "fail" in caplog.text


def test_nothing_follows_what_was_rolled_back():
    done = []
    with pytest.raises(ValueError), transaction.atomic():
        after_commit(done.append, 1)
        raise ValueError
    assert not done
