"""Finding an article by words."""

import re

import pytest

from content import highlights, search, synonyms
from content.models import Article, ArticleWords
from tests.content.conftest import NOW, make_article, titles

pytestmark = pytest.mark.usefixtures("_clock")


@pytest.fixture
def found(at_platform):
    def ask(q: str, language: str = "en") -> list[str]:
        response = at_platform().get("/articles/", {"q": q, "language": language})
        assert response.status_code == 200
        return titles(response)

    return ask


@pytest.mark.parametrize(
    ("q", "language", "expected"),
    [
        ("blood pressure", "en", "pressure"),
        ("BLOOD   pressure!", "en", "pressure"),
        ("preventing", "en", "malaria"),
        ("prevents malaria", "en", "malaria"),  # another form of the word
        ("exercise salt", "en", "pressure"),  # stems in the text: exercising
        ("baby", "en", "pressure"),  # babies
        ("preventi", "en", "malaria"),  # on the way to preventing: no stem begins so
        ("measuri", "en", "pressure"),  # the same in the text only
        ("mala", "en", "malaria"),  # the beginning of the last word
        ("what is malaria", "en", "malaria"),
        ("hypertension", "en", "pressure"),  # other names of the same thing
        ("bp", "en", "pressure"),
        ("presha", "en", "pressure"),
        ("chandarua", "en", "malaria"),
        ("maleria", "en", "malaria"),  # a slip
        ("malaria unheard", "en", "malaria"),  # one of the words has to do
        ("shinikizo la damu", "en", "pressure"),  # a name with a word in it that matters to nothing else
        ("kuhusu homa ya mbu", "en", "malaria"),
        ("homa ya mbu", "en", "malaria"),
        ("shinikizo", "sw", "presha"),
        ("hypertension", "sw", "presha"),
        ("mtoto", "sw", "presha"),  # watoto
        ("ng'ombe", "sw", "presha"),
        ("ng’ombe", "sw", "presha"),
        ("ngombe", "sw", "presha"),
        ("chúmvi", "sw", "presha"),
        ("hujifi", "sw", "presha"),
        ("kuhusu shinikizo la damu", "sw", "presha"),
    ],
)
def test_what_people_type_leads_to_the_article(found, shelf, q, language, expected):
    assert found(q, language)[:1] == [getattr(shelf, expected).title]


def test_all_words_have_to_be_there_unless_no_article_has_them_all(at_platform, found, shelf):
    assert found("malaria net") == [shelf.malaria.title]
    html = at_platform().get("/articles/", {"q": "malaria walking"}).content.decode()
    assert "No article has all the words of “malaria walking”" in html
    assert set(found("malaria walking")) == {shelf.malaria.title, shelf.heart.title}


def test_a_title_outweighs_tags_and_these_the_text(found, shelf):
    text = make_article("Of other things", "Cholera comes with dirty water. " * 3)
    tag = make_article("Of water", "Boil it.", tags=["cholera"])
    title = make_article("Cholera", "Boil the water.")
    assert found("cholera") == [title.title, tag.title, text.title]


def test_a_stop_word_alone_is_looked_for_and_beside_others_left_out(found, shelf):
    who = make_article("What the WHO says", "Nothing new.")
    assert who.title in found("who")
    assert names("what is the blood and the blood pressure") == ["blood", "pressure"]
    assert names("the the") == ["the"]
    assert names("a b c d e f g h i j k") == ["b", "c", "d", "e", "f", "g"]


def test_a_stop_word_need_not_stand_in_the_text_and_the_answer_is_whole(at_platform, shelf):
    html = at_platform().get("/articles/", {"q": "babies measured during exercise, too"}).content.decode()
    assert shelf.pressure.title.split(":")[0] in re.sub("</?mark>", "", html)
    assert "No article has all the words" not in html


def names(q):
    return [" ".join(term.names[0]) for term in search.terms(search.wanted(q))]


def test_every_name_of_a_thing_is_known_as_it_is_typed():
    for line in synonyms.NAMES.strip().splitlines():
        for name in line.split(","):
            first = search.terms(search.wanted(f"about {name}"))
            assert [" ".join(term.names[0]) for term in first] == [name.strip()]
            assert len(first[0].names) == len(dict.fromkeys(line.split(",")))


def test_the_hits_are_marked_and_whatever_else_is_text(at_platform, shelf):
    make_article(
        "Never <script>alert(1)</script> malaria",
        "Before. <img src=x onerror=alert(2)> and **malaria** & <b>more</b>",
        excerpt="A summary without it",
    )
    html = at_platform().get("/articles/", {"q": "malaria <script>alert(3)</script>"}).content.decode()
    assert "<script>alert" not in html and "<img src=x" not in html
    html = at_platform().get("/articles/", {"q": "malaria"}).content.decode()
    assert "Never &lt;script&gt;alert(1)&lt;/script&gt; <mark>malaria</mark>" in html
    assert "<script>alert" not in html and "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(2)&gt; and <mark>malaria</mark> &amp; &lt;b&gt;more" in html


