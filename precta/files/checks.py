"""What is taken: by content, never by the name or the type that the browser claims.

Sources of the rules: OWASP's File Upload Cheat Sheet; the EICAR test file as its makers define it.
"""

import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from django.utils.translation import gettext_lazy as _

from precta.files import scanner
from precta.files.exceptions import ScannerUnavailable, UploadRefused
from precta.text import printable

if TYPE_CHECKING:
    from pypdf import PdfReader

MEGABYTE = 2**20
MOST_BYTES = 10 * MEGABYTE
LONGEST_NAME = 100
PDF = "application/pdf"
IMAGES = frozenset({"image/jpeg", "image/png", "image/webp"})
DOCUMENTS = IMAGES | {PDF}
HEIC = "image/heic"
# What a patient photographs with a phone is often HEIC; it is kept as JPEG, which every browser shows.
RECORDS = DOCUMENTS | {HEIC}
# The endings that a name may have for each content; the first is the one it gets.
EXTENSIONS = {
    PDF: ("pdf",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    HEIC: ("heic", "heif", "hif"),
}
# ISO/IEC 23008-12: what stands behind "ftyp" in a picture coded with HEVC, or in one whose list of brands tells more.
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}
HEIF_BRANDS = HEIC_BRANDS | {b"mif1", b"msf1"}
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
# What begins something that a browser or a server might run, when it hides in a picture or a PDF.
# Four letters alone turn up by chance in one large photo of a hundred, so a tag needs what follows its name.
FOREIGN = re.compile(
    rb"<(?:[sS][cC][rR][iI][pP][tT]|[hH][tT][mM][lL]|![dD][oO][cC][tT][yY][pP][eE]|\?[pP][hH][pP]|[iI][fF][rR][aA][mM][eE]"
    rb"|[sS][vV][gG][ >/\n\r\t])"
)
HEADER = b"%PDF-"
# What programs leave behind the end of a PDF without meaning harm: blanks, or a few bytes of a mail gateway.
MOST_TRAILING = 1024
ACTIONS = {
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/GoToR",
    "/GoToE",
    "/Rendition",
    "/RichMediaExecute",
}
CARRIERS = {"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"}
FORBIDDEN_IN_NAMES = set('<>:"/\\|?*\x00')
DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}

TYPE = _("This kind of file is not accepted. Choose a %(kinds)s file.")
SIZE = _("This file is too large. Choose one of at most %(megabytes)s MB.")
EMPTY = _("This file is empty. Choose another one.")
ENCRYPTED = _("This PDF is protected by a password. Save a copy without the password and choose that one.")
POLYGLOT = _("This file holds more than one kind of content. Save it anew, or photograph the paper, and try again.")
VIRUS = _("This file looks dangerous and was not kept. Choose another one.")
UNREADABLE = _("This file cannot be opened; it may be damaged. Choose another one.")
UNCHECKED = _("Files cannot be checked at the moment. Please try again in a few minutes.")


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """A file that may be kept. Pictures have been drawn anew, so that nothing but the picture is left of them."""

    content_type: str
    extension: str
    name: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)


