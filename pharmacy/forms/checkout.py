"""What is asked before an order is placed, and before one is cancelled."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.consent_texts import CONSENT_TEXTS
from accounts.forms.doctor import wanted_later
from accounts.forms.phones import MobileField
from accounts.models import ConsentPurpose, Patient, User
from appointments.forms.booking import METHODS, MpesaPhoneField, as_written_at_home, whose_name
from clinics.models import Clinic
from pharmacy.delivery import delivery_fee, ways_of, zones_of
from pharmacy.models import Fulfilment
from precta.forms import FocusOnError
from precta.ids import new_id
from precta.payments.models import PaymentMethod
from precta.text import plain_text

LONGEST_ADDRESS = 300
LONGEST_NOTES = 300
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Way:
    """A way for the order to get there, with what it and the whole order then cost."""

    value: str
    fulfilment: str
    zone: str
    label: str
    fee: Decimal
    total: Decimal


def ways_for(clinic: Clinic, subtotal: Decimal) -> list[Way]:
    """Every way that the clinic offers an order of `subtotal`, a zone each where the fee goes by zones."""
    policy = clinic.policy
    ways: list[Way] = []
    for fulfilment in ways_of(policy):
        if fulfilment == Fulfilment.PICKUP:
            label = gettext("Pick up at %(clinic)s") % {"clinic": clinic.name}
            ways.append(Way(fulfilment.value, fulfilment, "", label, Decimal(0), subtotal))
            continue
        zones = zones_of(policy, subtotal)
        for zone in zones:
            label = gettext("Delivery: %(zone)s") % {"zone": zone.name}
            value = f"{fulfilment.value}:{zone.name}"
            ways.append(Way(value, fulfilment, zone.name, label, zone.fee, subtotal + zone.fee))
        if not zones:
            fee = delivery_fee(policy=policy, fulfilment=fulfilment, zone="", subtotal=subtotal)
            ways.append(Way(fulfilment.value, fulfilment, "", gettext("Delivery"), fee, subtotal + fee))
    return ways


class CheckoutForm(FocusOnError, forms.Form):
    """Who it is for, how it gets there and how it is paid. `shown` is what the page said that each way costs, so that
    nobody pays another total than the one they saw."""

    for_whom = forms.ChoiceField(label=_("Who is the order for?"), widget=forms.RadioSelect)
    way = forms.ChoiceField(label=_("How does it get to you?"), widget=forms.RadioSelect)
    address = forms.CharField(
        label=_("Delivery address"),
        required=False,
        max_length=LONGEST_ADDRESS,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "street-address"}),
        help_text=_("Estate, street, house and floor."),
    )
    notes = forms.CharField(
        label=_("Notes for the courier"),
        required=False,
        max_length=LONGEST_NOTES,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    contact = MobileField(
        label=_("Phone for the delivery"), required=False, help_text=_("The courier or the pharmacy calls this number.")
    )
    consent = forms.BooleanField(required=False)
    method = forms.ChoiceField(label=_("How do you want to pay?"), choices=METHODS, widget=forms.RadioSelect)
    phone = MpesaPhoneField(help_text=_("We send the request to pay to this phone."))
    key = forms.CharField(
        widget=forms.HiddenInput, max_length=64, validators=[RegexValidator(r"\A[A-Za-z0-9_-]{8,64}\Z")]
    )
    shown = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        user: User,
        patients: Sequence[Patient],
        clinic: Clinic,
        ways: Sequence[Way],
        ask_consent: bool,
        **kwargs: Any,
    ) -> None:
        self.patients = {patient.pk: patient for patient in patients}
        self.ways = {way.value: way for way in ways}
        own = as_written_at_home(str(user.phone or ""))
        initial = {
            "for_whom": patients[0].pk if patients else "",
            "way": ways[0].value if ways else "",
            "contact": own,
            "method": PaymentMethod.MPESA.value,
            "phone": own,
            "key": new_id,
        }
        super().__init__(*args, initial=initial, **kwargs)
        # Required is what the chosen way needs, and not marked so in the page, where another way may be chosen.
        self.use_required_attribute = False
        wanted_later(self, "address", "contact")
        for_whom = self.fields["for_whom"]
        for_whom.choices = [(patient.pk, whose_name(patient, user)) for patient in patients]  # type: ignore[attr-defined]
        if len(patients) == 1:
            for_whom.widget = forms.HiddenInput()
            for_whom.required = False
        self.fields["way"].choices = [(way.value, way.label) for way in ways]  # type: ignore[attr-defined]
        consent = self.fields["consent"]
        consent.label = CONSENT_TEXTS[ConsentPurpose.CLINIC_CARE].for_clinic(clinic)
        if not ask_consent:
            consent.widget = forms.HiddenInput()
        self.fields["phone"].required = self.data.get("method", PaymentMethod.MPESA) == PaymentMethod.MPESA

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("for_whom") and len(self.patients) == 1:
            data["for_whom"] = next(iter(self.patients))
        way = self.ways.get(data.get("way", ""))
        if way is not None and way.fulfilment == Fulfilment.DELIVERY:
            if not data.get("address", "").strip() and "address" not in self.errors:
                self.add_error("address", _("Where shall it be brought?"))
            if not data.get("contact") and "contact" not in self.errors:
                self.add_error("contact", _("The courier needs a number to call."))
        return data

    @property
    def patient(self) -> Patient:
        return self.patients[self.cleaned_data["for_whom"]]

    @property
    def chosen(self) -> Way:
        return self.ways[self.cleaned_data["way"]]

    @property
    def current(self) -> Way | None:
        """The way that is ticked in the page."""
        return self.ways.get(str(self["way"].value())) or next(iter(self.ways.values()), None)

    @property
    def expected_total(self) -> Decimal | None:
        """What the page said that the chosen way costs in all; None when it said nothing readable."""
        try:
            said = json.loads(self.cleaned_data.get("shown") or "{}")
            total = Decimal(str(said[self.cleaned_data["way"]]))
        except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError):
            return None
        return total if total.is_finite() else None

    def as_shown(self) -> str:
        return json.dumps({way.value: str(way.total) for way in self.ways.values()})


class CancelOrderForm(FocusOnError, forms.Form):
    """The amount that was shown travels along and is checked again."""

    reason = forms.CharField(
        label=_("Why do you cancel?"),
        required=False,
        max_length=LONGEST_REASON,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    expected_refund = forms.DecimalField(max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput)
