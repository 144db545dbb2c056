"""What people say in a review, an answer and a report."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.verification import RejectionForm
from content.models import ReportReason, Review
from precta.forms import FocusOnError
from precta.text import plain_text

LONGEST_REVIEW = 2000
LONGEST_ANSWER = 1500
LONGEST_DETAILS = 1000
STARS = (
    (1, _("1 star: poor")),
    (2, _("2 stars: fair")),
    (3, _("3 stars: good")),
    (4, _("4 stars: very good")),
    (5, _("5 stars: excellent")),
)


class TextField(forms.CharField):
    """Several lines of plain text; a line's end counts as one character, as the browser counts it."""

    widget = forms.Textarea
    default_validators = [plain_text]

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        return super().to_python(value)


class ReviewForm(FocusOnError, forms.Form):
    rating = forms.TypedChoiceField(
        label=_("How many stars?"),
        choices=STARS,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose one to five stars."),
            "invalid_choice": _("Choose one to five stars."),
        },
    )
    comment = TextField(
        label=_("In your own words"),
        help_text=_(
            "What would help somebody who looks for a doctor? Please leave out names, phone numbers and what your "
            "illness is."
        ),
        max_length=LONGEST_REVIEW,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    is_anonymous = forms.BooleanField(label=_("Show my review without my name"), required=False)

    @classmethod
    def of(cls, review: Review | None, data: Any = None) -> "ReviewForm":
        names = ("rating", "comment", "is_anonymous")
        initial = {name: getattr(review, name) for name in names} if review is not None else {}
        return cls(data, initial=initial)


class AnswerForm(FocusOnError, forms.Form):
    text = TextField(
        label=_("Your answer"),
        help_text=_("Everybody can read it. Do not tell who the patient is or what the visit was about."),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ReportForm(FocusOnError, forms.Form):
    reason = forms.ChoiceField(
        label=_("What is wrong with it?"), choices=ReportReason.choices, widget=forms.RadioSelect
    )
    details = TextField(
        label=_("Details"),
        help_text=_("Only our moderators read this."),
        max_length=LONGEST_DETAILS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("reason") == ReportReason.OTHER and "details" not in self.errors and not data.get("details"):
            self.add_error("details", _("Say what is wrong with it."))
        return data


class RefusalForm(RejectionForm):
    """Why a review or an answer is not published: what its author reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label = _("In your own words, to the author")
