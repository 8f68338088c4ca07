"""docs/roadmap.md is true: every lesson that is there has its row, and every row without a lesson says "planned"."""
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = re.findall(r"^\| (\d\d) \| (.+?) \| (.+?) \|$", (ROOT / "docs/roadmap.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_each_number_has_one_row():
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 32))


def test_lessons_and_rows_agree():
    there = {path.name[:2]: path.name for path in (ROOT / "lessons").glob("[0-9][0-9]_*.py")}
    for number, topic, lesson in ROWS:
        expected = f"[{there[number]}](../lessons/{there[number]})" if number in there else "planned"
        assert lesson == expected, f"{number} {topic}: docs/roadmap.md says {lesson}, there is {expected}"
