"""Plans new directories: one page that shows only new files, in a directory of which nothing is here or known.

``Planner`` notes what each page of a directory shows, to find out what the complete listing lacks. Where nothing is
here, nothing can be lacking, so this takes few calls for each directory of a first run. What it does not take is left
to ``Planner``.
"""

from __future__ import annotations

from crawler.pipeline.engine import Put
from crawler.pipeline.plan.checksum_files import may_list_checksums
from crawler.pipeline.plan.jobs import certain
from crawler.pipeline.plan.new_files import MOST, NewFiles, Rules
from crawler.pipeline.plan.open_directory import OpenDirectory
from crawler.pipeline.walk.pages import DirectoryPage


async def take_new_directory(rules: Rules, page: DirectoryPage, directory: OpenDirectory, put: Put) -> bool:
    """Decide on all entries of ``page``, the only one of ``directory``, if these are new files, and conclude it.

    Returns False, having changed nothing, if ``Planner`` has to decide. Raises DestinationError.
    """
    path, entries, policy = page.directory.path, page.entries, rules.policy
    if not 0 < len(entries) <= MOST or not page.is_plain or policy.allowance.is_limited:
        return False
    checksums, room = policy.checksums, policy.room
    if (checksums is not None and may_list_checksums(entries)) or room.may_overflow(certain(entries)):
        return False
    if await directory.scan(path) or (directory.state.knew_files and await directory.knows(path)) or rules.have_a_say():
        return False
    if directory.neighbours is not None and directory.destination.owner(path) is not None:
        return False
    if not await NewFiles(rules, page, directory, put).take_all(entries):
        return False
    directory.digest.expect(len(entries), more=False)
    rules.unlisted.confirm(path)
    directory.state.visited(path, None)
    if policy.unchanged is not None and page.version is not None:
        policy.unchanged.remember(path, page.version, directory.digest)
    if checksums is not None:
        checksums.leave([path])
    return True
