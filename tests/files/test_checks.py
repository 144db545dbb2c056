"""What people may bring, and what they are told about the rest."""

import io
import socket
import struct
import threading

import pytest
from PIL import Image

from precta.files.checks import DOCUMENTS, IMAGES, RECORDS, check_upload, safe_name
from precta.files.exceptions import UploadRefused
from precta.files.images import contained, square
from tests.files import corpus


@pytest.mark.parametrize("what", corpus.REFUSED)
def test_what_is_no_plain_document_is_refused_with_its_reason(what):
    name, data, code = corpus.REFUSED[what]
    with pytest.raises(UploadRefused) as refused:
        check_upload(corpus.upload(data, name))
    assert refused.value.code == code
    assert refused.value.messages[0].endswith(".")
    assert "%(" not in refused.value.messages[0]


@pytest.mark.parametrize("claimed", ["application/pdf", "text/html", "image/png", ""])
def test_the_content_counts_and_not_what_the_browser_claims(claimed):
    checked = check_upload(corpus.upload(corpus.pdf(), "licence.pdf", claimed))
    assert (checked.content_type, checked.extension) == ("application/pdf", "pdf")
    assert checked.open().read() == corpus.pdf()
    assert (checked.size, len(checked.sha256)) == (len(corpus.pdf()), 64)


@pytest.mark.parametrize(("form", "ending"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_pictures_of_papers_are_taken(form, ending):
    checked = check_upload(corpus.upload(corpus.picture(form), f"Paper.{ending.upper()}"))
    assert checked.name == f"Paper.{'jpg' if form == 'WEBP' else ending}"


def test_a_pdf_may_link_to_the_register():
    assert check_upload(corpus.upload(corpus.clickable_pdf("/URI"))).content_type == "application/pdf"


def test_a_pdf_is_no_photo():
    with pytest.raises(UploadRefused) as refused:
        check_upload(corpus.upload(corpus.pdf()), allowed=IMAGES)
    assert "PDF" not in refused.value.messages[0]
    assert "JPG" in refused.value.messages[0]


def test_a_photo_loses_where_it_was_taken_and_stands_upright():
    data = corpus.located_photo(size=(400, 300))
    assert b"SECRET-PLACE" in data
    checked = check_upload(corpus.upload(data, "photo.jpg"))
    assert b"SECRET" not in checked.data
    picture = Image.open(checked.open())
    assert picture.size == (300, 400)
    assert not picture.getexif()


def test_a_huge_photo_is_made_small_enough_to_read():
    checked = check_upload(corpus.upload(corpus.picture(size=(5000, 4000)), "photo.jpg"))
    assert Image.open(checked.open()).size == (3000, 2400)


@pytest.mark.parametrize("size", [(900, 300), (300, 900), (40, 40)])
def test_a_portrait_is_cropped_to_a_square(size):
    kind, data = square(corpus.located_photo(size=size))
    picture = Image.open(io.BytesIO(data))
    assert (kind, picture.size, picture.format) == ("image/webp", (512, 512), "WEBP")
    assert b"SECRET" not in data


def test_a_logo_keeps_its_shape_and_its_transparency():
    out = io.BytesIO()
    Image.new("RGBA", (800, 200), (0, 0, 0, 0)).save(out, "PNG")
    kind, data = contained(out.getvalue(), width=400, height=400)
    picture = Image.open(io.BytesIO(data))
    assert (kind, picture.size, picture.mode) == ("image/webp", (400, 100), "RGBA")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("licence.PDF", "licence.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\Amina\\My licence.pdf", "My licence.pdf"),
        ("scan", "scan.pdf"),
        ("con.pdf", "document.pdf"),
        (".pdf", "document.pdf"),
        ("...", "document.pdf"),
        ("", "document.pdf"),
        ("a\x00b\r\nSet-Cookie: x.pdf", "ab Set-Cookie x.pdf"),
        ("fdp.\u202eexe.pdf", "fdp.exe.pdf"),
        ('"><img src=x>.pdf', "img src=x.pdf"),
        ("Cheti cha daktari – 2026.pdf", "Cheti cha daktari – 2026.pdf"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
    ],
)
def test_odd_names_are_renamed(given, kept):
    assert safe_name(given, "pdf") == kept


class Clamd(threading.Thread):
    """Speaks as much of ClamAV's protocol as INSTREAM takes, once."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(daemon=True)
        self.answer, self.received = answer, b""
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.listening.getsockname()[1]}"
        self.start()

    def run(self):
        line, _ = self.listening.accept()
        with line, line.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while length := struct.unpack("!I", stream.read(4))[0]:
                self.received += stream.read(length)
            line.sendall(self.answer)
        self.listening.close()


def test_a_scanner_reads_all_of_a_file_and_lets_it_pass(settings):
    clamd = Clamd(b"stream: OK\0")
    settings.CLAMD_URL = clamd.url
    data = corpus.picture(size=(900, 900), quality=100)
    assert check_upload(corpus.upload(data, "a.jpg")).content_type == "image/jpeg"
    assert clamd.received == data


def test_what_a_scanner_finds_is_refused(settings):
    settings.CLAMD_URL = Clamd(b"stream: Win.Test.Bad FOUND\0").url
    with pytest.raises(UploadRefused) as refused:
        check_upload(corpus.upload(corpus.pdf()))
    assert refused.value.code == "virus"


@pytest.mark.parametrize("answer", [b"", b"INSTREAM size limit exceeded. ERROR\0", None])
def test_nothing_is_taken_while_the_scanner_does_not_answer(settings, answer):
    settings.CLAMD_URL = Clamd(answer).url if answer is not None else "tcp://127.0.0.1:9"
    with pytest.raises(UploadRefused) as refused:
        check_upload(corpus.upload(corpus.pdf()))
    assert refused.value.code == "unchecked"


def test_a_phones_heic_is_kept_upright_as_jpeg_without_where_it_was_taken():
    kept = check_upload(corpus.upload(corpus.heic_photo(), "IMG_0001.HEIC"), allowed=RECORDS)
    assert (kept.content_type, kept.name) == ("image/jpeg", "IMG_0001.jpg")
    drawn = Image.open(io.BytesIO(kept.data))
    assert drawn.size == (300, 400)
    assert not drawn.getexif() and b"SECRET" not in kept.data


def test_a_heic_is_no_document_where_none_is_asked_for_and_half_a_one_is_refused():
    for data, allowed, code in (
        (corpus.heic_photo(), DOCUMENTS, "type"),
        (corpus.heic_photo()[: len(corpus.heic_photo()) // 2], RECORDS, "unreadable"),
        (b"\0\0\0\x18ftypavif" + corpus.heic_photo()[12:], RECORDS, "type"),
        (corpus.heic_photo() + corpus.pdf(), RECORDS, "polyglot"),
    ):
        with pytest.raises(UploadRefused) as refused:
            check_upload(corpus.upload(data, "a.heic"), allowed=allowed)
        assert refused.value.code == code
