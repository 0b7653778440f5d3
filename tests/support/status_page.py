"""Sample data for tests of the status page: twelve mirrors with forty runs each."""

from __future__ import annotations

from crawler.output.html_report.status.cards import MirrorFacts
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures, RunRecord

NOON = 1_700_000_000.0
DAY = 86_400.0
_OUTCOMES = {0: "ok", 3: "no listing", 5: "failures", 6: "not deleted", 9: "stopped"}
_LONG = "a-name-as-long-as-people-write-them-for-their-models"
_LAST = {"cran": 5, "osm": 5, "gnu": 6, "rpmfusion": 3, "apache": 9}
_PROBLEMS = {
    3: (("https://mirror.example.org/rpmfusion/: no response within 60 s", 1),),
    5: (("HTTP 503", 5), ("the body was cut short: the connection ended before the body did", 2)),
    6: (("deletion refused: 1,234 of 4,000 files would be deleted", 1),),
}


def _run(name: str, number: int, code: int) -> RunRecord:
    """The run of the mirror ``name`` that was ``number`` days ago."""
    started = NOON - (number + (3 if name == "ctan" else 1 / 3)) * DAY
    figures = Figures(
        seconds=61, outcome=_OUTCOMES[code], exit_code=code, listed=12_345, failed=7 if code == 5 else 0,
        problems=_PROBLEMS.get(code, ()),
    )  # fmt: skip
    totals = None if name == "rpmfusion" else FileTotals(9000 - number, (40 - number) << 30)
    return RunRecord(id=100 - number, url="https://user:hunter2@h/", started=started, figures=figures, totals=totals)


def _mirror(name: str) -> MirrorFacts:
    bad = {"cran": 3, "osm": 2, "rpmfusion": 40}.get(name, 1)
    codes = [_LAST.get(name, 0) if number < bad else 5 if number % 9 == 7 else 0 for number in range(40)]
    runs = [] if name == "new" else [_run(name, number, code) for number, code in enumerate(codes)]
    if name == "kernel":
        runs[0] = RunRecord(id=100, url="", started=NOON - 3000, figures=None)
    return MirrorFacts(
        name=name,
        url=f"https://mirror.example.org/{name}/",
        directory=f"/srv/mirror/{name}",
        runs=tuple(runs),
        is_running=name == "kernel",
        problem="state /srv/x cannot be used" if name == "climate" else None,
    )


def twelve_mirrors() -> list[MirrorFacts]:
    """Mirrors in every state: good, failing in several ways, overdue, new, running, unreadable."""
    names = ("debian", "ubuntu", "cran", "ctan", "apache", "gnu", "kernel", _LONG, "osm", "rpmfusion", "new", "climate")
    return [_mirror(name) for name in names]
