"""Receiving: what people send stays in memory until it is encrypted, and never touches the disk as it came.

What is larger than we take is read and dropped, so that the form comes back with everything else that was typed.
"""

from io import BytesIO
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from precta.files.checks import MEGABYTE, MOST_BYTES

MOST_TOGETHER = 2 * MOST_BYTES  # of all the files of one request
MOST_READ = 40 * MEGABYTE  # a request beyond this gets the page for 413 at once


class DroppedUpload(UploadedFile):
    """Stands for a file that was too large to keep: its size is told, its content is gone.

    `together`: it alone would not have been too large, but it came with others.
    """

    together = False


class MemoryUploadHandler(FileUploadHandler):
    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.together = 0

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: bytes, encoding: str | None = None
    ) -> None:
        if content_length > MOST_READ:
            raise RequestDataTooBig("The request is larger than any form of ours takes.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        # One buffer that grows: a list of pieces that is joined at the end holds a large file twice.
        self.parts: BytesIO | None = BytesIO()
        self.kept = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.parts is None:
            return
        self.kept += len(raw_data)
        self.together += len(raw_data)
        if self.kept > MOST_BYTES or self.together > MOST_TOGETHER:
            self.together -= self.kept
            self.parts = None
        else:
            self.parts.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        if self.parts is None:
            dropped = DroppedUpload(
                file=BytesIO(), name=self.file_name, content_type=self.content_type, size=max(file_size, MOST_BYTES + 1)
            )
            dropped.together = file_size <= MOST_BYTES
            return dropped
        self.parts.seek(0)
        return InMemoryUploadedFile(
            self.parts,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )
