"""Tells a clinic's pharmacists what runs low, and which promised packs are not there any more."""

from collections.abc import Iterable
from functools import partial

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User, UserStatus
from accounts.selectors import reader
from clinics.models import Clinic, Membership, MembershipRole
from pharmacy.models import Medicine
from precta.hosts import clinic_url
from precta.notifications.telling import INBOX, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic


@on("stock.low")
def tell_low(event: OutboxEvent) -> None:
    """Into the inbox only: it comes every day until somebody has ordered."""
    clinic = current_clinic()
    if clinic is None:
        return
    found = Medicine.objects.low().aggregate(low=Count("pk"), out=Count("pk", filter=Q(stock=0)))
    if found["low"]:
        url = clinic_url(clinic, "admin:pharmacy_medicine_changelist") + "?stock=low"
        words = partial(_low, clinic, found["low"], found["out"])
        tell(event.pk, map(reader, pharmacists_of(clinic)), words, url=url, channels=INBOX)


@on("stock.missing")
def tell_missing(event: OutboxEvent) -> None:
    clinic = current_clinic()
    medicine = Medicine.objects.filter(pk=event.payload["medicine_id"]).first()
    if clinic is None or medicine is None:
        return
    url = clinic_url(clinic, "admin:pharmacy_medicine_stock", medicine.pk)
    words = partial(_missing, clinic, medicine, int(event.payload["packs"]))
    tell(event.pk, map(reader, pharmacists_of(clinic)), words, url=url)


def pharmacists_of(clinic: Clinic) -> Iterable[User]:
    """Those who dispense there; the owner where the clinic has no pharmacist."""
    members = Membership.objects.filter(clinic=clinic.pk, is_active=True).exclude(user__status=UserStatus.SUSPENDED)
    for role in (MembershipRole.PHARMACIST, MembershipRole.OWNER):
        found = [member.user for member in members.filter(role=role).select_related("user")]
        if found:
            return found
    return []


def _low(clinic: Clinic, low: int, out: int) -> Words:
    said = ngettext("%(low)d medicine of %(clinic)s is low.", "%(low)d medicines of %(clinic)s are low.", low) % {
        "low": low,
        "clinic": clinic.name,
    }
    if out:
        said += " " + ngettext("%(out)d is sold out.", "%(out)d of them are sold out.", out) % {"out": out}
    return Words(_("Medicines are running low"), said, _("See which"))


def _missing(clinic: Clinic, medicine: Medicine, packs: int) -> Words:
    said = ngettext(
        "%(packs)d pack of %(medicine)s that an order waits for is not on the shelf of %(clinic)s any more.",
        "%(packs)d packs of %(medicine)s that orders wait for are not on the shelf of %(clinic)s any more.",
        packs,
    ) % {"packs": packs, "medicine": str(medicine), "clinic": clinic.name}
    said += " " + _("Take in new packs, offer another medicine, or take the line out of the order.")
    return Words(_("Packs that were promised are missing"), said, _("See the stock"))
