"""PHP's own web server, on which two of the servers run."""

import functools
import shutil
import subprocess
from pathlib import Path

# a person's app, syncd's few at once: each worker serves one request
_WORKERS = {"PHP_CLI_SERVER_WORKERS": "4"}


@functools.cache
def modules() -> frozenset[str]:
    """The modules that PHP has, in lower case; empty without a PHP."""
    if not shutil.which("php"):
        return frozenset()
    told = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False)
    return frozenset(told.stdout.lower().split())


def serving(router: Path, port: int, include_path: str = "", **env: str) -> tuple[list[str], dict[str, str]]:
    """The command that serves everything by that script, and what it needs in its environment."""
    command = ["php", "-d", "display_errors=0", "-d", "log_errors=1", "-d", "opcache.enable_cli=1"]
    command += ["-d", f"include_path={include_path}"] if include_path else []
    return [*command, "-S", f"127.0.0.1:{port}", str(router)], {**_WORKERS, **env}
