"""Measure the speed, the memory and the scaling of calcannot, side by side with what one would use instead.

    make benchmark                                   or
    python benchmarks/run.py --work DIR [--install-peers] [--rounds 5] [--page docs/performance.md]

Makes its slides (once), runs each figure in a process of its own, prints a table, and writes it into the page, with a
plot beside it. Nothing else should run meanwhile: about ten minutes on two cores. ``--install-peers`` makes two
environments for the peers below the work folder; what is not installed is left out and said.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from performance_page import write_page

HERE = Path(__file__).parent
PEERS = HERE / "peers"
IMAGEJ = Path("/usr/share/java/ij.jar")
PATIENCE_S = 200  # for one peer
CROP = 10_000
SMALL_CROP = 4096  # dask-image needs minutes for more
FIXED = 'name = "fixed"\nkind = "histology"\nchannel = "value"\nthreshold = {threshold}\n'

SLIDES: dict[str, dict[str, Any]] = {
    "whole": {},
    "half": {"width": 20_000},
    "few": {"grains": 1_140, "largest": 40.0},
}
"""Whole; half of its pixels, at the same density; a tenth of its regions."""


def run(command: list[str | Path], *, patience_s: float | None = None, **more: str) -> dict[str, Any]:
    """Last line of a command's output as JSON, with wall time of the process; what went wrong under ``failed``."""
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [str(each) for each in command], capture_output=True, text=True, encoding="utf-8", check=True,
            timeout=patience_s, env=os.environ | more,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": f"stopped after {patience_s:.0f} s"}
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or type(error).__name__).strip().splitlines()
        return {"failed": said[-1][:80] if said else "no word"}
    lines = done.stdout.strip().splitlines()
    result: dict[str, Any] = {"process_s": time.perf_counter() - start}
    return result | (json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {"said": "\n".join(lines)})


def ours(what: str, slide: Path, **options: Any) -> dict[str, Any]:
    """A figure of calcannot."""
    given = [each for name, value in options.items() for each in (f"--{name}", str(value))]
    print(f"  {what} {slide.name} {' '.join(given)}", flush=True)
    result = run([sys.executable, HERE / "one.py", what, slide, *given])
    if "failed" in result:
        sys.exit(f"calcannot failed: {result['failed']}")
    return result


