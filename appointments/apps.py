from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Appointments")

    def ready(self) -> None:
        # Each registers what it holds.
        from appointments import (  # noqa: F401
            emergency_lists,
            encounter_parts,
            projection_handlers,
            receivers,
            suspension_handlers,
        )
        from appointments.figures import handlers as figures_handlers  # noqa: F401
        from appointments.notices import handlers  # noqa: F401
        from appointments.room import handlers as room_handlers  # noqa: F401
        from appointments.room import parts  # noqa: F401
