"""A clinic's page, hours and rules as its owner writes them."""

import re
from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from clinics.models import Clinic
from clinics.opening_hours import DAY_NAMES, DAYS, MIDNIGHT, OpeningHours
from clinics.policy_settings import DEFAULT_TIME_ZONE, DeliveryZone
from clinics.widgets import HoursWidget
from precta.files.checks import IMAGES
from precta.files.forms import DocumentField
from precta.files.store import put_public_image
from precta.text import AmountField, LineField, plain_text

WINDOW = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4])[:.]([0-5]\d)")
STEPS = (1, 2, 3)
LOGO_BYTES = 2 * 2**20
LOGO_WIDTH, LOGO_HEIGHT = 480, 160
PAGE = ("name", "description", "address", "city", "region", "phone", "email", "website")
PLAIN_RULES = (
    *("time_zone", "hold_minutes", "lead_time_minutes", "horizon_days", "buffer_minutes"),
    "no_show_grace_minutes",
)
SELLING = (
    *("sells_medicines", "offers_delivery", "offers_pickup"),
    *("delivery_fee", "delivery_zones", "free_delivery_from"),
)
FEE: dict[str, Any] = {"min_value": 0, "max_value": 100_000, "max_digits": 8, "decimal_places": 2}
MOST_ZONES = 40


def zone_choices() -> list[tuple[str, str]]:
    """The clinic's likely zones first; links and fixed offsets are left out."""
    names = {name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))}
    near = [DEFAULT_TIME_ZONE, *sorted(name for name in names if name.startswith("Africa/"))]
    return [(name, name.replace("_", " ")) for name in dict.fromkeys([*near, *sorted(names)])]