def check_upload(
    upload: Any, *, allowed: frozenset[str] = DOCUMENTS, max_bytes: int = MOST_BYTES, name: str = ""
) -> CheckedUpload:
    """Read `upload` (a file with `size` and `name`) whole and check it. Raises UploadRefused, which says why.

    `allowed` are content types of EXTENSIONS.
    """
    if upload.size > max_bytes:
        raise UploadRefused(SIZE, code="size", params={"megabytes": max(max_bytes // MEGABYTE, 1)})
    if upload.size == 0:
        raise UploadRefused(EMPTY, code="empty")
    upload.seek(0)
    data = upload.read()
    name = name or upload.name or ""
    _refuse_malware(data)
    kind = content_type_of(data)
    if kind not in allowed or not _ending_fits(name, kind):
        raise UploadRefused(TYPE, code="type", params={"kinds": kinds_named(allowed)})
    _refuse_polyglot(data, kind)
    if kind == PDF:
        _refuse_unreadable_pdf(data)
    else:
        from precta.files.images import reencode

        kind, data = reencode(data, heic=kind == HEIC)
    extension = EXTENSIONS[kind][0]
    return CheckedUpload(kind, extension, safe_name(name, extension), data)


def content_type_of(data: bytes) -> str:
    """The type that the bytes themselves tell, empty when it is none that we know."""
    if data[4:8] == b"ftyp":
        return HEIC if _is_heic(data) else ""
    # Here, like what draws pictures: a web worker that is brought no file does without.
    import puremagic

    try:
        found = puremagic.magic_string(data)
    except (puremagic.PureError, ValueError):
        return ""
    for match in found:
        if match.mime_type in EXTENSIONS:
            # Some readers look for the beginning anywhere in the first kilobyte; we want it where it belongs.
            return match.mime_type if match.mime_type != PDF or data.startswith(HEADER) else ""
    return ""


def _is_heic(data: bytes) -> bool:
    length = min(int.from_bytes(data[:4]), 256)
    brands = {data[at : at + 4] for at in range(16, length, 4)}
    return data[8:12] in HEIC_BRANDS or (data[8:12] in HEIF_BRANDS and bool(brands & HEIC_BRANDS))


def kinds_named(allowed: frozenset[str]) -> str:
    """What may be chosen, as people call it: PDF, JPG or PNG."""
    return ", ".join(EXTENSIONS[kind][0].upper() for kind in EXTENSIONS if kind in allowed)


def accepted(allowed: frozenset[str]) -> str:
    """The `accept` attribute of a file field."""
    return ",".join([*sorted(allowed), *(f".{ending}" for kind in sorted(allowed) for ending in EXTENSIONS[kind])])


def safe_name(name: str, extension: str) -> str:
    """`name` as it can be shown and saved anywhere: no path, nothing invisible, our own ending, never empty."""
    bare = unicodedata.normalize("NFC", printable(name.replace("\\", "/").rpartition("/")[2]))
    stem = bare.rpartition(".")[0] if "." in bare else bare
    stem = "".join(c for c in stem if c not in FORBIDDEN_IN_NAMES).strip(" .")[:LONGEST_NAME].rstrip(" .")
    if not stem or stem.split(".")[0].lower() in DEVICES:
        stem = "document"
    return f"{stem}.{extension}"


def _ending_fits(name: str, kind: str) -> bool:
    ending = PurePosixPath(name.replace("\\", "/").lower().rstrip(" .")).suffix.removeprefix(".")
    # A name without an ending is a scanner's or a phone's; a wrong ending is a mistake or a trick.
    return not ending or ending in EXTENSIONS[kind]


def _refuse_malware(data: bytes) -> None:
    if EICAR in data:
        raise UploadRefused(VIRUS, code="virus")
    try:
        clean = scanner.is_clean(data)
    except ScannerUnavailable:
        raise UploadRefused(UNCHECKED, code="unchecked") from None
    if not clean:
        raise UploadRefused(VIRUS, code="virus")


def _refuse_polyglot(data: bytes, kind: str) -> None:
    # One pass: a lower-case copy and a search for each tag took several times as long.
    found = FOREIGN.search(data) is not None or zipfile.is_zipfile(io.BytesIO(data))
    if kind == PDF:
        found = found or len(data[data.rfind(b"%%EOF") + 5 :].strip()) > MOST_TRAILING
    else:
        found = found or HEADER in data
    if found:
        raise UploadRefused(POLYGLOT, code="polyglot")


def _refuse_unreadable_pdf(data: bytes) -> None:
    # Here because a web worker that meets no PDF does without its 19 MB.
    from pypdf import PdfReader

    reader = None
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise UploadRefused(ENCRYPTED, code="encrypted")
        pages = len(reader.pages)
        acts = _has_scripts_or_files(reader)
    except UploadRefused:
        raise
    except Exception:  # a hostile file makes a parser fail in ways that no list of errors foresees
        raise UploadRefused(UNREADABLE, code="unreadable") from None
    finally:
        if reader is not None:
            # Its parts refer to one another: let alone, they hold the whole file until the collector comes by.
            reader.close()
            reader.stream = io.BytesIO()
    if not pages:
        raise UploadRefused(UNREADABLE, code="unreadable")
    if acts:
        raise UploadRefused(POLYGLOT, code="polyglot")


def _has_scripts_or_files(reader: "PdfReader") -> bool:
    """Whether the document runs something when it is opened or clicked, or carries other files. A scan does neither."""
    root = reader.root_object
    names, form, outline = (_resolved(root, entry) for entry in ("/Names", "/AcroForm", "/Outlines"))
    if "/JavaScript" in names or "/EmbeddedFiles" in names or "/XFA" in form or _acts(root):
        return True
    # A form's field need not stand on a page, nor do the bookmarks.
    if any(map(_acts, _walk(form, "/Fields", "/Kids"))) or any(map(_acts, _walk(outline, "/First", "/Next"))):
        return True
    return any(_acts(page) or any(map(_is_active, page.get("/Annots") or ())) for page in reader.pages)


def _is_active(annotation: Any) -> bool:
    found = annotation.get_object()
    return hasattr(found, "get") and (_name(found, "/Subtype") in CARRIERS or _acts(found))


def _acts(thing: Any) -> bool:
    """Whether the catalogue, a page, a field, a bookmark or a mark on a page has an action of its own, also as what
    follows a harmless one; a link to a page or address is none."""
    if "/AA" in thing:
        return True
    begun = (_resolved(thing, entry) for entry in ("/OpenAction", "/A"))
    return any(_name(act, "/S") in ACTIONS for first in begun for act in _walk(first, "/Next"))


def _walk(start: Any, *entries: str) -> Iterator[Any]:
    """The dictionary `start` and all that hang below it by these entries, alone or in lists, each once."""
    waiting, seen = [start], set()
    while waiting:
        thing = waiting.pop()
        found = thing.get_object() if hasattr(thing, "get_object") else thing
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, list):
            waiting += found
        elif hasattr(found, "get"):
            yield found
            waiting += [found[entry] for entry in entries if entry in found]


def _name(thing: Any, entry: str) -> Any:
    """What stands there, also when it is written elsewhere in the file; empty for nothing."""
    found = thing.get(entry, "")
    return found.get_object() if hasattr(found, "get_object") else found


def _resolved(thing: Any, entry: str) -> Any:
    """A dictionary below `thing`, wherever in the file it stands; an empty one for a page to jump to."""
    found = thing.get(entry)
    found = found.get_object() if found is not None else {}
    return found if hasattr(found, "get") else {}
