"""The files for Prometheus and Grafana in config/: they use what --metrics writes, and alerts fire when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crawler.model.config import Config
from crawler.model.report import Report
from crawler.output.metrics import OUTCOMES, Standing, read_standing, render_metrics
from crawler.storage.state.location import state_path
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures
from crawler.storage.state.store import SqliteState
from tests.conftest import SERVERS_REQUIRED
from tests.docs.markdown import REPOSITORY

RULES = REPOSITORY / "config" / "prometheus-rules.yml"
DASHBOARD = REPOSITORY / "config" / "grafana-dashboard.json"
RULE_TESTS = REPOSITORY / "tests" / "docs" / "prometheus" / "rules_test.yml"
METRIC = re.compile(r"\bcrawler_\w+")

WRITTEN = render_metrics(
    Report(url="https://h/", directory="/srv/pub"), 1.7e9, "pub", Standing(last_success=1.6e9, totals=FileTotals(3, 9))
)
LABELS = {
    found[1]: set(re.findall(r'(\w+)="', found[2]))
    for found in re.finditer(r"^(crawler_\w+)\{(.*)\}", WRITTEN, re.MULTILINE)
}
"""Metric that the program writes → its labels."""


def promtool(*arguments: object, stdin: str | None = None) -> str:
    """The output of promtool, whose exit code must be 0."""
    program = shutil.which("promtool")
    if program is None:
        if SERVERS_REQUIRED:
            pytest.fail("promtool is not installed (Debian: prometheus)")
        pytest.skip("promtool is not installed (Debian: prometheus)")
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def board() -> dict[str, Any]:
    values = json.loads(DASHBOARD.read_text())
    assert isinstance(values, dict)
    return values


def expressions() -> list[str]:
    """All queries of the dashboard."""
    return [target["expr"] for panel in board()["panels"] for target in panel["targets"]]


def test_alerts_fire_when_their_rules_say() -> None:
    assert "SUCCESS" in promtool("test", "rules", RULE_TESTS)


def test_each_alert_is_tested_when_it_fires_and_when_it_does_not() -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    tested = RULE_TESTS.read_text()
    for alert in alerts:
        assert f"- alertname: {alert}\n" in tested, alert
        assert f"{{alertname: {alert}, " in tested, alert
    assert set(re.findall(r"alertname: (\w+)", tested)) == set(alerts)


def test_what_the_program_writes_is_accepted() -> None:
    assert promtool("check", "metrics", stdin=WRITTEN) == ""


def test_every_query_of_the_dashboard_is_valid(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions())]
    (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "rules.json")


@pytest.mark.parametrize("file", [RULES, DASHBOARD, RULE_TESTS], ids=lambda file: file.name)
def test_every_metric_that_is_read_is_written(file: Path) -> None:
    named = set(METRIC.findall(file.read_text()))
    assert named
    assert named <= LABELS.keys()


def test_every_label_that_is_read_is_written() -> None:
    text = RULES.read_text() + DASHBOARD.read_text()
    assert set(re.findall(r"\$labels\.(\w+)|by \((\w+)\)", text)) == {("mirror", ""), ("", "mirror")}
    assert all("mirror" in labels for labels in LABELS.values())
    for metric, selectors in re.findall(r"(crawler_\w+)\{([^}]*)\}", "\n".join(expressions())):
        assert set(re.findall(r'(\w+)=~?"', selectors)) <= LABELS[metric]
    assert set(re.findall(r'outcome="(\w+)"', "\n".join(expressions()))) <= set(OUTCOMES)


def test_the_series_of_the_rule_tests_have_the_labels_of_the_program() -> None:
    for metric, labels in re.findall(r"series: (crawler_\w+)\{(.*)\}", RULE_TESTS.read_text()):
        assert set(re.findall(r'(\w+)="', labels)) == LABELS[metric], metric


def test_the_panels_of_the_dashboard_cover_each_other_nowhere() -> None:
    panels = board()["panels"]
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


async def test_the_last_success_stays_when_the_state_is_out_of_reach(tmp_path: Path) -> None:
    """This holds even without an earlier file: 0 raises the alert, a missing value would not."""
    report, file = Report(url="https://h/", directory=str(tmp_path / "gone"), exit_code=4), tmp_path / "crawler.prom"
    config = Config(metrics=str(file))
    assert (await read_standing(report, 1.7e9, "pub", config, is_run=True)).last_success == 0
    file.write_text(WRITTEN + WRITTEN.replace('"pub"', '"other"').replace("1600000000", "5"))
    assert (await read_standing(report, 1.7e9, "pub", config, is_run=True)).last_success == 1.6e9
    assert (await read_standing(report, 1.7e9, 'p"b', config, is_run=True)).last_success == 0
    good = Report(url="https://h/", directory=str(tmp_path / "gone"))
    assert (await read_standing(good, 1.7e9, "pub", config, is_run=True)).last_success == 1.7e9
    assert (await read_standing(good, 1.7e9, "pub", config, is_run=False)).last_success == 1.6e9


async def test_a_mirror_whose_dir_is_a_file_url_has_its_size(tmp_path: Path) -> None:
    path = state_path(tmp_path, Config())
    path.parent.mkdir()
    async with SqliteState(path) as state:
        state.end_run(await state.begin_run("https://h/"), Figures(seconds=1, outcome="ok", exit_code=0))
    for directory in (str(tmp_path), tmp_path.as_uri()):
        report = Report(url="https://h/", directory=directory)
        assert (await read_standing(report, 1.7e9, "pub", Config(), is_run=True)).totals == FileTotals(0, 0)
