import time

from content.diffs import Line, differences


def told(lines):
    return [(line.kind, "".join(text for text, _ in line.pieces)) for line in lines]


def test_the_same_text_differs_in_nothing():
    assert differences("a\nb", "a\nb") == []


def test_a_changed_line_is_compared_by_words():
    lines = differences("One glass of water a day.", "Two glasses of water a day.")
    assert [line.kind for line in lines] == ["removed", "added"]
    assert [text for text, differs in lines[0].pieces if differs] == ["One", "glass"]
    assert [text for text, differs in lines[1].pieces if differs] == ["Two", "glasses"]
    assert "".join(text for text, _ in lines[1].pieces) == "Two glasses of water a day."


def test_what_is_far_from_a_change_is_left_out():
    before = "\n".join(f"line {n}" for n in range(30))
    lines = differences(before, before.replace("line 15", "something else entirely"))
    assert [kind for kind, _ in told(lines)] == ["left-out", "same", "removed", "added", "same", "left-out"]


def test_added_and_removed_lines():
    assert told(differences("a\nb", "a\nb\nc")) == [("left-out", ""), ("same", "b"), ("added", "c")]
    assert ("removed", "a") in told(differences("a\nb", "b"))
    assert told(differences("", "a")) == [("removed", ""), ("added", "a")]


def test_texts_made_to_be_slow_are_not():
    began = time.process_time()
    differences("a\nb\n" * 15_000, "b\na\n" * 15_000)
    differences("a\nb\n" * 700, "b\na\n" * 700)
    differences("a b " * 15_000, "b a " * 15_000)
    differences("\n".join("x y " * 8 for _ in range(700)), "\n".join("y x " * 8 for _ in range(700)))
    assert time.process_time() - began < 5


def test_pieces_are_bare_text():
    assert differences("<b>", "<i>")[0] == Line("removed", (("<", False), ("b", True), (">", False)))
