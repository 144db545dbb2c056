"""The pictures of articles: in the sizes that pages need, with nothing else left of what was brought."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image

from content.models import Article
from content.pictures import hero_of, store_hero, store_photo
from precta import clock
from precta.files.exceptions import UploadRefused
from precta.files.images import square
from precta.files.orphans import sweep_pictures
from precta.files.store import put_picture_set, put_public_image
from tests.content.writing import make_author, write
from tests.files.corpus import picture, pixel_flood


def fetch(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer, Image.open(io.BytesIO(answer.content))


def test_a_picture_is_kept_in_every_size_and_as_a_card(at_platform, db):
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "Phone of Amina", {1: "S", 2: (1.0, 17.0, 0.0)}
    path = store_hero(picture(size=(2400, 1800), exif=exif))
    hero = hero_of(Article(featured_image_url=path, featured_image_alt="A market in Kisumu"))
    assert (hero.width, hero.height, hero.alt) == (960, 540, "A market in Kisumu")
    client = at_platform()
    found = {}
    for part in hero.srcset.split(", "):
        address, width = part.split(" ")
        answer, drawn = fetch(client, address)
        assert answer["Content-Type"] == "image/webp" and "immutable" in answer["Cache-Control"]
        assert b"Amina" not in answer.content and not drawn.getexif()
        found[width] = drawn.size
    assert found == {"480w": (480, 270), "960w": (960, 540), "1600w": (1600, 900)}
    assert hero.small == hero.srcset.split(" ")[0] and hero.src in hero.srcset
    answer, card = fetch(client, hero.card)
    assert (answer["Content-Type"], card.format, card.size) == ("image/jpeg", "JPEG", (1200, 630))


def test_no_size_is_larger_than_the_picture_and_the_same_one_is_kept_once(db):
    data = picture(size=(1000, 800))
    path = store_hero(data)
    assert path == store_hero(data) and path.endswith("-960.webp")
    assert "1600w" not in hero_of(Article(featured_image_url=path)).srcset


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (picture(size=(959, 900)), "small"),
        (picture(size=(3000, 400)), "small"),
        (pixel_flood(), "pixels"),
        (b"<svg onload=alert(1)>", "unreadable"),
        (picture()[:300], "unreadable"),
    ],
)
def test_what_is_no_picture_for_a_page_is_refused(db, data, code):
    with pytest.raises(UploadRefused) as refused:
        store_hero(data)
    assert refused.value.code == code
    if code == "small":
        assert "960 × 540" in refused.value.messages[0]


@pytest.mark.parametrize(
    "url", ["", "/pictures/doctors/x.webp", "https://evil.test/x-960.webp", "/pictures/articles/../x-960.webp"]
)
def test_what_was_not_kept_here_is_no_picture(url):
    assert hero_of(Article(featured_image_url=url)) is None


def test_a_photo_of_an_author_is_a_square(at_platform, db):
    _answer, drawn = fetch(at_platform(), store_photo(picture(size=(800, 600))))
    assert drawn.size == (512, 512)


@pytest.mark.parametrize("part", ["../x", "UP", "", "far-too-long"])
def test_a_part_has_a_plain_name(db, part):
    with pytest.raises(ValueError, match="picture"):
        put_picture_set({part: ("image/webp", b"x")}, folder="articles", stem=b"x")


def test_only_whole_names_are_looked_for(at_platform, db):
    client = at_platform()
    name = re.sub("-960", "-96x", store_hero(picture(size=(1000, 800))))
    assert client.get(name).status_code == 404
    assert client.get("/pictures/articles/" + "a" * 40 + "-../../x.webp").status_code == 404


def test_the_pictures_of_no_row_are_swept_after_a_day_and_no_others(at_platform, cast):
    kept, lost, fresh = (picture(size=(1000, 800), quality=quality) for quality in (60, 61, 62))
    article = write(cast.admin, featured_image_url=store_hero(kept), featured_image_alt="A market")
    photo = store_photo(picture())
    author = make_author(cast.owner, photo_url=photo)
    gone = hero_of(Article(featured_image_url=store_hero(lost)))
    other = put_public_image(*square(picture(size=(90, 90))), folder="doctors")
    assert sweep_pictures() == 0
    assert sweep_pictures(now=clock.now() + timedelta(days=2)) >= 3
    client = at_platform()
    hero = hero_of(article)
    for path in (hero.src, hero.small, hero.card, author.photo_url, other):
        assert client.get(path).status_code == 200, path
    for path in (gone.src, gone.small, gone.card):
        assert client.get(path).status_code == 404, path
    assert client.get(hero_of(Article(featured_image_url=store_hero(fresh))).src).status_code == 200
