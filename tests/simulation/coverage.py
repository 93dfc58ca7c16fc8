"""What a run reached, as a table: cells of the planner, faults, kill points, steps; and each cell with each fault."""

from collections import Counter


def table(reached: Counter[str], *, pairs: bool) -> str:
    """One line each, the rarest first."""
    lines = []
    for group in ("cell", "fault", "kill", "step"):
        rows = sorted(
            ((count, name.split(": ", 1)[1]) for name, count in reached.items() if name.startswith(f"{group}: ")),
        )
        rows = [row for row in rows if " with " not in row[1]]
        lines.append(f"{group}s: {len(rows)}")
        lines += [f"  {count:>9}  {name}" for count, name in rows]
    together = sorted((count, name) for name, count in reached.items() if " with " in name)
    lines.append(f"cells with a fault: {len(together)}; the rarest {together[0][0] if together else 0} times")
    if pairs:
        lines += [f"  {count:>9}  {name}" for count, name in together]
    return "\n".join(lines)
