"""Progress as one line every ten seconds, for log files and dumb terminals."""

from __future__ import annotations

from datetime import datetime

from crawler.output.progress.display import Display
from crawler.output.progress.totals_line import render_parts


class Plain(Display):
    """Prints a line with the totals every ten seconds."""

    interval = 10.0

    def tick(self) -> None:
        moment = self._clock()
        parts = render_parts(self.totals(moment), at_least=self.at_least, ellipsis=self.ellipsis)
        if waiting := self.waiting(moment):
            parts["waiting"] = waiting
        now = datetime.now().astimezone().strftime("%H:%M:%S")
        self.write(f"{now} {', '.join(parts.values())}")
