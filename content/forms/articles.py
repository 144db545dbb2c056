"""What editors type: an article, its sources row by row, and how an author is named."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from accounts import specialties
from accounts.models import Doctor, User, VerificationStatus
from content import markdown
from content.models import Article, Author
from content.pictures import store_hero, store_photo
from content.services.articles import was_public
from content.slugs import RESERVED, free_slug
from content.tags import LONGEST, MOST, normalised
from precta import clock
from precta.files.checks import IMAGES
from precta.files.exceptions import UploadRefused
from precta.files.forms import DocumentField
from precta.forms import FocusOnError
from precta.text import LineField, plain_line, plain_text

LONGEST_EXCERPT = 300
LONGEST_BIO = 1500
MOST_SOURCES = 20
LONGEST_URL = 500
MOMENT = "%Y-%m-%dT%H:%M"


class SourceForm(FocusOnError, forms.Form):
    """One source; a row whose fields are all empty is none."""

    publisher = LineField(label=_("Publisher"), max_length=200)
    title = LineField(label=_("Title"), max_length=300)
    url = LineField(
        label=_("Address"),
        max_length=LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        try:
            parts = urlsplit(url)
            is_good = parts.scheme == "https" and "." in (parts.hostname or "") and "@" not in parts.netloc
        except ValueError:
            is_good = False
        if not is_good or not url.isascii() or " " in url:
            raise ValidationError(_("Give the whole address, beginning with https://."), code="invalid")
        return url


class _Sources(forms.BaseFormSet):
    """A row that is empty is none, whatever stood in it before: so no row counts as an initial one."""

    def initial_form_count(self) -> int:
        return 0

    def total_form_count(self) -> int:
        return super().total_form_count() if self.is_bound else min(len(self.initial or ()) + self.extra, self.max_num)

    def values(self) -> list[dict[str, str]]:
        """What `Article.sources` holds, in the order entered."""
        return [form.cleaned_data for form in self.forms if form.cleaned_data]


Sources = forms.formset_factory(
    SourceForm,
    formset=_Sources,
    extra=2,
    max_num=MOST_SOURCES,
    absolute_max=MOST_SOURCES + 2,
    validate_max=True,
)


def with_one_more(data: QueryDict, prefix: str) -> QueryDict:
    grown = data.copy()
    number = data.get(f"{prefix}-TOTAL_FORMS", "")
    if number.isdecimal() and len(number) < 4:
        grown[f"{prefix}-TOTAL_FORMS"] = str(int(number) + 1)
    return grown


class AuthorChoice(forms.ModelChoiceField):
    def label_from_instance(self, author: Any) -> str:
        return f"{author.name}, {author.role}" if author.role else author.name


class ReviewerChoice(forms.ModelChoiceField):
    def label_from_instance(self, doctor: Any) -> str:
        fields = ", ".join(map(str, map(specialties.name_of, doctor.specialties)))
        return f"{doctor.display_name} ({fields})" if fields else doctor.display_name


class TagsField(forms.CharField):
    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        tags = normalised(super().to_python(value))
        if len(tags) > MOST:
            raise ValidationError(_("Choose at most %(most)d tags."), code="many", params={"most": MOST})
        if any(len(tag) > LONGEST for tag in tags):
            raise ValidationError(_("A tag has at most %(most)d letters."), code="long", params={"most": LONGEST})
        return tags


class TextField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.replace("\r\n", "\n").replace("\r", "\n")


class ArticleForm(FocusOnError, forms.ModelForm):
    """`instance` is what the article would say; `content.services.articles.save_article` keeps it."""

    title = LineField(label=_("Title"), max_length=120)
    slug = forms.SlugField(
        label=_("Address"),
        max_length=100,
        required=False,
        help_text=_("Left empty, it is made from the title. Once readers have seen the article it stays."),
    )
    topic = forms.SlugField(
        label=_("Topic"),
        max_length=100,
        required=False,
        help_text=_("One word for what it is about. An English and a Swahili article of one topic lead to each other."),
    )
    tags = TagsField(
        label=_("Tags"),
        required=False,
        max_length=600,
        validators=[],
        help_text=_("Words to find it by, in its language, with commas between them. At most 8."),
    )
    excerpt = forms.CharField(
        label=_("Summary"),
        required=False,
        max_length=LONGEST_EXCERPT,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One or two sentences: what readers will learn. Lists, search engines and messengers show them."),
    )
    body = TextField(
        label=_("Text"),
        max_length=markdown.MOST_CHARACTERS,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "true"}),
    )
    picture = DocumentField(
        label=_("Picture"),
        allowed=IMAGES,
        required=False,
        help_text=_("JPG, PNG or WEBP, at least 960 × 540 pixels. We cut it to 16:9 and take all data out of it."),
    )
    remove_picture = forms.BooleanField(label=_("Take the picture off"), required=False)
    featured_image_alt = LineField(
        label=_("What the picture shows"),
        max_length=300,
        required=False,
        help_text=_("For those who cannot see it: what is on it, not what it means."),
    )
    written_by = AuthorChoice(
        label=_("Author"), queryset=Author.objects.none(), required=False, empty_label=_("Nobody is named")
    )
    reviewed_by = ReviewerChoice(
        label=_("Medically reviewed by"),
        queryset=Doctor.objects.none(),
        required=False,
        empty_label=_("Not medically reviewed"),
        help_text=_("Verified doctors only."),
    )
    reviewed_at = forms.DateField(
        label=_("Reviewed on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = LineField(
        label=_("What you changed"),
        max_length=200,
        required=False,
        help_text=_("For the list of versions; readers do not see it."),
    )

    class Meta:
        model = Article
        fields = (
            *("title", "slug", "language", "topic", "category", "tags", "excerpt", "body"),
            *("featured_image_alt", "reviewed_by", "reviewed_at"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        article = self.instance
        self.fields["written_by"].queryset = Author.objects.order_by("name")
        self.initial.setdefault("written_by", article.author_id)
        verified = Q(verification_status=VerificationStatus.VERIFIED) | Q(pk=article.reviewed_by_id or "")
        self.fields["reviewed_by"].queryset = Doctor.objects.filter(verified).order_by("last_name", "first_name", "pk")
        self.is_fixed = not article._state.adding and was_public(article)
        self.fields["slug"].disabled = self.is_fixed
        self.picture_before = article.featured_image_url
        if not self.picture_before:
            del self.fields["remove_picture"]
        if article._state.adding:
            del self.fields["note"]
        for name in ("excerpt", "featured_image_alt"):
            self.fields[name].wanted_later = True  # a draft may do without

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].lower()
        if self.is_fixed:
            return self.instance.slug
        if not slug:
            slug = free_slug(self.cleaned_data.get("title", ""), but=self.instance.pk)
        if not slug and "title" in self.cleaned_data:
            raise ValidationError(_("No address can be made from this title: write one."), code="required")
        if slug in RESERVED:
            raise ValidationError(_("This address is taken by a page of ours."), code="reserved")
        return slug

    def clean_topic(self) -> str:
        return self.cleaned_data["topic"].lower()

    def clean_body(self) -> str:
        body = self.cleaned_data["body"]
        if markdown.has_pictures(body):
            sentence = _("Pictures do not stand inside texts. Take out what begins with ![ and choose a picture below.")
            raise ValidationError(sentence, code="pictures")
        return body

    def clean_excerpt(self) -> str:
        return " ".join(self.cleaned_data["excerpt"].split())

    def clean_tags(self) -> list[str]:
        tags = self.cleaned_data["tags"]
        for tag in tags:
            plain_line(tag)
        return tags

    def clean_reviewed_at(self) -> Any:
        day = self.cleaned_data["reviewed_at"]
        if day is not None and day > localdate(clock.now()):
            raise ValidationError(_("This day is still to come."), code="future")
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("topic") and data.get("slug") and data.get("language"):
            # Every article has one, so that a translation finds it.
            among = {"column": "topic", "language": data["language"], "but": self.instance.pk}
            data["topic"] = free_slug(data["slug"], **among)
        if data.get("reviewed_by") and not data.get("reviewed_at") and "reviewed_at" not in self.errors:
            self.add_error("reviewed_at", _("Say on which day it was reviewed."))
        if not data.get("reviewed_by"):
            data["reviewed_at"] = None
        stays = bool(self.picture_before) and not data.get("remove_picture")
        if (data.get("picture") or stays) and not data.get("featured_image_alt") and "picture" not in self.errors:
            self.add_error("featured_image_alt", _("Say what the picture shows."))
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        article, data = self.instance, self.cleaned_data
        author = data.get("written_by")
        article.author_id = author.pk if author is not None else None
        if data.get("remove_picture"):
            article.featured_image_url = ""
            if data.get("picture") is None:
                article.featured_image_alt = ""
        if data.get("picture") is not None and not self.errors:
            try:
                article.featured_image_url = store_hero(data["picture"].data)
            except UploadRefused as refused:
                self.add_error("picture", refused)


class ScheduleForm(forms.Form):
    """When a draft or a scheduled article is to be seen, on the clock of Nairobi."""

    at = forms.DateTimeField(
        label=_("Publish at"),
        required=False,
        input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        help_text=_("Nairobi time. A time that is past publishes at once."),
    )

    def clean_at(self) -> datetime | None:
        at = self.cleaned_data["at"]
        if at is not None and (at - clock.now()).days > 366:
            raise ValidationError(_("Choose a time within a year."), code="far")
        return at


class AuthorForm(FocusOnError, forms.ModelForm):
    """An author; `email` names the account that becomes one, once and for all."""

    email = forms.EmailField(
        label=_("E-mail of the account"), help_text=_("Somebody who has an account on Precta. Readers do not see it.")
    )
    name = LineField(label=_("Name"), max_length=200, help_text=_("As readers see it above the article."))
    slug = forms.SlugField(
        label=_("Address"), max_length=100, required=False, help_text=_("Left empty, it is made from the name.")
    )
    role = LineField(
        label=_("What they do"), max_length=200, required=False, help_text=_("For example: Health writer, Nairobi")
    )
    bio_en = forms.CharField(
        label=_("About the author, in English"),
        required=False,
        max_length=LONGEST_BIO,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 5, "lang": "en"}),
    )
    bio_sw = forms.CharField(
        label=_("About the author, in Swahili"),
        required=False,
        max_length=LONGEST_BIO,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 5, "lang": "sw"}),
    )
    photo = DocumentField(
        label=_("Photo"), allowed=IMAGES, required=False, help_text=_("JPG, PNG or WEBP. We cut it to a square.")
    )
    remove_photo = forms.BooleanField(label=_("Take the photo off"), required=False)

    class Meta:
        model = Author
        fields = ("name", "slug", "role", "bio_en", "bio_sw")

    field_order = ("email", "name", "slug", "role", "photo", "remove_photo", "bio_en", "bio_sw")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["email"]
        if not self.instance.photo_url:
            del self.fields["remove_photo"]

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        user = User.objects.filter(email=email).first()
        if user is None:
            raise ValidationError(_("Nobody has an account with this e-mail."), code="unknown")
        if Author.objects.filter(pk=user.pk).exists():
            raise ValidationError(_("This account is an author already."), code="taken")
        self.instance.user = user
        return email

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].lower()
        if not slug:
            slug = free_slug(self.cleaned_data.get("name", ""), model=Author, but=self.instance.pk or "")
        if not slug and "name" in self.cleaned_data:
            raise ValidationError(_("No address can be made from this name: write one."), code="required")
        return slug

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.cleaned_data.get("remove_photo"):
            self.instance.photo_url = ""
        if self.cleaned_data.get("photo") is not None and not self.errors:
            try:
                self.instance.photo_url = store_photo(self.cleaned_data["photo"].data)
            except UploadRefused as refused:
                self.add_error("photo", refused)
