"""Holds the table of public holidays against those of PyPI's `holidays`."""

import re
import sys
from datetime import date

import holidays

YEARS = range(2000, 2061)

# Days in which the two differ and the table is right, each with the reason. None at
# present: the source knows Ley 51 de 1983 and Ley 2578 de 2026 as the rules do.
HELD_RIGHT: dict[date, str] = {}


def table(path: str) -> dict[date, list[str]]:
    """Which holidays fall on which day, as the rules have it."""
    found: dict[date, list[str]] = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if match := re.match(r"(\d{4}-\d\d-\d\d) (.+)", line):
                found.setdefault(date.fromisoformat(match[1]), []).append(match[2])
    return found


def main(path: str) -> int:
    ours = table(path)
    theirs = holidays.Colombia(years=YEARS, language="es")
    missing = set(YEARS) - {day.year for day in ours}
    if missing:
        print(f"the table has no year {sorted(missing)}")
        return 1
    wrong = 0
    for day in sorted(set(ours) | set(theirs)):
        if day.year not in YEARS:
            continue
        mine, other = ours.get(day, []), theirs.get_list(day)
        if len(mine) == len(other):
            continue
        said = f"{day}: rules {', '.join(mine) or 'none'}; source {', '.join(other) or 'none'}"
        if day in HELD_RIGHT:
            print(f"{said} (held right: {HELD_RIGHT[day]})")
            continue
        print(said)
        wrong += 1
    count = sum(len(names) for names in ours.values())
    print(f"{count} holidays of {len(YEARS)} years, holidays {holidays.__version__}: {wrong} differ")
    for day in HELD_RIGHT.keys() - set(ours) - set(theirs):
        print(f"{day}: held right, and neither has it")
        wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
