"""How files arrive: in memory, never on the disk as they came, and never more than we take."""

import builtins
import io

import pytest
from django import forms
from django.core.exceptions import RequestDataTooBig
from django.core.files import temp
from django.http import HttpResponse
from django.test import RequestFactory

from precta.files.forms import DocumentField, status_of
from precta.files.uploads import DroppedUpload
from tests.files import corpus


class PaperForm(forms.Form):
    name = forms.CharField()
    file = DocumentField()


def send(**fields):
    return RequestFactory().post("/x/", fields)


def bound(request):
    return PaperForm(request.POST, request.FILES)


@pytest.mark.parametrize("what", corpus.REFUSED)
def test_a_refused_file_keeps_what_was_typed_and_says_why(what):
    name, data, code = corpus.REFUSED[what]
    form = bound(send(name="Practising licence", file=corpus.upload(data, name)))
    assert not form.is_valid()
    assert form["name"].value() == "Practising licence"
    assert form.errors["file"][0].endswith(".")
    assert status_of(form) == {"type": 415, "size": 413}.get(code, 400)


def test_ten_megabytes_are_taken():
    data = corpus.pdf(padding=10 * 2**20 - len(corpus.pdf(padding=1_000_000)) + 1_000_000 - 1)
    assert 10 * 2**20 - 100 < len(data) <= 10 * 2**20
    form = bound(send(name="x", file=corpus.upload(data)))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["file"].data == data


def test_what_is_too_large_is_dropped_while_it_arrives():
    request = send(name="x", file=corpus.upload(b"%PDF-1.7" + b"0" * (15 * 2**20)))
    assert isinstance(request.FILES["file"], DroppedUpload)
    assert request.FILES["file"].size == 15 * 2**20 + 8
    assert request.POST["name"] == "x"


def test_many_files_at_once_are_kept_up_to_a_sum():
    request = send(**{f"file{n}": corpus.upload(b"0" * (9 * 2**20)) for n in range(4)})
    kept = [upload for upload in request.FILES.values() if not isinstance(upload, DroppedUpload)]
    assert len(kept) == 2


def test_a_request_that_is_larger_than_any_form_is_refused_before_it_is_read():
    request = RequestFactory().post("/x/", {"file": corpus.upload(b"0" * 1000)})
    request.META["CONTENT_LENGTH"] = str(50 * 2**20)
    with pytest.raises(RequestDataTooBig):
        request.FILES  # noqa: B018


@pytest.mark.django_db
def test_too_much_at_once_gets_the_page_that_says_so(at_platform):
    response = at_platform().post(
        "/account/login/", b"x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(50 * 2**20)
    )
    assert response.status_code == 413
    assert "too large" in response.content.decode()


def test_nothing_that_arrives_is_written_to_the_disk(monkeypatch):
    opened = []
    real = builtins.open

    def watched(file, mode="r", *args, **kwargs):
        if set(mode) & set("wax+"):
            opened.append(file)
        return real(file, mode, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", watched)
    monkeypatch.setattr(io, "open", watched)
    monkeypatch.setattr(temp, "NamedTemporaryFile", lambda *a, **k: pytest.fail("a temporary file"))
    form = bound(send(name="x", file=corpus.upload(corpus.picture(size=(2000, 2000), quality=100), "a.jpg")))
    assert form.is_valid()
    assert not opened


def test_a_file_that_was_typed_instead_of_sent_is_an_error_and_no_crash():
    form = PaperForm({"name": "x", "file": "a"}, {"file": "not a file"})
    assert not form.is_valid()
    assert HttpResponse(status=status_of(form)).status_code == 400


def test_a_missing_file_is_asked_for_and_its_field_says_what_it_takes():
    form = PaperForm({"name": "x"}, {})
    assert form.errors["file"] == ["Choose a file."]
    assert 'accept="application/pdf,' in str(form["file"])
