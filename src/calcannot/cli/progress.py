"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from calcannot.batch.inputs import Input

_STAGES = {"statistics": "reading", "classify": "measuring"}


@contextmanager
def progress_bar(*, enabled: bool = True) -> Iterator[Callable[[Input, str, int, int], None] | None]:
    """Show image, stage and share of rows done while the block runs."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not enabled or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[tuple[str, str], TaskID] = {}

        def report(image: Input, stage: str, done: int, total: int) -> None:
            key = (image.name, stage)
            if key not in tasks:
                for old in tasks.values():
                    bar.update(old, visible=False)
                tasks[key] = bar.add_task(f"{_STAGES.get(stage, stage)} {image.name}", total=total)
            bar.update(tasks[key], completed=done)

        # The first run on a machine compiles the kernels; said once, so that it is not taken for a hang.
        yield report
