"""What a patient fills in to take a time, and to pay for it."""

from collections.abc import Sequence

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts.consent_texts import CONSENT_TEXTS
from accounts.forms.phones import MobileField
from accounts.models import ConsentPurpose, Patient, User
from clinics.models import Clinic
from precta.forms import FocusOnError
from precta.ids import new_id
from precta.payments.models import PaymentMethod
from precta.text import plain_text

METHODS = [(PaymentMethod.MPESA.value, _("M-Pesa")), (PaymentMethod.CARD.value, _("Card"))]
LONGEST_REASON = 1000


def as_written_at_home(phone: str) -> str:
    """`+254712345678` → `0712 345678`; a number of another country as it is."""
    return f"0{phone[4:7]} {phone[7:]}" if phone.startswith("+254") and len(phone) == len("+254712345678") else phone


def whose_name(patient: Patient, user: User) -> str:
    """A patient among those to choose from."""
    return _("%(name)s (me)") % {"name": patient.full_name} if patient.pk == user.pk else patient.full_name


class MpesaPhoneField(MobileField):
    """The number that pays."""

    def __init__(self, **kwargs) -> None:
        kwargs.setdefault("label", _("M-Pesa number"))
        kwargs.setdefault("error_messages", {"required": _("Write the number that pays.")})
        super().__init__(**kwargs)


class BookingForm(FocusOnError, forms.Form):
    """The details of a visit. The time and the kind of visit are the page's own fields, checked by the week."""

    for_whom = forms.ChoiceField(label=_("Who is the visit for?"), widget=forms.RadioSelect)
    notes = forms.CharField(
        label=_("Reason for the visit"),
        required=False,
        max_length=LONGEST_REASON,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_REASON}),
        help_text=_("A few words help the doctor to prepare. Only those who treat you read them."),
    )
    consent = forms.BooleanField(required=False)
    method = forms.ChoiceField(label=_("How do you want to pay?"), choices=METHODS, widget=forms.RadioSelect)
    phone = MpesaPhoneField(help_text=_("We send the request to pay to this phone."))
    key = forms.CharField(
        widget=forms.HiddenInput, max_length=64, validators=[RegexValidator(r"\A[A-Za-z0-9_-]{8,64}\Z")]
    )
    # The page writes it, beside the price it shows: what is typed stays in the page when the week is changed.
    expected_fee = forms.DecimalField(
        required=False, max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput
    )

    def __init__(
        self, *args, user: User, patients: Sequence[Patient], clinic: Clinic, is_free: bool, ask_consent: bool, **kwargs
    ) -> None:
        self.patients = {patient.pk: patient for patient in patients}
        initial = {
            "for_whom": patients[0].pk if patients else "",
            "method": PaymentMethod.MPESA.value,
            "phone": as_written_at_home(str(user.phone or "")),
            "key": self.new_key,
            **(kwargs.pop("initial", None) or {}),
        }
        super().__init__(*args, initial=initial, **kwargs)
        # Required is what M-Pesa needs, and not marked so in the page, where another way to pay may be chosen.
        self.use_required_attribute = False
        choices = [(patient.pk, whose_name(patient, user)) for patient in patients]
        for_whom = self.fields["for_whom"]
        for_whom.choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            for_whom.widget = forms.HiddenInput()
            for_whom.required = False
        consent = self.fields["consent"]
        consent.label = CONSENT_TEXTS[ConsentPurpose.CLINIC_CARE].for_clinic(clinic)
        if not ask_consent:
            consent.widget = forms.HiddenInput()
        self.fields["phone"].required = self.data.get("method", PaymentMethod.MPESA) == PaymentMethod.MPESA
        if is_free:
            del self.fields["method"], self.fields["phone"]

    @staticmethod
    def new_key() -> str:
        """A fresh idempotency key: one form, one booking, however often it is sent."""
        return new_id()

    def clean(self) -> dict:
        data = super().clean() or {}
        if "for_whom" in self.fields and not data.get("for_whom") and len(self.patients) == 1:
            data["for_whom"] = next(iter(self.patients))
        return data

    @property
    def patient(self) -> Patient:
        return self.patients[self.cleaned_data["for_whom"]]


class MpesaForm(forms.Form):
    phone = MpesaPhoneField(help_text=_("We send the request to pay to this phone."))
