"""Turn the message catalogues into what gettext reads, without needing gettext's own programs."""

import os
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compiles every .po file under LOCALE_PATHS that is newer than its .mo file."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        made = sum(compile_catalogues(Path(folder)) for folder in settings.LOCALE_PATHS)
        self.stdout.write(f"{made} compiled")


def compile_catalogues(folder: Path) -> int:
    """Compile the changed catalogues below `folder`; returns how many. Fuzzy and obsolete entries are left out."""
    made = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = target.with_name(f"{target.name}.{os.getpid()}")  # readers never see half a file
        polib.pofile(str(source)).save_as_mofile(str(draft))
        draft.replace(target)
        made += 1
    return made
