"""Private files lie encrypted, open whole or not at all, and only where they belong."""

import io
import os

import pytest
from django.core.files.storage import storages
from django.http import Http404

from precta.files import store
from precta.files.checks import check_upload
from precta.files.exceptions import FileUnreadable
from precta.files.responses import private_response
from precta.files.sealing import CHUNK, HEAD, TAG, Key, seal, size_of_content, unseal
from precta.tenancy import clinic_context
from tests.files import corpus

KEY = Key(b"k" * 8, b"\x01" * 32)
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7]


def sealed(data: bytes, place: str = "public/a/b") -> bytes:
    return b"".join(seal(io.BytesIO(data), place=place, under=KEY))


def opened(data: bytes, place: str = "public/a/b") -> bytes:
    return b"".join(unseal(io.BytesIO(data), place=place, find=find))


def find(kind: bytes, name: bytes) -> Key:
    if name != KEY.name:
        raise FileUnreadable("no such key")
    return KEY


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens_and_its_size_is_known(size):
    data = os.urandom(size)
    closed = sealed(data)
    assert opened(closed) == data
    assert size_of_content(len(closed)) == size
    assert not size or data[:64] not in closed[HEAD:]


def test_the_same_file_is_never_sealed_alike():
    assert sealed(b"x" * 100) != sealed(b"x" * 100)


def parts(closed: bytes) -> list[bytes]:
    body = closed[HEAD:]
    return [closed[:HEAD], *(body[i : i + CHUNK + TAG] for i in range(0, len(body), CHUNK + TAG))]


CHANGES = {
    "the end cut off": lambda p: p[:-1],
    "a whole chunk cut out": lambda p: [p[0], p[1], p[3]],
    "two chunks swapped": lambda p: [p[0], p[2], p[1], p[3]],
    "a chunk twice": lambda p: [p[0], p[1], p[1], p[2], p[3]],
    "something behind": lambda p: [*p, b"x"],
    "all chunks cut off": lambda p: p[:1],
    "half a head": lambda p: [p[0][:50]],
    "one bit changed": lambda p: [p[0], p[1][:5] + bytes([p[1][5] ^ 1]) + p[1][6:], *p[2:]],
    "another key's name": lambda p: [p[0][:4] + b"12345678" + p[0][12:], *p[1:]],
    "no head of ours": lambda p: [b"%PDF" + p[0][4:], *p[1:]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed_does_not_open(change):
    closed = sealed(os.urandom(2 * CHUNK + 100))
    with pytest.raises(FileUnreadable):
        opened(b"".join(CHANGES[change](parts(closed))))


def test_a_file_in_the_place_of_another_does_not_open():
    with pytest.raises(FileUnreadable):
        opened(sealed(b"mine", "public/a/b"), "public/a/c")


@pytest.mark.django_db
def test_what_lies_in_the_store_is_not_the_file_and_its_key_tells_nothing():
    checked = check_upload(corpus.upload(corpus.pdf(), "Achieng Njoroge.pdf"))
    key = store.put(checked, folder="credentials/d1")
    assert key.startswith("public/credentials/d1/")
    assert "Njoroge" not in key
    with storages["private"].open(key) as lying:
        assert b"%PDF" not in lying.read()
    assert os.stat(storages["private"].path(key)).st_mode & 0o077 == 0
    assert store.read_stored(key) == corpus.pdf()
    store.delete(key)
    store.delete(key)
    with pytest.raises(FileUnreadable):
        store.open_stored(key)


@pytest.mark.django_db
def test_a_clinics_file_opens_at_that_clinic_only(uzima, pwani):
    checked = check_upload(corpus.upload(corpus.pdf()))
    with clinic_context(uzima):
        key = store.put(checked, folder="records")
        assert key.startswith("clinic_uzima/records/")
        assert store.read_stored(key) == corpus.pdf()
    for elsewhere in (pwani, None):
        with pytest.raises(FileUnreadable):
            if elsewhere:
                with clinic_context(elsewhere):
                    store.open_stored(key)
            else:
                store.open_stored(key)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "../../etc/passwd", "public/../x", "/etc/passwd", "public", "public/a\x00", "x/y"])
def test_a_key_that_is_none_leads_nowhere(key):
    with pytest.raises(Http404):
        private_response(key, name="a.pdf", content_type="application/pdf")


@pytest.mark.django_db
def test_a_private_file_goes_out_to_its_reader_only_and_cannot_run():
    key = store.put(check_upload(corpus.upload(corpus.picture(), "id.jpg")), folder="credentials/d1")
    response = private_response(key, name='x"\r\ny: 1.html', content_type="image/jpeg")
    assert len(b"".join(response.streaming_content)) == int(response["Content-Length"])
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "script" not in response["Content-Security-Policy"]
    assert response["Content-Disposition"].startswith("inline")
    assert response["Content-Disposition"].endswith('.jpg"')


@pytest.mark.django_db
def test_what_is_not_of_a_known_kind_is_only_ever_saved():
    key = store.put(check_upload(corpus.upload(corpus.pdf())), folder="credentials/d1")
    response = private_response(key, name="a.html", content_type="text/html")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.django_db
def test_a_published_picture_is_shown_on_every_host_and_kept_by_browsers(at_platform, at_clinic, uzima):
    path = store.put_public_image("image/png", corpus.picture("PNG"), folder="doctors")
    assert path == store.put_public_image("image/png", corpus.picture("PNG"), folder="doctors")
    for client in (at_platform(), at_clinic(uzima)):
        response = client.get(path)
        assert (response.status_code, response["Content-Type"]) == (200, "image/png")
        assert "immutable" in response["Cache-Control"]
        assert "Set-Cookie" not in response


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["../private/x", "doctors/x.webp", "doctors/%2e%2e/a.png", "doctors/" + "0" * 40 + ".svg"]
)
def test_nothing_but_published_pictures_is_found_there(at_platform, name):
    assert at_platform().get(f"/pictures/{name}").status_code == 404


@pytest.mark.django_db
def test_a_pdf_is_shown_by_the_browsers_viewer_but_loads_and_sends_nothing():
    key = store.put(check_upload(corpus.upload(corpus.pdf())), folder="credentials/d1")
    policy = private_response(key, name="a.pdf", content_type="application/pdf")["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "form-action 'none'" in policy
    assert "sandbox" not in policy  # Chromium would show an empty page
    framed = private_response(key, name="a.pdf", content_type="application/pdf", framed=True)
    assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
