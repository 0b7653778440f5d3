"""Checks a run before it begins, as completely as is possible without requests and without writing anything.

A check is a function that raises ConfigError, whose message begins with the option, as on the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from crawler.app.checks.outputs import Check, distinct_outputs
from crawler.http.client_options import option_checks
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.combinations import refuse_ages
from crawler.output.files import output_checks
from crawler.paths import GivenPath, exists, may_write, real_path
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.state.location import refuse_other_file, refuse_root_and_state
from crawler.text.arguments import fallback_urls, is_object_url, start_directory
from crawler.text.escape import masked, printable
from crawler.text.hosts import named_hosts
from crawler.text.ownership import is_same_tree
from crawler.text.urls import userinfo


def run_checks(
    starts: Sequence[str], directory: str, config: Config, inputs: Sequence[OwnFile] = ()
) -> Iterator[Check]:
    """The checks of a run into ``directory``. ``starts``: its URLs, as ``start_url`` returns them.

    ``directory`` is empty, or ``starts`` is, if it is not known. ``inputs``: the files that the command line reads,
    besides those that ``config`` names.
    """
    if directory:
        yield partial(_check_directory, directory, config)
    if config.cluster is not None:
        from crawler.app.cluster.refusals import check_cluster

        yield partial(check_cluster, config, None, has_destination=False)
    yield from unusable_option_checks(config, _local(directory))
    yield from fallback_checks(starts, config)
    yield from option_checks(config, starts)
    yield from output_checks(config, _local(directory))
    yield from distinct_outputs(directory, config, inputs)


def _local(directory: str) -> str:
    """The path of DIR; "" if it is in an object store, or wrong."""
    with suppress(ConfigError):
        return "" if is_object_url(directory) else str(start_directory(directory))
    return ""


def unusable_option_checks(config: Config, directory: str = "") -> Iterator[Check]:
    """Checks of options whose values would otherwise be used when DIR exists already."""
    for host in config.allow_host:
        yield partial(named_hosts, [host])
    if config.state:
        yield partial(_check_state, config.state, config, directory)
    yield partial(refuse_ages, config.newer_than, config.older_than, datetime.now(UTC))


def refuse_unusable_options(config: Config, directory: str = "") -> None:
    """Raise ConfigError for the first option that ``unusable_option_checks`` finds wrong."""
    for check in unusable_option_checks(config, directory):
        check()


def fallback_checks(starts: Sequence[str], config: Config) -> Iterator[Check]:
    """One check for each --fallback: it must be a URL, and name another upstream than those before it."""
    for number, text in enumerate(config.fallback):
        yield partial(_check_fallback, text, [*starts, *config.fallback[:number]])


def checked_fallbacks(root: str, config: Config) -> tuple[str, ...]:
    """The URLs of --fallback, with user and password. Raises ConfigError if one is URL or is given twice."""
    for check in fallback_checks([root], config):
        check()
    return tuple(fallback_urls(config.fallback))


def _check_fallback(text: str, before: Sequence[str]) -> None:
    (url,) = fallback_urls([text])
    for other in before:
        try:
            known = fallback_urls([other])
        except ConfigError:  # reported by its own check
            continue
        if is_same_tree(userinfo(url)[0], userinfo(known[0])[0]):
            raise ConfigError(f"--fallback {masked(url)}: named twice, or the same as URL: remove it")


def _check_state(name: str, config: Config, directory: str) -> None:
    refuse_other_file(config)
    is_link = GivenPath("--state", name).is_link()  # then the database is where that leads
    parent = real_path(name).parent if is_link else Path(name).parent
    if directory and real_path(parent) == real_path(directory) and not exists(parent):
        return  # DIR, which the run creates before the state
    if not GivenPath("--state", str(parent)).is_directory():
        raise ConfigError(f"--state {printable(name)}: no directory {printable(str(parent))}: create it first")
    if directory and not may_write(real_path(name)):
        raise ConfigError(f"--state {printable(name)}: no permission to write it, and files beside it")


def _check_directory(directory: str, config: Config) -> None:
    if not is_object_url(directory):
        refuse_root_and_state(start_directory(directory))
        return
    from crawler.app.object_stores import location_of

    where = location_of(directory, config)  # first: it refuses all locations if the library is missing
    from crawler.storage.objects.connect import connect

    connect(where, config.objects)
