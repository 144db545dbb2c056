"""Addresses across hosts, money and times as people read them. Loaded in every template."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import phonenumbers
from django import template
from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext

from precta import hosts

register = template.Library()


@register.simple_tag
def platform_url(name: str, *args: Any, **kwargs: Any) -> str:
    return hosts.platform_url(name, *args, **kwargs)


@register.simple_tag
def clinic_url(clinic: Any, name: str, *args: Any, **kwargs: Any) -> str:
    return hosts.clinic_url(clinic, name, *args, **kwargs)


@register.simple_tag
def admin_url(path: str = "/") -> str:
    return hosts.admin_url(path)


@register.filter
def money(amount: Decimal | int | None, currency: str = "KES") -> str:
    """`2500` → "KES 2,500"; cents are shown only when there are any."""
    if amount is None:
        return ""
    amount = Decimal(amount)
    digits = f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
    return f"{currency}\u00a0{digits}"


@register.filter
def clinic_time(moment: datetime | None, clinic: Any) -> str:
    """Like "Tue 24 Nov, 14:30" in the clinic's zone."""
    return "" if moment is None else formats.date_format(timezone.localtime(moment, clinic.policy.tz), "D j M, H:i")


@register.filter
def clinic_date(moment: datetime | None, clinic: Any) -> str:
    """Like "Tuesday 24 November" in the clinic's zone."""
    return "" if moment is None else formats.date_format(timezone.localtime(moment, clinic.policy.tz), "l j F")


@register.filter
def clinic_clock(moment: datetime | None, clinic: Any) -> str:
    """Like "14:30" in the clinic's zone."""
    return "" if moment is None else f"{timezone.localtime(moment, clinic.policy.tz):%H:%M}"


# The first mark that is found names it: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@register.filter
def device_name(user_agent: str | None) -> str:
    """`Mozilla/5.0 (Linux; Android 14…) … Chrome/…` → "Chrome on Android", for the list of one's sessions."""
    text = user_agent or ""
    browser = next((name for mark, name in BROWSERS if mark in text), "")
    system = next((name for mark, name in SYSTEMS if mark in text), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or gettext("Unknown device")


@register.filter
def clinic_iso_day(moment: datetime | None, clinic: Any) -> str:
    """Like "2026-11-24" in the clinic's zone, for addresses."""
    return "" if moment is None else timezone.localtime(moment, clinic.policy.tz).date().isoformat()


@register.filter
def phone_words(number: str) -> str:
    """A number as people at home read it: "+254700100201" gives "0700 100201"; from elsewhere with its country."""
    try:
        parsed = phonenumbers.parse(str(number), settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return str(number)
    home = phonenumbers.region_code_for_number(parsed) == settings.PHONENUMBER_DEFAULT_REGION
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)
