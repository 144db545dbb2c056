"""When a doctor works: weekly windows in the clinic's own time, and the days off."""

from django.conf import settings
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
# Both ends count, and a missing one is open.
DATES_OF_WINDOW = "daterange(effective_from, effective_until, '[]')"
# Without times a day is closed, which leaves no room for other hours.
MINUTES_OF_DAY = f"CASE WHEN start_time IS NULL THEN int4range(0, 1440) ELSE {MINUTES_OF_WINDOW} END"
# No mode is every mode.
MODES_OF_DAY = (
    "CASE consultation_mode WHEN 'in_person' THEN int4range(0, 1) WHEN 'video' THEN int4range(1, 2)"
    " ELSE int4range(0, 2) END"
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
    """A weekly window. Times are the wall clock of the clinic's zone; `end_time` 00:00 is midnight at the end.

    It holds from `effective_from` to `effective_until`, dates of the clinic's calendar that both count; none is open.
    """

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    day_of_week = models.IntegerField(_("day"), choices=Weekday.choices)
    start_time = models.TimeField(_("from"))
    end_time = models.TimeField(_("until"))
    consultation_mode = models.CharField(_("kind of visit"), max_length=10, choices=ConsultationMode.choices)
    is_active = models.BooleanField(_("active"), default=True, db_default=True)
    effective_from = models.DateField(_("first day"), null=True, blank=True)
    effective_until = models.DateField(_("last day"), null=True, blank=True)

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
            models.CheckConstraint(
                condition=Q(effective_until__gte=F("effective_from"))
                | Q(effective_from__isnull=True)
                | Q(effective_until__isnull=True),
                name="availability_until_after_from",
            ),
            choices_check("consultation_mode", ConsultationMode.values, "availability_mode_known"),
            ExclusionConstraint(
                name="availability_no_overlap",
                expressions=[
                    (F("doctor"), RangeOperators.EQUAL),
                    (F("day_of_week"), RangeOperators.EQUAL),
                    (F("consultation_mode"), RangeOperators.EQUAL),
                    (RawSQL(MINUTES_OF_WINDOW, ()), RangeOperators.OVERLAPS),  # noqa: S611
                    (RawSQL(DATES_OF_WINDOW, ()), RangeOperators.OVERLAPS),  # noqa: S611
                ],
                condition=Q(is_active=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_day_of_week_display()} {self.start_time:%H:%M}-{self.end_time:%H:%M}"


class AvailabilityException(models.Model):
    """Hours that hold on one date instead of the weekly ones: of one kind of visit, or of both when none is named.

    Several rows of a date are several windows; a row without times closes the date. Times and date are the clinic's.
    """

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    date = models.DateField(_("date"))
    consultation_mode = models.CharField(
        _("kind of visit"), max_length=10, choices=ConsultationMode.choices, blank=True, default=""
    )
    start_time = models.TimeField(_("from"), null=True, blank=True)
    end_time = models.TimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("day that differs")
        verbose_name_plural = _("days that differ")
        ordering = ("date", "start_time")
        indexes = (models.Index(fields=["doctor", "date"], name="availability_exception_day"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(start_time__isnull=True, end_time__isnull=True)
                # A comparison with a missing time is neither true nor false, which a CHECK lets pass.
                | Q(start_time__isnull=False, end_time__isnull=False, end_time__gt=F("start_time"))
                | Q(start_time__isnull=False, end_time__isnull=False, end_time="00:00"),
                name="availability_exception_hours",
            ),
            choices_check("consultation_mode", ["", *ConsultationMode.values], "availability_exception_mode_known"),
            ExclusionConstraint(
                name="availability_exception_no_overlap",
                expressions=[
                    (F("doctor"), RangeOperators.EQUAL),
                    (F("date"), RangeOperators.EQUAL),
                    (RawSQL(MODES_OF_DAY, ()), RangeOperators.OVERLAPS),  # noqa: S611
                    (RawSQL(MINUTES_OF_DAY, ()), RangeOperators.OVERLAPS),  # noqa: S611
                ],
            ),
        )

    def __str__(self) -> str:
        hours = f"{self.start_time:%H:%M}-{self.end_time:%H:%M}" if self.start_time and self.end_time else "closed"
        return f"{self.date} {hours}"


class AvailabilityRevision(models.Model):
    """What a doctor's hours were before somebody changed them, so that the change can be taken back.

    `before` is a whole set of hours (`appointments.hours.Hours.as_json`), `after` the token of the set that replaced
    it. The few latest of each doctor are kept; the trail tells of all.
    """

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    before = models.JSONField(_("hours before"))
    after = models.CharField(_("hours after"), max_length=64)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", null=True, verbose_name=_("changed by")
    )
    saved_at = models.DateTimeField(_("changed"), auto_now_add=True)

    class Meta:
        verbose_name = _("change of hours")
        verbose_name_plural = _("changes of hours")
        ordering = ("-saved_at",)
        indexes = (models.Index(fields=["doctor", "-saved_at"], name="availability_revision_latest"),)

    def __str__(self) -> str:
        return f"{self.saved_at:%Y-%m-%d %H:%M}"


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
