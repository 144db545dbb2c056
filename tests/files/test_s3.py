"""Private files in a bucket, as django-storages writes them."""

from datetime import timedelta

import boto3
import moto
import pytest
from django.core.files.storage import storages
from storages.backends.s3 import S3Storage

from precta import clock
from precta.files import orphans, rotation, store
from precta.files.checks import check_upload
from precta.files.exceptions import FileUnreadable
from precta.tenancy import clinic_context
from tests.files import corpus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bucket(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto.mock_aws():
        boto3.client("s3").create_bucket(Bucket="precta")
        monkeypatch.setitem(storages._storages, "private", S3Storage(bucket_name="precta"))
        yield


def test_a_file_is_sealed_kept_found_rotated_and_removed_in_a_bucket(uzima):
    with clinic_context(uzima):
        key = store.put(check_upload(corpus.upload(corpus.pdf(padding=9_000_000))), folder="records")
        with storages["private"].open(key) as lying:
            assert b"%PDF" not in lying.read()
        assert store.size_stored(key) == len(store.read_stored(key))
        before = store.wrapped_under(key)
        assert rotation.rotate(uzima.schema_name, new_key=True).files == 1
        assert store.wrapped_under(key) != before
        assert store.read_stored(key) == corpus.pdf(padding=9_000_000)
        assert orphans.sweep() == 0
        assert orphans.sweep(now=clock.now() + timedelta(days=2)) == 1
        for look in (store.open_stored, store.size_stored):
            with pytest.raises(FileUnreadable):
                look(key)
        store.delete(key)
