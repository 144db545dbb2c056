"""How the columns of an article are written: what the form and the cells of an import both go through."""

import calendar
import re
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from pharmacy.formulary import known_medicines
from pharmacy.models import MedicineForm
from pharmacy.names import meaning_of
from precta.csv_export import undefused
from precta.text import AmountField, LineField, plain_amount

NO_SUBSTANCE = _("We do not know this medicine. Say what it acts by.")
MOST_SUBSTANCES = 12
MOST_PACKS = 100_000
# No pack costs more; two zeros too many are found where they are typed.
HIGHEST_PRICE = 1_000_000
SEPARATED = re.compile(r"\s*[;,+\n]\s*")
YES = frozenset("yes y true 1 x ndiyo ndio on".split())
NO = frozenset("no n false 0 hapana la off".split())
DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
YEAR_FIRST = re.compile(r"(\d{4})[./-](\d{1,2})(?:[./-](\d{1,2}))?")
MONTH_FIRST = re.compile(r"(\d{1,2})[./-](\d{4})")


class ArticleLine(LineField):
    """A line of text; the quote mark that an export put before a formula is taken off again."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return undefused(value).strip() if isinstance(value, str) else value


class WholeField(forms.IntegerField):
    """A whole number as a spreadsheet may write it: 12 and 12.0 are the same, 1,000 is a thousand."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = plain_amount(value)
            value = value.removesuffix(".00") if value.endswith(".00") else value
            if len(value) > 20:
                raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class SubstancesField(ArticleLine):
    """What a medicine acts by: several with commas, each known by any of its names. Gives a list."""

    default_error_messages = {
        "too_many": _("Name at most %(most)d substances."),
        "too_long": _("Each substance has at most 100 characters."),
    }

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        text = self.to_python(value) or ""
        self.run_validators(text)
        found = [known_as(part) for part in SEPARATED.split(text) if part.strip()]
        found = list(dict.fromkeys(found))
        if len(found) > MOST_SUBSTANCES:
            raise ValidationError(self.error_messages["too_many"], code="too_many", params={"most": MOST_SUBSTANCES})
        if any(len(name) > 100 for name in found):
            raise ValidationError(self.error_messages["too_long"], code="too_long")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.clean(self.prepare_value(initial) or "") != self.clean(data)
        except ValidationError:
            return True


def known_as(name: str) -> str:
    """The substance as the formulary writes it when `name` means exactly one there ("Amoxil", "amoxicilin"), else in
    small letters as it stands."""
    plain = " ".join(name.lower().split())
    if plain in known_substances():
        return plain
    meant = meaning_of(name, forgiving=True).substances
    return next(iter(meant)) if len(meant) == 1 else plain


@cache
def known_substances() -> tuple[str, ...]:
    """Every substance of the formulary, by name."""
    return tuple(sorted({substance for medicine in known_medicines() for substance in medicine.substances}))


class KindField(forms.TypedChoiceField):
    """A form by its key or its name in any of our languages: an exported file may be in either."""

    default_error_messages = {"invalid_choice": _("“%(value)s” is no form that we know.")}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return kinds().get(" ".join(str(text).casefold().split()), text)


@cache
def kinds() -> dict[str, str]:
    """Every way in which a form may be written → its key."""
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for key, label in MedicineForm.choices:
                word = str(label).casefold()
                found |= {key: key, word: key, f"{word}s": key}
    return found | {"caps": "capsule", "tab": "tablet", "tabs": "tablet", "sachet": "powder", "sachets": "powder"}


class YesNoField(forms.Field):
    """A cell that says yes or no in any of our languages; None when it is empty."""

    def to_python(self, value: Any) -> bool | None:
        word = str(value or "").strip().casefold()
        if word in YES or word in NO:
            return word in YES
        if word:
            raise ValidationError(_("Write yes or no."), code="invalid")
        return None


class DayField(forms.Field):
    """A day: 2027-05-31, 31/05/2027, or a month (05/2027), whose last day counts."""

    default_error_messages = {"invalid": _("Write a day, like 2027-05-31 or 31/05/2027.")}

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, date) or value in self.empty_values:
            return value or None
        text = str(value).strip()
        try:
            if match := DAY_FIRST.fullmatch(text):
                day, month, year = map(int, match.groups())
                return date(year, month, day)
            if match := YEAR_FIRST.fullmatch(text):
                year, month = int(match[1]), int(match[2])
                return date(year, month, int(match[3]) if match[3] else calendar.monthrange(year, month)[1])
            if match := MONTH_FIRST.fullmatch(text):
                year, month = int(match[2]), int(match[1])
                return date(year, month, calendar.monthrange(year, month)[1])
        except (ValueError, calendar.IllegalMonthError):
            pass
        raise ValidationError(self.error_messages["invalid"], code="invalid")


# An order is reckoned and labelled by these: what differs in one of them is another article.
FIXED_ONCE_ORDERED = ("substances", "form", "strength", "pack_size", "pack_unit")
IS_ORDERED = _(
    "There are orders of this article, so this stays as it is. Take it off sale and add the other one under a number "
    "of its own."
)


def article_fields() -> dict[str, forms.Field]:
    """One field for each column of an article that may be written, new ones each time: a form keeps them."""
    return {
        "sku": ArticleLine(
            label=_("Article number"),
            max_length=40,
            help_text=_("Your own number for it. An import knows the article again by it."),
        ),
        "generic_name": ArticleLine(label=_("Generic name"), max_length=200),
        "brand_name": ArticleLine(label=_("Brand name"), max_length=200, required=False),
        "substances": SubstancesField(
            label=_("Substances"),
            required=False,
            help_text=_("What it acts by, several with commas. Leave it empty and we take it from the generic name."),
        ),
        "form": KindField(label=_("Form"), choices=[("", "---------"), *MedicineForm.choices]),
        "strength": ArticleLine(
            label=_("Strength"), max_length=60, required=False, help_text=_("Like 500 mg or 120 mg/5 ml.")
        ),
        "pack_size": WholeField(
            label=_("Pack size"), min_value=1, max_value=100_000, help_text=_("How many of these are in a pack.")
        ),
        "pack_unit": ArticleLine(
            label=_("Counted in"), max_length=20, help_text=_("What the pack counts: tablets, ml, g, doses.")
        ),
        "price": AmountField(
            label=_("Price of a pack"), min_value=Decimal("0.01"), max_value=HIGHEST_PRICE, decimal_places=2
        ),
        "low_stock_at": WholeField(
            label=_("Warn at"),
            min_value=0,
            max_value=MOST_PACKS,
            help_text=_("With this many packs or fewer it stands under “low stock”."),
        ),
        "is_prescription_only": YesNoField(label=_("Prescription only"), required=False),
        "is_active": YesNoField(label=_("On sale"), required=False),
    }
