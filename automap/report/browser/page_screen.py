"""A screen with one page of text that scrolls."""

from __future__ import annotations

from typing import ClassVar

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Header, Static


class PageScreen(Screen[None]):
    """Shows a page; Escape goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "app.pop_screen", "Back")]

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield Header()
        with VerticalScroll(classes="page"):
            yield Static(id="page", markup=False)
        yield Footer()

    @property
    def page_width(self) -> int:
        """Characters of a line, without the margins."""
        return max(40, self.size.width - 4)

    def show(self, page: RenderableType) -> None:
        """Replace the page."""
        self.query_one("#page", Static).update(page)
