"""Reports what the filters of a run have done."""

from __future__ import annotations

from crawler.pipeline.filter_effects.findings import said
from crawler.pipeline.filter_effects.watch import FilterEffects
from crawler.pipeline.runs.components import Components


async def say_effects(effects: FilterEffects, parts: Components) -> None:
    """After a complete run, report which filters decided nothing or refused everything."""
    tally = parts.tally
    if parts.stop.reason is None and not parts.allowance.reached and not tally.failed and not tally.of_file:
        found = effects.findings()
        texts = said(found, await parts.state.told() if found else ())
        for text in texts.warnings:
            tally.warn(text)
        for text in texts.notes:
            tally.note(text)
        tally.note_told(finding.key for finding in found)
