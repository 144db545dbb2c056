"""Verification codes: eight characters that name the clinic and 21 random ones, in groups that can be read aloud."""

import re

CLINIC, SECRET, GROUP = 8, 21, 3
_SEPARATORS = re.compile(r"[\W_]+")
_CODE = re.compile(rf"[a-z0-9]{{{CLINIC + SECRET}}}")


def normal_code(typed: str) -> str:
    """The code as it is kept, however it was typed; empty when it cannot be one."""
    bare = _SEPARATORS.sub("", typed).lower()
    if not _CODE.fullmatch(bare):
        return ""
    secret = bare[CLINIC:]
    return "-".join((bare[:CLINIC], *(secret[start : start + GROUP] for start in range(0, SECRET, GROUP))))


def clinic_code(code: str) -> str:
    return code[:CLINIC]
