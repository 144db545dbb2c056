"""The languages that doctors and patients speak in Kenya, by code (ISO 639-1 where there is one, else 639-3)."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, str | Promise] = {
    "en": _("English"),
    "sw": _("Kiswahili"),
    "ki": _("Kikuyu"),
    "luo": _("Luo"),
    "kln": _("Kalenjin"),
    "kam": _("Kamba"),
    "so": _("Somali"),
    "luy": _("Luhya"),
    "guz": _("Kisii"),
    "mer": _("Meru"),
    "ebu": _("Embu"),
    "nyf": _("Mijikenda"),
    "dav": _("Taita"),
    "mas": _("Maasai"),
    "saq": _("Samburu"),
    "tuv": _("Turkana"),
    "om": _("Borana Oromo"),
    "pko": _("Pokot"),
    "kuj": _("Kuria"),
    "xki": _("Kenyan Sign Language"),
    "ar": _("Arabic"),
    "fr": _("French"),
    "de": _("German"),
    "hi": _("Hindi"),
    "gu": _("Gujarati"),
    "zh": _("Chinese"),
}
CHOICES: list[tuple[str, str | Promise]] = list(NAMES.items())


def name_of(code: str) -> str:
    """The language's name in the active language; an unknown code is shown as it is."""
    return str(NAMES.get(code, code))


def named(codes: Iterable[str]) -> str:
    """A list for people: "English, Kiswahili"."""
    return ", ".join(name_of(code) for code in codes)
