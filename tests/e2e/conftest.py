"""What people do in a browser at the running portal."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser import Visitor
from tests.live.scene import Scene
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def visitor(scene: Scene, visitors) -> Callable[..., Visitor]:
    """`visitor(person, **options)` → somebody at a browser, signed in when a person is given."""

    def make(person: Any = None, **options: Any) -> Visitor:
        made = visitors(scene.live.url, **options)
        if person is not None:
            made.sign_in_as(scene.session(person))
        return made

    return make


class Phone:
    """The patient's other hand: prompts are answered on the stand-in's page, in a browser window of its own."""

    def __init__(self, visitor: Callable[..., Visitor], scene: Scene) -> None:
        self.scene = scene
        self.window = visitor()

    def answer(self, reference: str, button: str = "Enter PIN and pay") -> None:
        self.window.go(self.scene.live.standin.url + "/mpesa/")
        self.window.page.locator(f'[data-reference="{reference}"]').get_by_role("button", name=button).click()
        paid = {"Enter PIN and pay": "success"}.get(button, "failed")
        until(lambda: self.scene.live.standin.transaction(reference)["status"] == paid, "the provider has the answer")


@pytest.fixture
def phone(visitor, scene) -> Iterator[Phone]:
    yield Phone(visitor, scene)