@pytest.mark.parametrize(
    ("text", "lexemes", "language", "expected"),
    [
        ("Babies and a baby", "'babi' | 'baby'", "en", "<mark>Babies</mark> and a <mark>baby</mark>"),
        ("Élodie's <b>", "'elodi'", "en", "<mark>Élodie</mark>&#x27;s &lt;b&gt;"),
        ("Ng'ombe wangu", "'ngombe'", "sw", "<mark>Ng&#x27;ombe</mark> wangu"),
        ("watoto, mtoto, mtotoo", "'mtoto' | 'watoto'", "sw", "<mark>watoto</mark>, <mark>mtoto</mark>, mtotoo"),
        ("mtotoo", "'mtoto':*", "sw", "<mark>mtotoo</mark>"),
        ("İstanbul x", "'x'", "en", "İstanbul <mark>x</mark>"),
        ("a.c abc", "'a.c'", "sw", "<mark>a.c</mark> abc"),
        ("Vitamin C can", "'vitamin' & 'c'", "en", "<mark>Vitamin</mark> <mark>C</mark> can"),
        ("type 2, 2026", "'2'", "en", "type <mark>2</mark>, 2026"),
        ("ears early", "'ear'", "en", "<mark>ears</mark> early"),
        ("healing health", "'heal'", "en", "<mark>healing</mark> health"),
        ("illness illegal", "'ill'", "en", "<mark>illness</mark> illegal"),
        ("illegal", "'ill':*", "en", "<mark>illegal</mark>"),
        ("vaccination, vaccines", "'vaccin'", "en", "<mark>vaccination</mark>, <mark>vaccines</mark>"),
        ("pregnancies", "'pregnanc'", "en", "<mark>pregnancies</mark>"),
        ("stopping nutritional", "'stop' & 'nutrit'", "en", "<mark>stopping</mark> <mark>nutritional</mark>"),
    ],
)
def test_marks_stand_where_the_words_do(text, lexemes, language, expected):
    assert highlights.marked(text, search.pattern_of(lexemes, language)) == expected


def test_a_passage_is_cut_at_words_and_shows_no_markdown():
    body = "word " * 100 + "## Here\n\n- **malaria** is [explained](https://who.int/x) and " + "more " * 100
    passage = highlights.passage(body, search.pattern_of("'malaria'", "en"))
    assert passage is not None
    assert passage.startswith("… word ") and passage.endswith("more …")
    assert "Here <mark>malaria</mark> is explained and" in passage
    table = highlights.passage("| A | B |\n|---|:-:|\n| malaria | x |", search.pattern_of("'malaria'", "en"))
    assert table == "A B <mark>malaria</mark> x"
    assert highlights.passage("nothing", search.pattern_of("'malaria'", "en")) is None


@pytest.mark.parametrize(("more", "told"), [(0, f"{search.MOST} articles, page 1 of 17"), (5, "Over 200 articles")])
def test_more_matches_than_are_ranked_are_told_as_over_so_many(at_platform, shelf, more, told):
    Article.objects.bulk_create(
        Article(
            title=f"Nyama {number}",
            slug=f"nyama-{number}",
            body="x",
            category="news",
            status="published",
            published_at=NOW,
        )
        for number in range(search.MOST + more)
    )
    html = at_platform().get("/articles/", {"q": "nyama"}).content.decode()
    assert told in html
    last = at_platform().get("/articles/", {"q": "nyama", "page": "49"})
    assert len(titles(last)) == search.MOST % 12


@pytest.mark.parametrize("q", ["cholera", "cholra", "cholera unheard", "choleraic", "what is choleraic"])
def test_pages_of_a_search_do_not_overlap(at_platform, shelf, q):
    """Those of what was found instead neither: of a slip, of any of the words, of an unfinished one."""
    for number in range(30):
        make_article(f"Cholera {number}")
    pages = [titles(at_platform().get("/articles/", {"q": q, "page": n})) for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [12, 12, 6]
    assert len({title for page in pages for title in page}) == 30


def test_the_words_follow_whatever_happens_to_an_article(shelf):
    article = shelf.malaria
    assert ArticleWords.objects.filter(pk=article.pk).exists()
    Article.objects.filter(pk=article.pk).update(title="Cholera")
    assert "cholera" in ArticleWords.objects.get(pk=article.pk).head
    Article.objects.filter(pk=article.pk).update(language="sw", category="news")
    assert (ArticleWords.objects.get(pk=article.pk).language, ArticleWords.objects.get(pk=article.pk).category) == (
        "sw",
        "news",
    )
    for status in ("draft", "archived"):
        Article.objects.filter(pk=article.pk).update(status=status)
        assert not ArticleWords.objects.filter(pk=article.pk).exists()
    Article.objects.filter(pk=article.pk).update(status="published")
    assert ArticleWords.objects.filter(pk=article.pk).exists()


def test_counting_views_leaves_the_search_alone(shelf):
    before = ArticleWords.objects.extra(select={"row": "xmin::text"}).get(pk=shelf.malaria.pk).row
    Article.objects.filter(pk=shelf.malaria.pk).update(view_count=5)
    assert ArticleWords.objects.extra(select={"row": "xmin::text"}).get(pk=shelf.malaria.pk).row == before


def test_a_text_of_a_megabyte_can_be_saved_and_found(found, shelf):
    import random

    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(100_000)]
    long = make_article("Longest", "cholera " + " ".join(words))
    assert found("cholera") == [long.title]
