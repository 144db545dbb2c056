"""What the C library does with memory that Python gives back."""

import ctypes
from contextlib import suppress

M_MMAP_THRESHOLD = -3  # malloc.h of glibc
LARGE = 2**20


def give_back_large_blocks() -> None:
    """Blocks from a megabyte on go back to the system as soon as they are free, for the rest of the process.

    By itself glibc learns from the first upload of ten megabytes to keep such blocks in each thread's heap: a web
    worker then stays forty megabytes fatter. Another C library has no such call, and nothing happens.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)
