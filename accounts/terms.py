"""What a person agrees to when signing up; the version changes with the sentence or the pages that it names."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from precta import hosts

VERSION = "2026-11"


def _sentence() -> str:
    return gettext(
        "I accept the {terms}terms of use{end} and the {privacy}privacy notice{end}, and that Precta keeps my profile "
        "so that I can book and manage visits."
    )


def as_text() -> str:
    """The sentence in the active language, as it is kept with the consent."""
    return _sentence().format(terms="", privacy="", end="")


def as_label() -> SafeString:
    """The sentence in the active language with links to the two pages, for the box that is ticked."""
    link = '<a href="{}" target="_blank" rel="noopener">'
    return format_html(
        _sentence(),
        terms=format_html(link, hosts.platform_url("pages:terms")),
        privacy=format_html(link, hosts.platform_url("pages:privacy")),
        end=mark_safe("</a>"),
    )
