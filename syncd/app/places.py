"""Where files are: paths of the config made absolute, the user's folders, the store's default place."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def absolute(value: str, folder: Path, env: Mapping[str, str]) -> Path:
    """A path as the config means it: from the config's own folder, `~/` being the user's home."""
    home = env.get("HOME", "")
    if value.startswith("~/") and home:
        return Path(home) / value[2:]
    return folder / value


def user_folder(env: Mapping[str, str], variable: str, below_home: str) -> Path | None:
    """syncd's folder by the XDG base directory rules; None where the user has no home. Relative values do not count."""
    named = Path(env.get(variable, ""))
    if named.is_absolute():
        return named / "syncd"
    home = Path(env.get("HOME", ""))
    return home / below_home / "syncd" if home.is_absolute() else None


def place(tables: Mapping[str, dict[str, Any]], folder: Path, env: Mapping[str, str]) -> list[str]:
    """Make the paths in these parsed tables absolute, fill in the store's, and say what is wrong with them."""
    problems = []
    state = tables.get("state", {})
    caldav = tables.get("caldav", {})
    for table, key in ((state, "path"), (caldav, "ca_file")):
        value = table.get(key)
        if value == "":
            del table[key]
        elif isinstance(value, str):
            table[key] = absolute(value, folder, env)
    if "path" not in state and (default := _default_state(env)):
        state["path"] = default
    store, authority = state.get("path"), caldav.get("ca_file")
    if isinstance(store, Path) and _is_dir(store):
        problems.append("state.path: is a directory; name a file in it, such as state.db")
    if isinstance(authority, Path) and (fault := _authority_fault(authority)):
        problems.append(f"caldav.ca_file: {fault}")
    return problems


def _default_state(env: Mapping[str, str]) -> Path | None:
    # systemd lists several with colons between them
    given = Path(env.get("STATE_DIRECTORY", "").split(":")[0])
    own = given if given.is_absolute() else user_folder(env, "XDG_STATE_HOME", ".local/state")
    return own / "state.db" if own else None


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # a folder above it is closed to us: the store says so when it opens
        return False


def _authority_fault(path: Path) -> str:
    """Why these certificates cannot be used; empty where they can. Said now, not at the first connection."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return "holds no certificate in PEM form"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError:
        return "is not a path"
    return ""
