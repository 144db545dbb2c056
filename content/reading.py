"""How long an article takes to read."""

from content.markdown import to_text

# Adults read English non-fiction silently at 238 words a minute on average (M. Brysbaert, "How many words do we read
# per minute?", Journal of Memory and Language 109, 2019); who reads about an illness, often in a second language, is
# slower.
WORDS_PER_MINUTE = 200


def words(text: str) -> int:
    """How many words readers meet: marks, addresses and the lines of tables are none."""
    return sum(any(map(str.isalnum, word)) for word in to_text(text).split())


def minutes(text: str) -> int:
    """The reading time of a Markdown text in whole minutes, to the nearest one, at least 1."""
    return max(1, (words(text) + WORDS_PER_MINUTE // 2) // WORDS_PER_MINUTE)
