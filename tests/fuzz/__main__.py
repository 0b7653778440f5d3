"""``python -m tests.fuzz TARGET [libFuzzer options]``: looks for inputs that violate the assertions of ``targets``.

Inputs that reach new code are saved in ``grown``; a violation is written to ``grown/TARGET-crash-…``. A finding that
was fixed is copied to ``corpus``, where the ordinary tests replay it.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["crawler"]):
    from crawler import listings
    from tests.fuzz.targets import TARGETS

    for module in pkgutil.iter_modules(listings.__path__, "crawler.listings."):
        importlib.import_module(module.name)  # once a page needs them, it is too late to instrument them

HERE = Path(__file__).parent


def main(target: str, *options: str) -> None:
    grown = HERE / "grown" / target
    grown.mkdir(parents=True, exist_ok=True)
    limits = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={grown}-"]
    atheris.Setup([sys.argv[0], *limits, *options, str(grown), str(HERE / "corpus" / target)], TARGETS[target])
    atheris.Fuzz()


main(*sys.argv[1:])
