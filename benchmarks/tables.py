"""The measurements as Markdown tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.corpora import CORPORA
from benchmarks.measure import Cost
from benchmarks.parsing import Parsed
from benchmarks.programs import Program

Figures = Mapping[tuple[str, str], Sequence[Cost]]
"""(work, program) → its runs. The name of a second run, in which nothing has changed, ends in ``again``."""


def render(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def median(costs: Sequence[Cost], figure: str) -> float:
    return float(statistics.median(getattr(cost, figure) for cost in costs))


def problem(costs: Sequence[Cost]) -> str:
    """Why these runs do not count; "" if they do."""
    return next((cost.problem for cost in costs if cost.problem), "")


def works(figures: Figures) -> list[str]:
    return list(dict.fromkeys(work for work, _ in figures))


def render_walls(figures: Figures, programs: Sequence[Program]) -> str:
    """Median seconds, and the ratio of crawler to the fastest other program whose mirror is complete.

    The ratio is the median of those of the rounds, in each of which both ran one after the other.
    """
    names = [program.name for program in programs]
    others = [program.name for program in programs if not program.ours]
    rows = []
    for work in works(figures):
        cells = [_wall(figures.get((work, name), ())) for name in names]
        complete = {
            name: median(costs, "wall")
            for name in others
            if (costs := figures.get((work, name), ())) and not problem(costs)
        }
        own = figures.get((work, "crawler"), ())
        ratio = "–"
        if complete and own and not problem(own):
            best = min(complete, key=lambda name: complete[name])
            pairs = zip(own, figures[work, best], strict=False)
            ratio = f"**{statistics.median(one.wall / other.wall for one, other in pairs):.2f}** ({best})"
        rows.append([work, *cells, ratio])
    return render(["work", *names, "crawler / best other"], rows)


def _wall(costs: Sequence[Cost]) -> str:
    if not costs:
        return "–"
    figure = f"{median(costs, 'wall'):.2f}"
    return f"{figure}, **{problem(costs)}**" if problem(costs) else figure


def render_details(figures: Figures) -> str:
    rows = [
        [
            work,
            name,
            str(len(costs)),
            f"{min(cost.wall for cost in costs):.2f} – {max(cost.wall for cost in costs):.2f}",
            f"{median(costs, 'cpu'):.2f}",
            f"{median(costs, 'memory'):.0f}",
            f"{median(costs, 'requests'):,.0f}",
            problem(costs) or "complete",
        ]
        for (work, name), costs in figures.items()
    ]
    return render(["work", "program", "rounds", "wall s, min – max", "CPU s", "peak MB", "requests", "mirror"], rows)


def render_parsing(pages: Iterable[Parsed]) -> str:
    rows = [[p.shape, f"{p.rows:,}", f"{p.first:.3f}", f"{p.total:.3f}", f"{p.memory:.0f}"] for p in pages]
    return render(["page", "rows", "first entries s", "whole page s", "peak MB"], rows)


def render_corpora(figures: Figures) -> str:
    """The works that were measured."""
    rows = [[c.name, c.what, str(c.workers)] for c in CORPORA if c.name in works(figures)]
    return render(["work", "what", "workers"], rows)
