"""What a dry run notes instead of fetching files."""

from __future__ import annotations

import pytest

from crawler.model.reasons import Reason
from crawler.model.report import Step
from crawler.model.values import Job, Outcome
from crawler.pipeline.runs.dry_run import DryRun
from crawler.pipeline.tally import Tally


def job(path: str) -> Job:
    return Job(url=f"http://h/{path}", path=path, reason="new")


@pytest.mark.parametrize("knows", [True, False])
async def test_the_disk_is_asked_once_for_each_directory(knows: bool) -> None:
    steps, asked = list[Step](), list[str]()

    def unwritable(directory: str) -> str:
        asked.append(directory)
        return "permission denied" if directory == "closed" else ""

    run = DryRun(steps, Tally("http://h/", "dir", is_dry_run=True), unwritable if knows else None)
    paths = ["top", "open/a", "closed/a", "open/b", "closed/b", "open/deep/a"]
    results = [await run.process(job(path)) for path in paths]
    refused = {"closed/a", "closed/b"} if knows else set[str]()
    assert asked == (["", "open", "closed", "open/deep"] if knows else [])
    assert [step.path for step in steps] == [path for path in paths if path not in refused]
    for path, result in zip(paths, results, strict=True):
        expected = (Outcome.FAILED, "permission denied") if path in refused else (Outcome.SKIPPED, Reason.DRY_RUN)
        assert (result.outcome, result.reason) == expected
