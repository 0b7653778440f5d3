"""Builds the documentation as a web site that needs no network: ``make docs``, or with a directory as argument.

The pages are those of the repository, unchanged. A broken link, a page without a place in the navigation, any other
warning, and anything that a page would load from another host is an error. ``--check`` builds and keeps nothing.
"""

from __future__ import annotations

import logging
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

REPOSITORY = Path(__file__).parents[1]
PAGES = ("*.md", "LICENSE", "Dockerfile", "docs/*.md", "docs/*.svg", "benchmarks/RESULTS.md", "config/*", "examples/*")
"""Pages, and the files that they link to."""
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|audio|video|embed)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""",
    re.IGNORECASE,
)
"""What a browser fetches from another host when it shows a page or applies a style sheet."""


def slug(text: str, separator: str) -> str:
    """The anchor of a heading, as forges make it, so that one link works there and here."""
    return re.sub(r"[^\w -]", "", text).lower().replace(" ", separator)


def copy_pages(target: Path) -> None:
    """Copy the pages to ``target``, each at its place in the repository."""
    for pattern in PAGES:
        for path in filter(Path.is_file, REPOSITORY.glob(pattern)):
            copy = target / path.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """``file: URL`` of each thing that a page or a style sheet in ``site`` loads from another host."""
    for path in sorted(site.rglob("*")):
        if path.suffix in {".html", ".css", ".svg"}:
            for found in LOADED.finditer(path.read_text("utf-8")):
                yield f"{path.relative_to(site)}: {found[1] or found[2] or found[3]}"


def build_site(site: Path) -> str:
    """Build ``site``. Returns what is wrong, or ""."""
    with tempfile.TemporaryDirectory(prefix="crawler-site-") as scratch:
        copy_pages(Path(scratch))
        config = load_config(str(REPOSITORY / "docs" / "mkdocs.yml"), docs_dir=scratch, site_dir=str(site), strict=True)
        config.mdx_configs.setdefault("toc", {})["slugify"] = slug
        try:
            build(config)
        except MkDocsException as error:
            return str(error)
    return "\n".join(f"loaded from another host: {each}" for each in loaded_from_elsewhere(site))


def main(arguments: list[str]) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    if arguments == ["--check"]:
        with tempfile.TemporaryDirectory(prefix="crawler-site-") as scratch:
            problem = build_site(Path(scratch))
    elif len(arguments) == 1:
        problem = build_site(Path(arguments[0]).resolve())  # mkdocs would take it relative to its configuration
    else:
        problem = "usage: build_site.py DIRECTORY | --check"
    if problem:
        sys.stderr.write(problem + "\n")
    return bool(problem)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
