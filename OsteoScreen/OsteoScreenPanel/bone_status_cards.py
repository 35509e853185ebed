"""The answers of each bone-status model as widgets: made when they are first needed, hidden when they are not."""

from typing import Any

import qt

from OsteoScreenLib.mrml.bone_status_words import banner_text, bars_text, details_text, head_text, status_text
from OsteoScreenPanel.result_section import showText
from OsteoScreenPanel.ruler_picture import showBars


class ModelCards:
    """As many cards as there are models, one below the other.

    Args:
        parent: a QWidget with a layout that receives them.
    """

    def __init__(self, parent: Any) -> None:
        self._parent = parent
        self._cards: list[ModelCardView] = []

    def show(self, cards: Any) -> None:
        """Show these cards (of OsteoScreenLib.report.model_section) and no others."""
        while len(self._cards) < len(cards):
            self._cards.append(ModelCardView(self._parent.layout(), len(self._cards)))
        for number, view in enumerate(self._cards):
            view.show(cards[number] if number < len(cards) else None)
        self._parent.visible = bool(cards)


class ModelCardView:
    """One model: banner of a demonstration, title, and for each femur class, bars and words."""

    def __init__(self, layout: Any, number: int) -> None:
        self._name = f"statusModel{number}"
        self._frame = qt.QFrame()
        self._frame.setLayout(qt.QVBoxLayout())
        self._frame.layout().setContentsMargins(0, 4, 0, 4)
        layout.addWidget(self._frame)
        self._banner = self._label("banner", rich=False)
        # Amber with black letters, on Slicer's light and on its dark background.
        self._banner.styleSheet = "background-color: #d98e04; color: #000000; font-weight: bold; padding: 6px"
        self._head = self._label("head")
        self._parts: list[tuple[Any, Any, Any]] = []

    def show(self, card: Any) -> None:
        """Show a card; None: hide what was shown."""
        self._frame.visible = card is not None
        parts = [] if card is None else card.parts
        showText(self._banner, "" if card is None else banner_text(card))
        showText(self._head, "" if card is None else head_text(card))
        while len(self._parts) < len(parts):
            side = len(self._parts)
            self._parts.append((self._label(f"status{side}"), self._picture(side), self._label(f"details{side}")))
        for number, (status, bars, details) in enumerate(self._parts):
            part = parts[number] if number < len(parts) else None
            showText(status, "" if part is None else status_text(part, bool(card.warning)))
            showBars(bars, [] if part is None else part.bars, "" if part is None else bars_text(part))
            showText(details, "" if part is None else details_text(part))

    def _label(self, name: str, rich: bool = True) -> Any:
        label = qt.QLabel()
        label.textFormat = qt.Qt.RichText if rich else qt.Qt.PlainText
        label.wordWrap = True
        label.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
        return self._added(label, name)

    def _picture(self, side: int) -> Any:
        return self._added(qt.QLabel(), f"bars{side}")

    def _added(self, label: Any, name: str) -> Any:
        label.setObjectName(f"{self._name}_{name}")
        self._frame.layout().addWidget(label)
        return label
