"""``--explain``: whether URL is a listing or a single file, and what a run would do about an entry."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.model.errors import ListingError, innermost
from crawler.model.observer import Observer
from crawler.model.struct import replace
from crawler.model.values import Result
from crawler.pipeline.plan.single_path import look
from crawler.pipeline.rules.budgets import new_budget
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.single_file import is_same_file
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.explain.entry import Explainer
from crawler.pipeline.runs.explain.lines import HELD, Line, job_lines, known_text, local_text, result_text
from crawler.pipeline.runs.root_response import RootResponse


async def explain(parts: Components, url: str, target: str) -> tuple[list[Line], bool]:
    """What a run at ``url`` would do about ``target``, and whether that is known, or ``target`` is the file at ``url``.

    ``parts`` must be those of a dry run. Raises ListingError, RobotsForbidden, DestinationError, and ConfigError for a
    run that would be refused.
    """
    results = _Results()
    rules = parts.robots_txt()
    root = None if parts.is_mirror else RootResponse(replace(parts, observer=results), url, rules)
    if root is not None and await root.is_known_file():
        return await _of_file(parts, url, target, root, results)
    try:
        return await Explainer(parts, url, target, rules, root).explain()
    except (ListingError, BaseExceptionGroup) as error:
        if root is None or not isinstance(innermost(error), ListingError) or not await root.is_file():
            raise
    return await _of_file(parts, url, target, root, results)


class _Results(Observer):
    """Keeps the result of a file that is not requested."""

    def __init__(self) -> None:
        self.last: Result | None = None

    def finished(self, result: Result) -> None:
        self.last = result


async def _of_file(
    parts: Components, url: str, target: str, root: RootResponse, results: _Results
) -> tuple[list[Line], bool]:
    """The explanation of the single file at ``url``, which ``root`` has announced."""
    lines = [("file", f"{url} is that of a single file, not of a listing")]
    if not is_same_file(url, target):
        return [*lines, ("decision", "nothing: no other file is saved")], False
    job, result = root.job, results.last
    path = job.path if job is not None else result.path if result is not None else ""
    known = await parts.state.file(path)
    checks = Filters(parts.config, datetime.now(UTC)).explains(path, path, None, None)
    lines += [
        ("path", path),
        *[("rule", f"{check.rule}: {HELD[check.matched]}") for check in checks],
        ("state", known_text(known, None)),
        ("disk", local_text(await look(parts.destination, path))),
    ]
    if job is not None:
        return [*lines, *job_lines(job, new_budget(parts.config), held=False)], True
    return [*lines, ("decision", result_text(result) if result is not None else "nothing")], True
