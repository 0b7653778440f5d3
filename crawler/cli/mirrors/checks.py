"""Checks the mirrors of a --config file before the first one runs, so that all mistakes are known at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.mirrors.table import Mirror
from crawler.cli.notation import of_file
from crawler.model.config import Config, option_fields
from crawler.model.errors import Problems
from crawler.paths import identity_of

if TYPE_CHECKING:
    from crawler.pipeline.stop import Stop

_FIRST = re.compile(r"(?:--([a-z][a-z-]*[a-z])|(DIR)|(objects))(?:: | )")
_SAME = re.compile(r"--([a-z][a-z-]*[a-z])( (?:reads|writes) the same file|, so that no file matches both)")


def in_file(message: str, where: str, given: Collection[str]) -> str:
    """``message`` about an option, which begins like ``--ca-file x: ``, as one about a key of the table ``where``.

    If the option is among ``given``, the keys of the command line, which override those of the file, the message stays
    as it is, except that another option of the file is named as such.
    """
    first = _FIRST.match(message)
    key = "".join(filter(None, first.groups())).lower().replace("-", "_") if first else ""
    if key in given:
        return _SAME.sub(lambda other: _of_table(other, where, given), message)
    rest = message[first.end() :] if first else message
    return ": ".join(filter(None, (where, key, of_file(given)(rest))))


def _of_table(other: re.Match[str], where: str, given: Collection[str]) -> str:
    key = other[1].replace("-", "_")
    return f"{key} of {where}{other[2]}" if key in option_fields() and key not in given else other[0]


def option_problems(
    mirrors: Sequence[Mirror], given: Collection[str], written: Collection[str], file: str
) -> Iterator[str]:
    """What is wrong with the options of ``mirrors``, which are those of ``file``. Changes nothing, sends no request.

    ``written``: if the mirrors are only verified, or their history is printed, the output files that this writes, which
    are all that is checked; if it is empty, everything is.
    """
    from crawler.app.checks.options import run_checks
    from crawler.app.checks.outputs import distinct_outputs
    from crawler.output.files import output_checks
    from crawler.storage.directory.boundaries.spared import OwnFile
    from crawler.text.arguments import start_url

    inputs = [OwnFile("--config", Path(file), is_read=True)]
    for mirror in mirrors:
        problems, config = Problems(), mirror.config
        checks: Iterator[Callable[[], object]]
        if written:
            config = Config(**{key: getattr(config, key) for key in written})
            checks = chain(output_checks(config), distinct_outputs(mirror.directory, config, inputs))
        else:
            starts = [start_url(mirror.url)] if mirror.url else []
            checks = run_checks(starts, mirror.directory, config, inputs)
        problems.run(checks)
        yield from (in_file(message, mirror.where, given) for message in problems.messages)


async def output_problems(
    mirrors: Sequence[Mirror],
    given: Collection[str],
    written: Collection[str],
    status: Sequence[tuple[str, str]],
    stop: Stop,
) -> list[str]:
    """The files that ``mirrors`` write, and the page of ``status``, that are files which some mirror has saved.

    ``given``: the keys of the command line, with ``status`` if it is there; see ``in_file``. ``written``: see
    ``option_problems``. ``status``: (path of the page, path of the file of --config), if there is a page.
    """
    from crawler.app.checks.earlier_runs import recorded_outputs
    from crawler.storage.directory.boundaries.spared import OwnFile, own_files

    found = []
    for mirror in mirrors:
        config = mirror.config
        outputs = [(mirror.where, own) for own in own_files(config) if not written or own.key in written]
        outputs += [(file, OwnFile("--status", Path(page))) for page, file in status]
        for where, own in outputs:
            problems = await stop.guard(recorded_outputs([own], mirror.directory, config))
            found += [in_file(problem, where, given) for problem in problems or ()]
    return list(dict.fromkeys(found))


async def directory_problems(mirrors: Sequence[Mirror], stop: Stop) -> list[str]:
    """Why the directories of ``mirrors`` cannot be their mirrors, as far as earlier runs have recorded it.

    A directory that several have is reported as such, so only the first of them is examined.
    """
    from crawler.app.checks.earlier_runs import mirror_problems
    from crawler.text.arguments import start_url

    found, taken = [], set[object]()
    for mirror in mirrors:
        place = identity_of(mirror.directory)
        if not (mirror.url and mirror.directory) or place in taken:
            continue
        taken.add(place)
        problems = await stop.guard(mirror_problems(start_url(mirror.url), mirror.directory, mirror.config))
        found += [f"{mirror.where}: dir: {problem}" for problem in problems or ()]
    return found
