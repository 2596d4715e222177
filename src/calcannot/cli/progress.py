"""Progress bars on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from calcannot.batch.inputs import Input

_COMPILING = "Compiling for this machine, this one time: it takes up to half a minute."
_STAGES = {"statistics": "reading", "classify": "measuring", "write": "writing"}


@contextmanager
def progress_bar(*, enabled: bool = True) -> Iterator[Callable[[Input, str, int, int], None] | None]:
    """Show a bar for the images where there are several, and one of rows for each image in hand."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    from calcannot.compiled import telling_of_compilation

    console = Console(stderr=True)
    if not enabled or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        in_hand: dict[str, tuple[str, TaskID]] = {}
        all_images: list[TaskID] = []

        def report(image: Input, stage: str, done: int, total: int) -> None:
            if stage == "images":
                if image.name in in_hand:
                    bar.remove_task(in_hand.pop(image.name)[1])
                if not all_images and total > 1:
                    all_images.append(bar.add_task("", total=total))
                for each in all_images:
                    bar.update(each, completed=done, description=f"{done} of {total} images")
                return
            if in_hand.get(image.name, ("",))[0] != stage:
                if image.name in in_hand:
                    bar.remove_task(in_hand[image.name][1])
                text = f"{_STAGES.get(stage, stage)} {image.name}"
                in_hand[image.name] = stage, bar.add_task(text, total=total)
            bar.update(in_hand[image.name][1], completed=done)

        with telling_of_compilation(lambda: bar.console.print(_COMPILING)):
            yield report
