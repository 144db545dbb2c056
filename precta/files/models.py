"""The keys under which a schema's files are sealed, in the public and in every clinic's schema."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from precta.ids import IdField


class FileKey(models.Model):
    """A key that wraps the keys of the files of this schema, itself wrapped by a master key of FILES_KEY.

    `wrapped` is its nonce and ciphertext, `master` the id of the master key that opens it. One is active and seals; a
    retired one still opens what it sealed.
    """

    id = IdField()
    wrapped = models.BinaryField(_("wrapped key"))
    master = models.CharField(_("master key"), max_length=16)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    is_active = models.BooleanField(_("seals new files"), default=True)

    class Meta:
        verbose_name = _("key of files")
        verbose_name_plural = _("keys of files")
        constraints = (
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="file_key_one_active"),
        )

    def __str__(self) -> str:
        return self.pk
