"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's second recommendation (19 MiB, 2 passes, 1 lane).

    Django's default takes 100 MiB and 8 threads for each sign-in: four at once would fill a small server.
    https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
