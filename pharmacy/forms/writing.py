"""The form in which a prescription is written: lines that come and go, and what belongs to all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pharmacy.medications import FIELDS, most_characters, most_lines
from pharmacy.models import PrescriptionTemplate
from pharmacy.services.issuing import LONGEST_VALID, USUALLY_VALID
from pharmacy.warnings import LONGEST_REASON
from precta.ids import new_id
from precta.text import LineField, plain_text, printable

FIRST_LINES = 1
LONGEST_INSTRUCTIONS = 1000
MOST_READ = 1000  # characters of one field: too many for any of them, and no work for nothing


class LineForm(forms.Form):
    """One medicine. A line without a word in it counts as none."""

    use_required_attribute = False

    name = LineField(label=_("Name and strength"), min_length=2, max_length=most_characters("name"))
    dosage = LineField(label=_("Dosage"), max_length=most_characters("dosage"))
    frequency = LineField(label=_("How often"), max_length=most_characters("frequency"))
    duration = LineField(label=_("For how long"), max_length=most_characters("duration"))
    instructions = LineField(label=_("Instructions"), max_length=most_characters("instructions"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        examples = {
            "dosage": gettext("1 tablet"),
            "frequency": gettext("3 times a day"),
            "duration": gettext("5 days"),
            "instructions": gettext("After food"),
        }
        for name, bound in self.fields.items():
            bound.widget.attrs |= {"autocomplete": "off", "placeholder": examples.get(name, "")}
        self.fields["name"].widget.attrs |= {"list": "medicines", "data-medicine": ""}


class WholeForm(forms.Form):
    """What belongs to the prescription as a whole. `key` is the form's own, so that it is issued once."""

    instructions = forms.CharField(
        label=_("General instructions"),
        required=False,
        max_length=LONGEST_INSTRUCTIONS,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    valid_until = forms.DateField(
        label=_("Valid until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    key = forms.RegexField(r"^[a-z0-9]{24}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        dates = self.fields["valid_until"].widget.attrs
        dates |= {"min": today.isoformat(), "max": (today + LONGEST_VALID).isoformat()}

    def clean_valid_until(self) -> date:
        day = self.cleaned_data["valid_until"]
        if day < self.today:
            raise forms.ValidationError(_("This day is past."), code="past")
        if day > self.today + LONGEST_VALID:
            days = LONGEST_VALID.days
            raise forms.ValidationError(
                _("A prescription is valid for at most %(days)d days."), code="too_far", params={"days": days}
            )
        return day


class ReplaceForm(WholeForm):
    """With the reason why another prescription takes the place of an issued one."""

    reason = forms.CharField(
        label=_("Why it is replaced"),
        max_length=LONGEST_REASON,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with both prescriptions. The patient is told that there is a new one, not why."),
    )
    field_order = ("reason", "instructions", "valid_until", "key")


class TemplateNameForm(forms.Form):
    template_name = LineField(label=_("Name of the template"), max_length=100)


@dataclass
class Sheet:
    """The whole form: its lines, what belongs to all of them, and the reasons that set warnings aside."""

    whole: WholeForm
    lines: list[LineForm]
    reasons: dict[str, str] = field(default_factory=dict)
    error: str = ""

    @classmethod
    def blank(cls, today: date, *, form: type[WholeForm] = WholeForm, **initial: Any) -> "Sheet":
        """To begin with; `medications` of `initial` become lines."""
        rows = initial.pop("medications", None) or [{}] * FIRST_LINES
        given = {"valid_until": today + USUALLY_VALID, "key": new_id(), **initial}
        lines = [LineForm(prefix=f"line-{n}", initial=row) for n, row in enumerate(rows)]
        return cls(form(initial=given, today=today), lines)

    @classmethod
    def sent(cls, data: Mapping[str, Any], today: date, *, form: type[WholeForm] = WholeForm) -> "Sheet":
        """As it was posted, numbered anew."""
        rows = [_row(data, n) for n in range(most_lines()) if f"line-{n}-name" in data]
        return cls(form(data, today=today), _bound(rows), _reasons(data))

    @property
    def rows(self) -> list[dict[str, str]]:
        """What stands in the lines, unchecked; without those in which nothing stands."""
        return [row for row in self.all_rows() if any(value.strip() for value in row.values())]

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= most_lines()

    def with_rows(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Show these lines instead, nothing complained of."""
        self.lines = [LineForm(prefix=f"line-{n}", initial=row) for n, row in enumerate(rows or [{}])]

    def add_line(self) -> None:
        self.with_rows([*self.all_rows(), {}][: most_lines()])

    def remove_line(self, number: int) -> None:
        self.with_rows([row for n, row in enumerate(self.all_rows()) if n != number])

    def all_rows(self) -> list[dict[str, str]]:
        """What stands in the lines, unchecked, in those with nothing in them, too."""
        return [{name: _shown(line, name) for name in FIELDS} for line in self.lines]

    def apply(self, template: PrescriptionTemplate) -> bool:
        """Put the template's lines behind those that are filled in; False when there is no room for all of them."""
        rows = [*self.rows, *template.medications]
        if len(rows) > most_lines():
            return False
        self.with_rows(rows)
        typed = self.whole.initial.get("instructions", "")
        if template.instructions and template.instructions not in typed:
            together = f"{typed}\n{template.instructions}".strip()[:LONGEST_INSTRUCTIONS]
            self.whole.initial["instructions"] = together
        return True

    def calm(self) -> None:
        """Show what was typed without complaining of what is not there yet."""
        typed = {name: self.whole.data.get(name, "") for name in self.whole.fields}
        self.whole = type(self.whole)(initial=typed, today=self.whole.today)
        self.with_rows(self.all_rows())

    def medications(self) -> list[dict[str, str]] | None:
        """The checked lines; None when something is wrong with one, which the form then says."""
        self.lines = _bound(self.rows)
        if not self.lines:
            self.lines = [LineForm(prefix="line-0")]
            self.error = gettext("Write at least one medicine.")
            return None
        if [line for line in self.lines if not line.is_valid()]:
            return None
        return [{name: line.cleaned_data[name] for name in FIELDS} for line in self.lines]

    def is_valid(self) -> bool:
        return self.whole.is_valid()


def _shown(line: LineForm, name: str) -> str:
    return str(line.data.get(line.add_prefix(name), "") if line.is_bound else line.initial.get(name, ""))


def _row(data: Mapping[str, Any], number: int) -> dict[str, str]:
    return {name: data.get(f"line-{number}-{name}", "")[:MOST_READ] for name in FIELDS}


def _bound(rows: Iterable[Mapping[str, str]]) -> list[LineForm]:
    return [
        LineForm({f"line-{n}-{name}": value for name, value in row.items()}, prefix=f"line-{n}")
        for n, row in enumerate(rows)
    ]


def _reasons(data: Mapping[str, Any]) -> dict[str, str]:
    """By the key of the warning; what cannot be shown is left out, so that a reason of nothing else is none."""
    return {
        name.removeprefix("reason-"): printable(str(value))[:LONGEST_REASON]
        for name, value in data.items()
        if name.startswith("reason-")
    }
