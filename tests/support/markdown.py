"""Reading Markdown pages: their code blocks and links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks" / "README.md"]


@dataclass(frozen=True)
class Block:
    """A fenced code block."""

    page: Path
    line: int
    """The line of its first line of code, from 1."""
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def code_blocks(*languages: str) -> list[Block]:
    """Return the code blocks of all pages in some languages."""
    found = []
    for page in PAGES:
        lines, start = page.read_text(encoding="utf-8").splitlines(), None
        for number, line in enumerate(lines):
            if not line.lstrip().startswith("```"):
                continue
            if start is None:
                start = number
                continue
            language = lines[start].strip().removeprefix("```")
            found.append(Block(page, start + 2, language, "\n".join(lines[start + 1 : number]) + "\n"))
            start = None
        assert start is None, f"{page}: a code block is not closed"
    return [block for block in found if block.language in languages]


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
