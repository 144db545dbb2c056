"""Chance with a seed: the same seed builds the same people, ids and visits."""

import string
from random import Random

_LETTERS = string.ascii_lowercase
_REST = string.ascii_lowercase + string.digits


class Dice(Random):
    def id(self) -> str:
        """An identifier of the house's form that depends on the seed alone."""
        return self.choice(_LETTERS) + "".join(self.choices(_REST, k=23))

    def chance(self, share: float) -> bool:
        return self.random() < share

    def phone(self) -> str:
        """A number in a Kenyan mobile range."""
        return f"+2547{self.randint(0, 99_999_999):08d}"
