"""When a long-lived process gives memory back: by Python's collector and by the C library."""

import ctypes
import gc
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


def keep_what_is_loaded() -> None:
    """What the process holds now stays until its end: the collector does not look at it any more.

    Python puts a full collection off until a quarter as many objects wait as have survived one. With half a million of
    modules, models and patterns that takes thousands of requests, whose leavings a web worker carries meanwhile.
    """
    gc.collect()
    gc.freeze()
