"""``calcannot``: commands, exit codes, and errors as one line."""

from __future__ import annotations

import os
import sys
import threading
from typing import Annotated, NoReturn

import typer

from calcannot._version import __version__
from calcannot.cli import (
    calibrate,
    case,
    demo,
    export,
    frame,
    import_,
    info,
    measure,
    phantom,
    recipe,
    report,
    run,
    table,
    verify,
    viewer,
)
from calcannot.errors import CalcannotError

USAGE = 2
INTERRUPTED = 130

app = typer.Typer(
    name="calcannot",
    help="Measure calcification on histology and radiographs. Not a diagnostic device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("calibrate")(calibrate.calibrate)
app.command("demo")(demo.demo)
app.command("export")(export.export)
app.command("frame")(frame.frame)
app.command("import")(import_.import_file)
app.command("info")(info.info)
app.command("measure")(measure.measure)
app.command("report")(report.report)
app.command("run")(run.run)
app.command("table")(table.table)
app.command("verify")(verify.verify)
app.command("open")(viewer.open_viewer)
app.add_typer(case.app, name="case")
app.add_typer(recipe.app, name="recipe")
app.add_typer(phantom.app, name="phantom")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"calcannot {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Measure calcification on histology and radiographs. Not a diagnostic device."""


def main() -> NoReturn:
    """Run, and turn an error into one line on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console of another code page cannot print µ; a replacement is better than a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:  # typer has seen Ctrl-C and says nothing
            code = _fail("stopped", INTERRUPTED)
    except measure.InterruptedRunError as stop:
        code = _fail(str(stop), INTERRUPTED)
    except CalcannotError as error:
        code = _fail(str(error), USAGE)
    except typer.Exit as leave:
        code = leave.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = _fail("stopped", INTERRUPTED)
    except MemoryError:
        code = _fail("there is not enough memory", USAGE)
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of the command line's own
            message = error.format_message()  # empty where help was printed instead
            code = _fail(message, USAGE) if message else USAGE
        elif sys.flags.dev_mode:
            raise
        else:
            what = (
                f"a fault in calcannot ({type(error).__name__}: {error}). Please report it; python -X dev shows where."
            )
            code = _fail(" ".join(what.split()), USAGE)
    if code == INTERRUPTED and any(_is_at_work(thread) for thread in threading.enumerate()):
        # An image in hand did not end in time. All that it may have written so far does not count.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)
    sys.exit(int(code))


def _is_at_work(thread: threading.Thread) -> bool:
    """Whether an image is in hand in a thread; those that watch a case or keep a lock may just end."""
    return thread.name.startswith("calcannot-image" if thread.daemon else "calcannot")


def _fail(message: str, code: int) -> int:
    typer.echo(f"calcannot: {message}", err=True)
    return code
