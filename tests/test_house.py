"""What is written down about the house says all of it."""

import json
import pkgutil
import tomllib
from pathlib import Path

from django.conf import settings

import precta
from bench.targets import TARGETS

ROOT = Path(settings.BASE_DIR)


def test_no_part_of_precta_may_import_the_devstack():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [kept] = [contract for contract in contracts if contract.get("forbidden_modules") == ["precta.devstack"]]
    parts = {f"precta.{module.name}" for module in pkgutil.iter_modules(precta.__path__)}
    assert parts - set(kept["source_modules"]) == {"precta.devstack"}


def test_the_figures_that_are_kept_are_all_that_have_a_target():
    assert set(json.loads((ROOT / "bench" / "results.json").read_text())) == set(TARGETS)
