"""Files as people (and others) bring them; each made here, none kept in the repository."""

import io
import struct
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
ZIP = b"PK\x03\x04"


def pdf(pages: int = 1, password: str = "", padding: int = 0) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if padding:
        writer.add_metadata({"/Padding": "x" * padding})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def armed_pdf(script: str = "", attachment: bytes = b"") -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    if script:
        act = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(act)
    if attachment:
        writer.add_attachment("run.exe", attachment)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def clickable_pdf(action: str = "", subtype: str = "/Link", on_page: bool = False) -> bytes:
    """What runs when the page is turned to, or when something on it is clicked."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    act = DictionaryObject({NameObject("/S"): NameObject(action), NameObject("/JS"): TextStringObject("app.alert(1)")})
    mark = DictionaryObject({NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject(subtype)})
    if on_page:
        page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): act})
    elif action:
        mark[NameObject("/A")] = writer._add_object(act)
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(mark)])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def hidden_script_pdf(where: str) -> bytes:
    """A script that no page and no first action names: `where` is "next", "field", "bookmark" or "reference"."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    act, root = writer._add_object(DictionaryObject(script)), writer.root_object
    if where == "next":
        harmless = {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject("https://example.org")}
        root[NameObject("/OpenAction")] = DictionaryObject(harmless | {NameObject("/Next"): ArrayObject([act])})
    elif where == "field":
        field = DictionaryObject({NameObject("/AA"): DictionaryObject({NameObject("/C"): act})})
        parent = writer._add_object(DictionaryObject({NameObject("/Kids"): ArrayObject([writer._add_object(field)])}))
        root[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject([parent])})
    elif where == "bookmark":
        second = writer._add_object(DictionaryObject({NameObject("/A"): act}))
        first = writer._add_object(DictionaryObject({NameObject("/Next"): second}))
        root[NameObject("/Outlines")] = writer._add_object(DictionaryObject({NameObject("/First"): first}))
    else:
        kind = writer._add_object(NameObject("/JavaScript"))
        link = {NameObject("/Subtype"): NameObject("/Link")}
        link[NameObject("/A")] = DictionaryObject(script | {NameObject("/S"): kind})
        page[NameObject("/Annots")] = ArrayObject([writer._add_object(DictionaryObject(link))])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def picture(form: str = "JPEG", size: tuple[int, int] = (320, 240), **options) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").save(out, form, **options)
    return out.getvalue()


def located_photo(size: tuple[int, int] = (400, 300)) -> bytes:
    """A photo lying on its side, with the place where it was taken in its metadata."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010E] = "SECRET-PLACE"
    exif.get_ifd(0x8825)[1] = "S"
    return picture(size=size, exif=exif, comment=b"SECRET-COMMENT")


def heic_photo(size: tuple[int, int] = (400, 300)) -> bytes:
    """What a phone takes: lying on its side, with place and maker in its metadata."""
    import pillow_heif

    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "SECRET-PLACE"
    taken = pillow_heif.from_pillow(Image.radial_gradient("L").resize(size).convert("RGB"))
    out = io.BytesIO()
    taken.save(out, quality=60, exif=exif.tobytes())
    return out.getvalue()


def pixel_flood(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes that says it is that large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def broken_metadata() -> bytes:
    """A photo that decodes well, and whose metadata says in letters how many pixels wide it is."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "wide"
    return picture(exif=exif).replace(b"\x01\x0e\x00\x02", b"\x01\x00\x00\x02", 1)


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.writestr("run.sh", "echo hello")
    return out.getvalue()


def jar_behind(data: bytes) -> bytes:
    """What Java and every unzipper take for an archive, and a viewer for `data`."""
    return data + archive()


def upload(data: bytes, name: str = "licence.pdf", content_type: str = "application/pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type)


REFUSED = {
    # name: (file name, bytes, code)
    "a page that calls itself a PDF": ("licence.pdf", b"<html><script>alert(1)</script></html>", "type"),
    "a program": ("setup.exe", b"MZ\x90\x00" + b"\0" * 400, "type"),
    "a PDF that ends like a program": ("licence.pdf.exe", pdf(), "type"),
    "a PDF that ends like a picture": ("licence.png", pdf(), "type"),
    "a drawing with a script": ("licence.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "type"),
    "an archive": ("papers.zip", archive(), "type"),
    "a moving picture": ("photo.gif", picture("GIF"), "type"),
    "a text": ("licence.txt", b"I am a doctor.", "type"),
    "nothing at all": ("licence.pdf", b"", "empty"),
    "more than ten megabytes": ("licence.pdf", b"%PDF-1.7\n" + b"0" * (10 * 2**20), "size"),
    "a PDF with a password": ("licence.pdf", pdf(password="secret"), "encrypted"),
    "a PDF that is an archive too": ("licence.pdf", jar_behind(pdf()), "polyglot"),
    "a PDF with a page behind its end": ("licence.pdf", pdf() + b"<html><body>hello</body></html>", "polyglot"),
    "a PDF with much behind its end": ("licence.pdf", pdf() + b"x" * 5000, "polyglot"),
    "a PDF that runs a script": ("licence.pdf", armed_pdf(script="app.alert(1)"), "polyglot"),
    "a PDF that carries a program": ("licence.pdf", armed_pdf(attachment=b"MZ"), "polyglot"),
    "a PDF that runs a script on its page": ("licence.pdf", clickable_pdf("/JavaScript", on_page=True), "polyglot"),
    "a PDF that runs a script when clicked": ("licence.pdf", clickable_pdf("/JavaScript"), "polyglot"),
    "a PDF that runs a script after a link": ("licence.pdf", hidden_script_pdf("next"), "polyglot"),
    "a PDF that runs a script while it reckons": ("licence.pdf", hidden_script_pdf("field"), "polyglot"),
    "a PDF with a script behind a bookmark": ("licence.pdf", hidden_script_pdf("bookmark"), "polyglot"),
    "a PDF that says elsewhere that it is a script": ("licence.pdf", hidden_script_pdf("reference"), "polyglot"),
    "a PDF that starts a program": ("licence.pdf", clickable_pdf("/Launch"), "polyglot"),
    "a PDF with a file pinned to its page": ("licence.pdf", clickable_pdf(subtype="/FileAttachment"), "polyglot"),
    "a picture that is a PDF too": ("licence.jpg", picture() + pdf(), "polyglot"),
    "a picture that is an archive too": ("licence.png", jar_behind(picture("PNG")), "polyglot"),
    "a picture with a program in its comment": ("a.jpg", picture(comment=b"<?php system($_GET[0]); ?>"), "polyglot"),
    "a picture with a drawing behind it": ("a.png", picture("PNG") + b"<SVG\tonload=alert(1)>", "polyglot"),
    "a picture whose metadata is broken": ("a.jpg", broken_metadata(), "unreadable"),
    "a flood of pixels": ("licence.png", pixel_flood(), "pixels"),
    "the scanners' test file": ("licence.pdf", EICAR, "virus"),
    "the scanners' test file inside a PDF": ("licence.pdf", pdf() + EICAR, "virus"),
    "half a picture": ("licence.jpg", picture()[:900], "unreadable"),
    "the beginning of a PDF": ("licence.pdf", b"%PDF-1.7\n%%EOF", "unreadable"),
    "a PDF of noise": ("licence.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"%%EOF", "unreadable"),
}
