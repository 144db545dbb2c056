"""What people and providers write, in one line that can be shown."""

import pytest

from accounts.directory.words import typed
from precta.payments.scrub import clean_text
from precta.text import printable


@pytest.mark.parametrize("clean", [printable, typed, clean_text])
def test_what_cannot_be_shown_goes_and_what_is_left_is_one_line(clean):
    assert clean("a\u202eb\x00 \x07 c\ud800\ufffd\n\td\ue000 ") == "ab c d"
    assert clean("Ng'ang'a wa Ñandú") == "Ng'ang'a wa Ñandú"
