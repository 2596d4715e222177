"""The scripts for Slurm and Kubernetes as the documents show them, run on this machine without either."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")
yaml = pytest.importorskip("yaml")  # comes with Dask
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="neither runs there"),
]

DOCS = Path(__file__).resolve().parents[2] / "docs"
ONE_LINE = "import sys; from {0} import main; sys.argv[0] = '{1}'; sys.exit(main())"


def block(page: str, language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.M | re.S)
    return found


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """The programs that the scripts call, on the path; ``srun`` starts what it is given twice, as for two tasks."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name, module in (("dask", "dask.__main__"), ("calcannot", "calcannot.cli.main")):
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} -c "{ONE_LINE.format(module, name)}" "$@"\n')
    (folder / "srun").write_text('#!/bin/sh\n"$@" &\n"$@" &\nwait\n')
    for each in folder.iterdir():
        each.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def slides(tmp_path):
    from calcannot.phantom.histology import render_histology
    from calcannot.phantom.histology_spec import HistologySpec
    from calcannot.phantom.write import write_histology

    (tmp_path / "slides").mkdir()
    write_histology(render_histology(HistologySpec(size_px=(256, 256)), 0), tmp_path / "slides/1.tif")
    shutil.copy(tmp_path / "slides/1.tif", tmp_path / "slides/2.tif")


def run(*command: str) -> subprocess.Popen:
    # A group of its own, so that what it starts can be ended with it.
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def end(process: subprocess.Popen) -> None:
    """End it and all that it started, as Slurm does when a job is over."""
    import signal
    from contextlib import suppress

    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def measured(folder: Path) -> list[str]:
    import csv

    with (folder / "images.csv").open(encoding="utf-8", newline="") as file:
        return [row["image"] for row in csv.DictReader(file) if float(row["calcified_area_px"]) > 0]


def test_the_job_for_slurm_runs(programs, slides, tmp_path):
    (tmp_path / "study.sh").write_text(block("slurm.md", "bash"), encoding="utf-8")
    job = run("bash", "study.sh")
    try:
        assert job.wait(timeout=180) == 0, (tmp_path / "study").exists()
    finally:
        end(job)
    assert measured(tmp_path / "study") == ["1.tif", "2.tif"]
    assert not list(tmp_path.glob("scheduler-*"))


def test_the_pods_for_kubernetes_run(programs, slides, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    parts = list(yaml.safe_load_all(block("kubernetes.md", "yaml")))
    service, *pods = parts
    assert [each["kind"] for each in parts] == ["Service", "Deployment", "Deployment", "Job"]
    labels = pods[0]["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == pods[0]["spec"]["selector"]["matchLabels"]
    assert pods[1]["spec"]["template"]["metadata"]["labels"] == pods[1]["spec"]["selector"]["matchLabels"]
    address = f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    running = []
    try:
        for pod in pods:
            spec = pod["spec"]["template"]["spec"]
            (container,) = spec["containers"]
            for mount in container.get("volumeMounts", ()):
                assert mount["name"] in [volume["name"] for volume in spec["volumes"]]
            command = [
                each.replace(address, f"127.0.0.1:{port}").replace("/data", str(tmp_path)).replace("8786", port)
                for each in container["args"]
            ]
            running.append(run(*command))
        # The job may come up before the scheduler: Kubernetes then starts it again.
        for _ in range(10):
            code = running[-1].wait(timeout=180)
            if code != 2:
                break
            end(running.pop())
            running.append(run(*command))
        assert code == 0
    finally:
        for each in reversed(running):
            end(each)
    assert measured(tmp_path / "study") == ["1.tif", "2.tif"]