class HoursField(forms.CharField):
    """`08:00-13:00, 14:00-17:00` on the clinic's clock; empty is closed; 24:00 is the end of the day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=100, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found: list[tuple[time, time]] = []
        for part in filter(None, (piece.strip() for piece in re.split(r"[,;]", text))):
            match = WINDOW.fullmatch(part)
            if not match or (match[3] == "24" and match[4] != "00"):
                raise ValidationError(_("Give both times of each opening, like 08:00-13:00, 14:00-17:00."), code="form")
            start = time(int(match[1]), int(match[2]))
            end = time(int(match[3]) % 24, int(match[4]))
            if end <= start and end != MIDNIGHT:
                raise ValidationError(_("Each time must end after it begins."), code="order")
            if found and (found[-1][1] == MIDNIGHT or start < found[-1][1]):
                raise ValidationError(_("These times overlap or are not in order."), code="overlap")
            found.append((start, end))
        return [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in found]


class ZonesField(forms.CharField):
    """`Westlands: 250`, one zone on each line; the fee after the last colon. Gives DeliveryZones in their order."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        help_text = _(
            "One on each line, with the fee after a colon, like “Westlands: 250”. Once you name zones, you deliver to "
            "these only: for all other places add a line like “Elsewhere: 500”."
        )
        super().__init__(
            max_length=5000, help_text=help_text, widget=forms.Textarea(attrs={"rows": 5}), strip=True, **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or not value:
            return value or ""
        return "\n".join(f"{zone.name}: {zone.fee.normalize():f}" for zone in value)

    def clean(self, value: Any) -> Any:
        text = super().clean(value) or ""
        name_field, fee_field = LineField(max_length=100), AmountField(**FEE)
        found: dict[str, DeliveryZone] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            name, colon, fee = line.rpartition(":")
            if not colon or not name.strip():
                raise ValidationError(
                    _("Line %(line)d: write a name, a colon and the fee."), code="form", params={"line": number}
                )
            try:
                zone = DeliveryZone(name_field.clean(name.strip()), fee_field.clean(fee.strip()))
            except ValidationError as error:
                raise ValidationError(
                    [_("Line %(line)d: %(problem)s") % {"line": number, "problem": says} for says in error.messages]
                ) from error
            if zone.name.casefold() in found:
                raise ValidationError(
                    _("Line %(line)d: this zone is named twice."), code="twice", params={"line": number}
                )
            found[zone.name.casefold()] = zone
        if len(found) > MOST_ZONES:
            raise ValidationError(_("Name at most %(most)d zones."), code="many", params={"most": MOST_ZONES})
        return tuple(found.values())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != (data or "")


class ClinicPageForm(forms.ModelForm):
    name = LineField(label=_("Name"), max_length=200)
    address = LineField(label=_("Address"), max_length=500, required=False)
    city = LineField(label=_("City"), max_length=100, required=False)
    region = LineField(label=_("County"), max_length=100, required=False)
    phone = PhoneNumberField(label=_("Phone"), required=False, region="KE")
    website = forms.URLField(label=_("Website"), max_length=500, required=False, assume_scheme="https")
    logo = DocumentField(
        label=_("Logo"),
        required=False,
        allowed=IMAGES,
        max_bytes=LOGO_BYTES,
        help_text=_("JPG, PNG or WebP of at most 2 MB. It stands above your name on your own pages."),
    )
    remove_logo = forms.BooleanField(label=_("Show no logo any more"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    hold_minutes = forms.IntegerField(
        label=_("Minutes a time is held for payment"), min_value=5, max_value=60, help_text=_("5 to 60")
    )
    lead_time_minutes = forms.IntegerField(
        label=_("Shortest notice in minutes"),
        min_value=0,
        max_value=7 * 24 * 60,
        help_text=_("A time that begins sooner than this cannot be booked."),
    )
    horizon_days = forms.IntegerField(
        label=_("Days ahead that can be booked"), min_value=1, max_value=180, help_text=_("1 to 180")
    )
    buffer_minutes = forms.IntegerField(
        label=_("Pause after each visit in minutes"), min_value=0, max_value=120, help_text=_("0 to 120")
    )
    no_show_grace_minutes = forms.IntegerField(
        label=_("Minutes to wait for a patient"),
        min_value=0,
        max_value=120,
        help_text=_("Only after this time may a visit be marked as missed."),
    )
    sells_medicines = forms.BooleanField(
        label=_("Our pharmacy sells medicines"),
        required=False,
        help_text=_("Without it nobody can order, and the doctors' search leaves your catalogue out."),
    )
    offers_delivery = forms.BooleanField(label=_("We deliver"), required=False)
    offers_pickup = forms.BooleanField(label=_("Patients can pick up at the clinic"), required=False)
    delivery_fee = AmountField(
        label=_("Fee for delivering medicine"),
        help_text=_("For every address, as long as you name no zones below."),
        **FEE,
    )
    delivery_zones = ZonesField(label=_("Zones with a fee of their own"), required=False)
    free_delivery_from = AmountField(
        label=_("Deliver for nothing from"),
        required=False,
        help_text=_("When the medicines cost at least this much. Empty: never for nothing."),
        **{**FEE, "min_value": 1, "max_value": 1_000_000},
    )

    class Meta:
        model = Clinic
        fields = PAGE
        widgets = {"description": forms.Textarea(attrs={"rows": 5})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policy = self.instance.policy
        for name in PLAIN_RULES:
            self.initial[name] = getattr(policy, name)
        for name in SELLING:
            self.initial[name] = getattr(policy, name)
        for number, step in zip(STEPS, policy.refund_steps, strict=False):
            self.initial[f"refund_hours_{number}"] = step.hours_before
            self.initial[f"refund_percent_{number}"] = step.percent
        for day, windows in enumerate(OpeningHours.read(self.instance.operating_hours).week):
            self.initial[f"hours_{day}"] = ", ".join(
                f"{hours.start:%H:%M}-{'24:00' if hours.end == MIDNIGHT else format(hours.end, '%H:%M')}"
                for hours in windows
            )

    def clean_description(self) -> str:
        text = self.cleaned_data["description"]
        plain_text(text)
        if len(text) > 5000:
            raise ValidationError(_("Write at most 5,000 characters."), code="max_length")
        return text

    def clean_phone(self) -> str:
        return str(self.cleaned_data["phone"] or "")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        before: tuple[int, int] | None = None
        for number in STEPS:
            hours, percent = data.get(f"refund_hours_{number}"), data.get(f"refund_percent_{number}")
            if (hours is None) != (percent is None):
                self.add_error(f"refund_hours_{number}", _("Give both the hours and the share, or neither."))
            elif hours is not None and percent is not None:
                if before is not None and (hours >= before[0] or percent > before[1]):
                    self.add_error(
                        f"refund_hours_{number}", _("Later cancelling cannot give back more: go from most hours down.")
                    )
                before = (hours, percent)
        if data.get("sells_medicines") and not (data.get("offers_delivery") or data.get("offers_pickup")):
            self.add_error("offers_pickup", _("Choose at least one way in which patients get what they order."))
        return data

    def page(self) -> dict[str, Any]:
        """Columns of Clinic."""
        data = self.cleaned_data
        hours = {str(day): data[f"hours_{day}"] for day in range(DAYS) if data[f"hours_{day}"]}
        logo = {"logo_url": ""} if data.get("remove_logo") else {}
        if data["logo"] is not None:
            from precta.files import images  # a web worker that draws no picture does without what does

            drawn = images.contained(data["logo"].data, width=LOGO_WIDTH, height=LOGO_HEIGHT)
            logo = {"logo_url": put_public_image(*drawn, folder="clinics")}
        return {name: data[name] for name in PAGE} | {"operating_hours": hours} | logo

    def rules(self) -> dict[str, Any]:
        """Keys of `Clinic.settings`."""
        data = self.cleaned_data
        steps = [
            {"hours_before": data[f"refund_hours_{n}"], "percent": data[f"refund_percent_{n}"]}
            for n in STEPS
            if data[f"refund_hours_{n}"] is not None
        ]
        return {name: data[name] for name in PLAIN_RULES} | {
            "refund_steps": steps,
            "sells_medicines": data["sells_medicines"],
            "offers_delivery": data["offers_delivery"],
            "offers_pickup": data["offers_pickup"],
            "delivery_fee": str(data["delivery_fee"]),
            "delivery_zones": [{"name": zone.name, "fee": str(zone.fee)} for zone in data["delivery_zones"]],
            "free_delivery_from": str(data["free_delivery_from"]) if data["free_delivery_from"] is not None else None,
        }


for _day, _name in enumerate(DAY_NAMES):
    ClinicPageForm.base_fields[f"hours_{_day}"] = HoursField(label=_name, widget=HoursWidget(_name))
    ClinicPageForm.declared_fields[f"hours_{_day}"] = ClinicPageForm.base_fields[f"hours_{_day}"]
for _number in STEPS:
    for _kind, _label, _most in (
        ("hours", _("Cancelled at least this many hours before:"), 24 * 60),
        ("percent", _("percent back:"), 100),
    ):
        _field = forms.IntegerField(label=_label, min_value=0, max_value=_most, required=False)
        ClinicPageForm.base_fields[f"refund_{_kind}_{_number}"] = _field
        ClinicPageForm.declared_fields[f"refund_{_kind}_{_number}"] = _field
