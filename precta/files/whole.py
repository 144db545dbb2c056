"""Writing a file under its name only when it is whole, and handing a store what is made while it is written."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

PART = ".part"


class Pieces(File):
    """A file that is made piece by piece as the store reads it; nothing of it is held for longer."""

    closed = False  # type: ignore[assignment]

    def __init__(self, pieces: Iterator[bytes], name: str) -> None:
        super().__init__(None, name)
        self.pieces, self.rest, self.begun = pieces, b"", False

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        self.begun = True
        return self.pieces

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        self.begun = True
        while size < 0 or len(self.rest) < size:
            piece = next(self.pieces, None)
            if piece is None:
                break
            self.rest += piece
        size = len(self.rest) if size < 0 else size
        given, self.rest = self.rest[:size], self.rest[size:]
        return given

    def seek(self, offset: int, whence: int = 0) -> int:  # type: ignore[override]
        """Stores go to the beginning before they read."""
        if self.begun or offset or whence:
            raise OSError("what is made while it is read cannot be read twice")
        return 0

    def tell(self) -> int:  # type: ignore[override]
        return 0

    def seekable(self) -> bool:  # type: ignore[override]
        return False

    def readable(self) -> bool:  # type: ignore[override]
        return True

    def writable(self) -> bool:  # type: ignore[override]
        return False

    def close(self) -> None:
        pass


class WholeFiles(FileSystemStorage):
    """Django's folder, but what is being written bears another name until it is whole: a full disk or a killed process
    leaves nothing under the name itself. Saving under a name that is taken, as `_save` is allowed to, replaces it."""

    def _save(self, name: str, content: Any) -> str:
        target = Path(self.path(name))
        self._make_folders(target.parent)
        part = target.with_name(f"{target.name}.{token_hex(4)}{PART}")
        try:
            mode = self.file_permissions_mode or 0o666
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                for piece in content.chunks():
                    out.write(piece)
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        return name.replace("\\", "/")

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            new.mkdir(self.directory_permissions_mode or 0o777, exist_ok=True)
