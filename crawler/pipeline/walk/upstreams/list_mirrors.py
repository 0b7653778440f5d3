"""The hosts of a list that names several URLs for each file: decides which of them are used for a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from crawler.model.freshness import Source
from crawler.model.struct import replace
from crawler.model.values import Job, Outcome, Result, Staged, result_of, with_result
from crawler.pipeline.rules.upstreams.condition import Condition
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text.escape import masked
from crawler.text.urls import origin, origin_name


class ListMirrors:
    """The hosts of the URLs in ``Job.mirrors``. A host that is down is given up, not tried again for each file."""

    def __init__(self, rules: RobotsTxt) -> None:
        self._rules = rules
        self._conditions: dict[str, Condition] = {}

    def name_of(self, url: str) -> str:
        """The host of ``url``, with its scheme and port."""
        return masked(origin_name(origin(url)))

    def _condition(self, url: str) -> Condition:
        return self._conditions.setdefault(self.name_of(url), Condition())

    def given_up(self, url: str) -> str | None:
        """The reason why the host of ``url`` is no longer used; None if it is."""
        return self._condition(url).reason

    async def others(self, job: Job) -> AsyncGenerator[Job, None]:
        """Yield ``job`` for each of its other URLs that may be requested."""
        for url in job.mirrors:
            if self.given_up(url) is None and await self._rules.check(url) is None:
                yield replace(job, url=url, source=Source.FALLBACK)

    def ended(self, url: str, error: Exception | None) -> None:
        """Note that the request for ``url`` has ended after all its attempts."""
        if error is None:
            self._condition(url).answered()
        else:
            self._condition(url).failed(error, problem=f"{self.name_of(url)}: {error}")

    def problems(self) -> Iterator[str]:
        """One line for each host that was given up."""
        return (condition.reason for condition in self._conditions.values() if condition.reason is not None)

    def noted(self, done: Result | Staged) -> Result | Staged:
        """``done`` with the name of the host that served it."""
        result = result_of(done)
        if result.outcome not in {Outcome.SAVED, Outcome.UNCHANGED} or not result.attempts:
            return done
        result = replace(result, upstream=self.name_of(result.url))
        return with_result(done, result)
