"""What happened in a visit: the encounter notes, what was added to them later, and what was written in the room."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from accounts.models import ConsultationMode
from appointments.models.appointment import Appointment
from precta.choices import choices_check
from precta.ids import IdField

DURATION = "EXTRACT(EPOCH FROM (ended_at - started_at))::int"
# What the doctor writes. All of it is locked by a trigger once `finished_at` is set.
NOTE_FIELDS = (
    *("reason", "findings", "doctor_notes", "diagnosis", "plan"),
    *("follow_up_recommended", "follow_up_notes", "follow_up_at", "follow_up_mode"),
)


class Consultation(models.Model):
    """The encounter of one visit, from the doctor's start (UTC).

    `diagnosis`, `plan` and the follow-up are the summary that the patient reads; `reason`, `findings` and
    `doctor_notes` stay with the clinic. `notes_version` counts the saves, so that a second tab cannot overwrite what it
    has not seen. Finished notes cannot be changed: what comes later is a ConsultationAddendum. `duration_seconds` is
    the database's own sum; a video provider's figure only supplies a missing end.
    """

    id = IdField()
    appointment = models.OneToOneField(
        Appointment, models.PROTECT, related_name="consultation", verbose_name=_("visit")
    )
    started_at = models.DateTimeField(_("started"), db_index=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    duration_seconds = models.GeneratedField(
        expression=RawSQL(DURATION, ()),  # noqa: S611
        output_field=models.IntegerField(null=True),
        db_persist=True,
    )
    reason = models.TextField(_("reason for the visit"), blank=True, default="")
    findings = models.TextField(_("findings"), blank=True, default="")
    doctor_notes = models.TextField(_("private notes"), blank=True, default="")
    diagnosis = models.TextField(_("diagnosis"), blank=True, default="")
    plan = models.TextField(_("plan"), blank=True, default="")
    follow_up_recommended = models.BooleanField(_("follow-up recommended"), default=False, db_default=False)
    follow_up_notes = models.TextField(_("about the follow-up"), blank=True, default="")
    follow_up_at = models.DateTimeField(_("proposed time"), null=True, blank=True)
    follow_up_mode = models.CharField(
        _("kind of the follow-up"), max_length=10, choices=ConsultationMode.choices, blank=True, default=""
    )
    notes_version = models.PositiveIntegerField(_("saves"), default=0)
    notes_saved_at = models.DateTimeField(_("last saved"), null=True, blank=True)
    finished_at = models.DateTimeField(_("notes finished"), null=True, blank=True)
    room_id = models.CharField(_("room"), max_length=100, blank=True, default="")
    recording_url = models.CharField(_("recording"), max_length=500, blank=True, default="")
    patient_agreed_to_recording_at = models.DateTimeField(_("patient agreed to a recording"), null=True, blank=True)
    doctor_agreed_to_recording_at = models.DateTimeField(_("doctor agreed to a recording"), null=True, blank=True)

    class Meta:
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        indexes = (
            # Where a provider's webhook finds its room.
            models.Index(fields=["room_id"], name="consultation_room", condition=~Q(room_id="")),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="consultation_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(ended_at__isnull=False),
                name="consultation_finished_after_end",
            ),
            models.CheckConstraint(
                condition=Q(follow_up_recommended=True) | Q(follow_up_at__isnull=True),
                name="consultation_proposal_needs_follow_up",
            ),
            models.CheckConstraint(
                condition=Q(recording_url="")
                | Q(patient_agreed_to_recording_at__isnull=False, doctor_agreed_to_recording_at__isnull=False),
                name="consultation_recording_needs_consent",
            ),
            choices_check("follow_up_mode", ["", *ConsultationMode.values], "consultation_follow_up_mode_known"),
        )

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"


class ConsultationAddendum(models.Model):
    """A dated, signed addition to finished notes. A trigger refuses to change or delete one."""

    id = IdField()
    consultation = models.ForeignKey(
        Consultation, models.PROTECT, related_name="addenda", verbose_name=_("consultation")
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", verbose_name=_("author"))
    text = models.TextField(_("addition"))
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        verbose_name = _("addition to the notes")
        verbose_name_plural = _("additions to the notes")
        ordering = ("created_at", "pk")

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"


class RoomMessage(models.Model):
    """A line that one of the two wrote beside the picture of a video visit."""

    id = IdField()
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+", verbose_name=_("visit"))
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", verbose_name=_("sender"))
    text = models.TextField(_("text"), max_length=2000)
    created_at = models.DateTimeField(_("sent"), auto_now_add=True)

    class Meta:
        verbose_name = _("message in the room")
        verbose_name_plural = _("messages in the room")
        ordering = ("created_at", "pk")
        indexes = (models.Index(fields=["appointment", "created_at"], name="room_message_visit"),)

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"
