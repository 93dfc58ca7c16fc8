"""dev.py and .ci/run. dev.py is run for real, with a project of its own that needs nothing from the network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# a build backend in the project itself: its wheel brings a pytest and a syncd that only say how they were called
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "toy-1-py3-none-any.whl"
    info = "toy-1.dist-info"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("pytest.py", "import sys; print('pytest was given', sys.argv[1:])")
        wheel.writestr("toy.py", "def main():\\n    import sys\\n    print('syncd was given', sys.argv[1:])")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1\\n"
                       "Provides-Extra: dev\\nProvides-Extra: demo\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: toy\\n"
                       "Root-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\nsyncd = toy:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def dev(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, folder / "dev.py", *arguments],
        env={**os.environ, "PIP_NO_INDEX": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    shutil.copy(ROOT / "dev.py", folder)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    return folder


def test_it_makes_the_environment_once_and_anew_where_that_was_broken_off(checkout: Path) -> None:
    (checkout / "backend.py").write_text("def build_editable(*_, **__):\n    raise SystemExit(1)\n")
    broken = dev(checkout, "test")
    assert broken.returncode == 1
    assert "Run the same command again" in broken.stdout
    assert "pytest was given" not in broken.stdout
    shutil.rmtree(checkout / ".venv" / "lib")

    (checkout / "backend.py").write_text(BACKEND)
    mended = dev(checkout, "test", "-k", "some thing")
    assert (mended.returncode, mended.stderr) == (0, "")
    assert "making .venv" in mended.stdout
    assert "pytest was given ['-k', 'some thing']" in mended.stdout

    again = dev(checkout, "test")
    assert again.stdout == "pytest was given ['-n', 'auto', '--dist', 'worksteal']\n"

    (checkout / "pyproject.toml").write_text(PROJECT + "# changed\n")
    demo = dev(checkout, "demo", "--once")
    assert "making .venv" in demo.stdout
    assert "syncd was given ['demo', '--once']" in demo.stdout
    assert "making .venv" not in dev(checkout, "test").stdout, "what was there before stays"


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no file system in memory here")
@pytest.mark.parametrize(
    ("free", "flags", "given", "used"),
    [
        (1 << 40, 0, "", "/dev/shm"),
        (1 << 40, os.ST_NOEXEC, "", ""),
        (64 << 20, 0, "", ""),
        (1 << 40, 0, "/elsewhere", "/elsewhere"),
    ],
)
def test_the_tests_files_go_to_memory_where_there_is_room(free: int, flags: int, given: str, used: str) -> None:
    code = "import os, shutil, sys, types, dev; "
    code += f"shutil.disk_usage = lambda _: types.SimpleNamespace(free={free}); "
    code += f"os.statvfs = lambda _: types.SimpleNamespace(f_flag={flags}); "
    code += "dev.keep_in_memory(); print(os.environ.get('TMPDIR', ''))"
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    environment |= {"TMPDIR": given} if given else {}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == used


def test_a_missing_venv_module_is_one_line_to_type(checkout: Path) -> None:
    hide = "import sys, importlib.util as u; find = u.find_spec; "
    hide += "u.find_spec = lambda name, *a: None if name == 'ensurepip' else find(name, *a); import dev; "
    code = hide + "sys.exit(dev.main('test', []))"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "  apt install python3-venv\n" in done.stdout
    assert not (checkout / ".venv").exists()


def test_an_old_python_is_told_so(checkout: Path) -> None:
    code = "import sys, dev; sys.version_info = (3, 10, 9); sys.exit(dev.main('demo', []))"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stdout


@pytest.mark.parametrize(("arguments", "status"), [((), 2), (("tset",), 2), (("check", "x"), 2), (("--help",), 0)])
def test_it_says_how_it_is_used(checkout: Path, arguments: tuple[str, ...], status: int) -> None:
    done = dev(checkout, *arguments)
    assert done.returncode == status
    assert "python3 dev.py demo" in done.stdout
    assert not (checkout / ".venv").exists()


def test_dev_needs_the_standard_library_only() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "dev.py", "help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_ci_script_is_executable_and_runs_the_readmes_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    text = script.read_text("utf-8")
    for command in ("python3 dev.py test", "ruff check .", "ruff format --check .", "mypy", "lint-imports"):
        assert command in text


@pytest.mark.parametrize("left", ["", "one line"])
def test_a_stamp_that_a_full_disk_left_is_none(checkout: Path, left: str) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "syncd.stamp").write_text(left)
    done = dev(checkout, "test")
    assert (done.returncode, done.stderr) == (0, "")
    assert "making .venv" in done.stdout
