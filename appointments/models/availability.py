"""When a doctor works: weekly windows in the clinic's own time, and the days off."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from accounts.models import ConsultationMode, Doctor
from precta.choices import choices_check
from precta.ids import IdField

# Minutes of the day; an `end_time` of 00:00 is the end of the day.
MINUTES_OF_WINDOW = (
    "int4range((EXTRACT(HOUR FROM start_time) * 60 + EXTRACT(MINUTE FROM start_time))::int,"
    " CASE WHEN end_time = '00:00' THEN 1440"
    " ELSE (EXTRACT(HOUR FROM end_time) * 60 + EXTRACT(MINUTE FROM end_time))::int END)"
)


class Weekday(models.IntegerChoices):
    SUNDAY = 0, _("Sunday")
    MONDAY = 1, _("Monday")
    TUESDAY = 2, _("Tuesday")
    WEDNESDAY = 3, _("Wednesday")
    THURSDAY = 4, _("Thursday")
    FRIDAY = 5, _("Friday")
    SATURDAY = 6, _("Saturday")


class DoctorAvailability(models.Model):
    """A weekly window. Times are the wall clock of the clinic's zone; `end_time` 00:00 is midnight at the end."""

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    day_of_week = models.IntegerField(_("day"), choices=Weekday.choices)
    start_time = models.TimeField(_("from"))
    end_time = models.TimeField(_("until"))
    consultation_mode = models.CharField(_("kind of visit"), max_length=10, choices=ConsultationMode.choices)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("weekly availability")
        verbose_name_plural = _("weekly availability")
        ordering = ("day_of_week", "start_time")
        indexes = (models.Index(fields=["doctor", "day_of_week"], name="availability_doctor_day"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(day_of_week__gte=0, day_of_week__lte=6),
                name="availability_day_of_week",
            ),
            models.CheckConstraint(
                condition=Q(end_time__gt=F("start_time")) | Q(end_time="00:00"),
                name="availability_ends_after_start",
            ),
            choices_check("consultation_mode", ConsultationMode.values, "availability_mode_known"),
            ExclusionConstraint(
                name="availability_no_overlap",
                expressions=[
                    (F("doctor"), RangeOperators.EQUAL),
                    (F("day_of_week"), RangeOperators.EQUAL),
                    (F("consultation_mode"), RangeOperators.EQUAL),
                    (RawSQL(MINUTES_OF_WINDOW, ()), RangeOperators.OVERLAPS),  # noqa: S611
                ],
                condition=Q(is_active=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_day_of_week_display()} {self.start_time:%H:%M}-{self.end_time:%H:%M}"


class TimeOff(models.Model):
    """A stretch in which the doctor takes no visits (UTC, half-open)."""

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("note for yourself"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        ordering = ("starts_at",)
        indexes = (models.Index(fields=["doctor", "ends_at"], name="time_off_doctor_end"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="time_off_ends_after_start",
            ),
            ExclusionConstraint(
                name="time_off_no_overlap",
                expressions=[
                    (F("doctor"), RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_at"),
                            F("ends_at"),
                            function="TSTZRANGE",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        )

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}-{self.ends_at:%Y-%m-%d %H:%M}"
