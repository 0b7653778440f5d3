"""Replays the corpus: seeds, and inputs that a fuzzer found and that were fixed. Needs no fuzzer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_nothing_in_the_corpus_breaks_what_must_hold(target: str) -> None:
    seeds = sorted((CORPUS / target).iterdir())
    assert seeds
    for seed in seeds:
        TARGETS[target](seed.read_bytes())
        for cut in range(0, seed.stat().st_size, 97):
            TARGETS[target](seed.read_bytes()[:cut])