def figures(work: Path, threads: int, rounds: int) -> dict[str, Any]:
    """All figures of calcannot."""
    slides = {}
    for name, options in SLIDES.items():
        slides[name] = work / f"{name}.svs"
        if not slides[name].exists():
            _make(slides[name], **options)
    whole = slides["whole"]
    found: dict[str, Any] = {"whole": ours("pair", whole, threads=threads, rounds=rounds)}
    fixed = work / "fixed.toml"
    fixed.write_text(FIXED.format(threshold=found["whole"]["threshold"]), encoding="utf-8")
    found["fixed"] = ours("pair", whole, recipe=fixed, threads=threads, rounds=rounds)
    found["stain"] = ours("pair", whole, recipe="von-kossa-stain", threads=threads, rounds=max(1, rounds // 2))
    found["one thread"] = ours("pair", whole, threads=1, rounds=max(1, rounds // 2))
    found["half"] = ours("pair", slides["half"], threads=threads, rounds=rounds)
    found["few"] = ours("pair", slides["few"], threads=threads, rounds=rounds)
    found["memory"] = {name: ours("once", slides[name], threads=threads)["peak_mib"] for name in SLIDES}
    found["command"] = _command(work, whole, threads)
    found["first"] = _first_run(work, threads)
    found["crop"] = ours("crop", whole, threads=threads, side=CROP, save=work / "crop.tif")
    found["small crop"] = ours("crop", whole, threads=threads, side=SMALL_CROP, save=work / "crop.npy")
    found["slide_mb"] = whole.stat().st_size / 1e6
    return found


def _make(slide: Path, **options: Any) -> None:
    # Not in this process: a child's peak memory starts from its parent's.
    print(f"  making {slide}", flush=True)
    given = [each for name, value in options.items() for each in (f"--{name}", str(value))]
    subprocess.run([sys.executable, HERE / "make_slide.py", slide, *given], check=True)


def _command(work: Path, slide: Path, threads: int) -> dict[str, Any]:
    """``calcannot measure`` as a user calls it: everything from start to the last file."""
    code = (
        "import sys, json, one; from calcannot.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print(json.dumps({'cpu_s': one.cpu_s(), 'peak_mib': one.peak_mib()}))"
    )
    with tempfile.TemporaryDirectory(dir=work) as folder:
        command = [sys.executable, "-c", code, "measure", slide, "-o", folder, "--threads", str(threads)]
        print("  calcannot measure", slide.name, flush=True)
        path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        return run(command, PYTHONPATH=path)


def _first_run(work: Path, threads: int) -> dict[str, Any]:
    """The first measurement on a machine, which compiles the kernels, and the next."""
    small = work / "small.svs"
    if not small.exists():
        _make(small, width=4096, height=4096)
    with tempfile.TemporaryDirectory(dir=work) as cache:
        print("  first run", flush=True)
        again = [
            run([sys.executable, HERE / "one.py", "once", small, "--threads", str(threads)], NUMBA_CACHE_DIR=cache)
            for _ in range(2)
        ]
    return {"first_s": again[0].get("process_s"), "next_s": again[1].get("process_s")}


def peers(work: Path, threshold: int, processes: int) -> dict[str, Any]:
    """What one would use instead, with its best known settings."""
    whole, python, histomicstk = work / "whole.svs", _python(work / "peers"), _python(work / "histomicstk")
    more = ["--threshold", str(threshold), "--processes", str(processes)]
    scripts: dict[str, list[str | Path]] = {
        "OpenCV script": [python, PEERS / "opencv_script.py", whole, *more],
        "scikit-image script": [python, PEERS / "scikit_image_script.py", whole, *more],
        "HistomicsTK positive pixel count": [histomicstk, PEERS / "histomicstk_script.py", whole, *more],
        "dask-image": [python, PEERS / "dask_image_script.py", work / "crop.npy", *more],
    }
    found = {}
    for name, command in scripts.items():
        print(f"  {name}", flush=True)
        found[name] = run(command, patience_s=PATIENCE_S)
    print("  ImageJ", flush=True)
    found["ImageJ"] = _imagej(work, threshold)
    return found


def _imagej(work: Path, threshold: int) -> dict[str, Any]:
    given = f"{work / 'crop.tif'} {threshold} 8"
    # Without a screen it does not open a file.
    java = ["xvfb-run", "-a", "java", "-Xmx7g", "-cp", IMAGEJ, "ij.ImageJ", "-batch"]
    result = run([*java, PEERS / "imagej_macro.ijm", given], patience_s=PATIENCE_S)
    for line in result.pop("said", "").splitlines():
        if line.startswith("wall "):
            words = line.split()
            return result | {
                "wall_s": float(words[1]) / 1000, "regions": int(words[5]), "pixels": CROP * CROP
            }  # fmt: skip
    return {"failed": result.get("failed", "it printed no result")}


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install_peers(work: Path) -> None:
    """Make the environments of the peers."""
    for name, packages in (("peers", []), ("histomicstk", ["--no-deps", "histomicstk", "girder-slicer-cli-web"])):
        python = _python(work / name)
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", work / name], check=True)
        listed = PEERS / ("requirements.txt" if name == "peers" else "requirements-histomicstk.txt")
        for wanted in ([*packages] or None, ["-r", str(listed)]):
            if wanted:
                subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=False)


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "calcannot-benchmark")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--install-peers", action="store_true")
    parser.add_argument("--page", type=Path, help="write the table into this page, and performance.svg to images/")
    given = parser.parse_args()
    start, load = time.perf_counter(), os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    given.work.mkdir(parents=True, exist_ok=True)
    if given.install_peers:
        install_peers(given.work)
    found = figures(given.work, given.threads, given.rounds)
    found["peers"] = peers(given.work, int(found["whole"]["threshold"]), given.threads)
    found["threads"] = given.threads
    found["machine"] = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    found["load"] = load
    found["took_s"] = time.perf_counter() - start
    (given.work / "figures.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(write_page(found, given.page))


if __name__ == "__main__":
    main()
