"""A small picture of what a file shows, for lists. Made in a task; it is sealed as the file is."""

import subprocess
import sys
from pathlib import Path

from precta.files.checks import PDF
from precta.files.exceptions import UploadRefused

SIDE = 480
PATIENCE = 30  # seconds
PAGE = Path(__file__).with_name("pdf_page.py")


class NoPreview(Exception):
    """This file cannot be drawn; trying again would not help."""


def preview_of(data: bytes, content_type: str) -> bytes:
    """The picture, or the first page, within SIDE x SIDE pixels, as WebP. Raises NoPreview.

    A PDF is drawn by a process of its own with narrow limits and nothing of our environment: a file made to break the
    library that draws it then breaks nothing else, and finds no secret. No byte of it touches the disk.
    """
    if content_type != PDF:
        from precta.files.images import contained

        try:
            return contained(data, width=SIDE, height=SIDE)[1]
        except UploadRefused as error:
            raise NoPreview from error
    try:
        drawn = subprocess.run(
            [sys.executable, "-I", str(PAGE), str(SIDE)],
            input=data,
            capture_output=True,
            timeout=PATIENCE,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoPreview from error
    if drawn.returncode or not drawn.stdout.startswith(b"RIFF"):
        raise NoPreview
    return drawn.stdout
