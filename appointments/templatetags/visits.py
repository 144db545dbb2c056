"""How visits read on a page."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Patient
from accounts.selectors import years_before
from accounts.specialties import practitioner_of
from appointments import explanations
from appointments.wall_clock import city_of
from clinics.policy_settings import ClinicSettings
from precta.payments.models import Payment, PaymentMethod
from precta.payments.phones import mask_phone

register = template.Library()

register.filter("outcome", explanations.outcome)


@register.filter
def wall_time(moment: datetime | None, clinic: Any) -> datetime | None:
    """The moment on the clinic's wall clock, without a zone, so that `date` prints it as it is."""
    return moment and timezone.localtime(moment, clinic.policy.tz).replace(tzinfo=None)


@register.filter
def zone_if_foreign(moment: datetime | None, clinic: Any) -> str:
    """Like "EST" where the clinic's clock is not Kenya's at that moment; empty where it is."""
    if moment is None:
        return ""
    theirs = moment.astimezone(clinic.policy.tz)
    ours = moment.astimezone(ClinicSettings().tz)
    return "" if theirs.utcoffset() == ours.utcoffset() else theirs.tzname() or ""


@register.filter
def city_of_clock(clinic: Any) -> str:
    """Like "Nairobi": the city by whose clock the clinic lives."""
    return city_of(clinic.policy.tz)


@register.inclusion_tag("appointments/_own_clock.html")
def own_clock(moment: datetime, clinic: Any) -> dict[str, Any]:
    """The moment by the reader's own clock, which static/js/zone.js shows where that is another than the clinic's."""
    zone = clinic.policy.tz
    return {"moment": moment, "zone": zone.key, "city": city_of(zone)}


@register.filter
def practitioner(specialties: list[str]) -> str:
    """What a doctor of these fields is called: "Paediatrician"."""
    return practitioner_of(specialties[0]) if specialties else ""


@register.filter
def paid_by(payment: Payment) -> str:
    """How it was paid, as a whole phrase."""
    phrases = {
        PaymentMethod.MPESA: _("Paid by M-Pesa"),
        PaymentMethod.CARD: _("Paid by card"),
        PaymentMethod.CASH: _("Paid in cash"),
    }
    return phrases[PaymentMethod(payment.method)]


@register.filter
def age(patient: Patient) -> int | None:
    """Whole years, or None when the day of birth is not known."""
    if patient.date_of_birth is None:
        return None
    today: date = timezone.localdate()
    years = today.year - patient.date_of_birth.year
    return years - (patient.date_of_birth > years_before(today, years))


@register.filter
def masked_phone(number: str) -> str:
    """`+254712345678` → `+254 7•• ••• 678`: enough to recognise it by, for a screen that others can see."""
    return mask_phone(str(number))
