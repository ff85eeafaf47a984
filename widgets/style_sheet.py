"""The style sheet as text; ``@name@`` are the tokens of `widgets.style.tokens`.

Grid 4 px, radius 6 px (4 px inside), hairlines 1 px, no shadows. Colour only for selection, focus
and what somebody should look at.
"""

from __future__ import annotations

SHEET = """
QMainWindow, QDialog { background: @background@; }
QMainWindow::separator { background: @background@; width: 4px; height: 4px; }
QMainWindow::separator:hover { background: @wash@; }
QWidget { color: @text@; }
QToolTip { background: @panel@; color: @text@; border: 1px solid @line@; padding: 4px 8px; }

QLabel { background: transparent; }
QLabel[role="title"] { font-size: 15px; font-weight: 600; }
QLabel[role="heading"] { font-size: 11px; font-weight: 600; color: @muted@; }
QLabel[role="caption"] { font-size: 11px; color: @muted@; }
QLabel[role="muted"] { color: @muted@; }
QLabel[role="figure"] { font-size: 20px; font-weight: 500; }
QLabel[role="error"] { color: @error@; }
QLabel[role="key"] { font-size: 11px; color: @muted@; background: @soft@; border-radius: 4px;
    padding: 1px 6px; }

QFrame[role="alarm-card"] { background: @panel@; border: 2px solid @critical@; border-radius: 6px; }
QLabel[role="alarm-heading"] { font-weight: 600; color: @error@; }
QFrame[role="card"], QWidget[role="card"] { background: @panel@; border: 1px solid @line@;
    border-radius: 6px; }
QWidget[role="top-bar"] { background: @panel@; border-bottom: 1px solid @line@; }
QWidget[role="strip"] { background: @panel@; border-top: 1px solid @line@; }
QStatusBar { background: @panel@; }
QStatusBar::item { border: none; }
QFrame[role="rule"] { background: @line@; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="upright"] { background: @line@; border: none; max-width: 1px; min-width: 1px; }

QPushButton { background: @button@; border: 1px solid @control@; border-radius: 6px;
    padding: 4px 12px; min-height: 18px; }
QPushButton:hover { background: @hover@; }
QPushButton:pressed, QPushButton:checked { background: @pressed@; }
QPushButton:focus { border: 1px solid @accent@; }
QPushButton:disabled { color: @faint@; border-color: @line@; background: @panel@; }
QPushButton[role="primary"] { background: @accent@; border-color: @accent@; color: @on_accent@;
    font-weight: 600; }
QPushButton[role="primary"]:hover { background: @accent_hover@; border-color: @accent_hover@; }
QPushButton[role="primary"]:focus { border: 2px solid @text@; padding: 3px 11px; }
QPushButton[role="primary"]:disabled { background: @soft@; border-color: @soft@; color: @faint@; }
QPushButton[role="danger"] { color: @error@; border-color: @error@; }
QPushButton[role="danger"]:hover { background: @critical@; color: @on_critical@; }
QPushButton[role="danger"]:focus { border: 2px solid @error@; padding: 3px 11px; }
QPushButton[role="danger"]:disabled { color: @faint@; border-color: @line@; }
QPushButton[role="danger-filled"] { background: @critical@; border-color: @critical@;
    color: @on_critical@; font-weight: 600; }
QPushButton[role="danger-filled"]:focus { border: 2px solid @text@; padding: 3px 11px; }
QPushButton[role="danger-filled"]:disabled { background: @soft@; border-color: @soft@;
    color: @faint@; }
QPushButton[role="flat"], QToolButton { background: transparent; border: 1px solid transparent;
    border-radius: 4px; padding: 3px; }
QPushButton[role="flat"]:hover, QToolButton:hover { background: @hover@; }
QToolButton:pressed, QToolButton:checked { background: @pressed@; }
QPushButton[role="flat"]:focus, QToolButton:focus { border-color: @accent@; }
QToolButton:disabled { color: @faint@; }
QToolButton::menu-indicator { image: none; }
QPushButton[role="tab"] { background: transparent; border: none; border-radius: 6px;
    padding: 4px 12px; color: @muted@; }
QPushButton[role="tab"]:hover { background: @hover@; color: @text@; }
QPushButton[role="tab"]:checked { background: @wash@; color: @text@; font-weight: 600; }
QPushButton[role="tab"]:focus { border: 1px solid @accent@; padding: 3px 11px; }
QPushButton[role="counter"] { background: transparent; border: 1px solid transparent;
    border-radius: 6px; padding: 3px 8px; color: @muted@; }
QPushButton[role="counter"]:hover { background: @hover@; }
QPushButton[role="counter"]:focus { border-color: @accent@; }
QPushButton[role="queue"] { background: @wash@; border: 1px solid @control@; border-radius: 6px;
    padding: 3px 8px; color: @text@; font-weight: 600; }
QPushButton[role="queue"]:hover { background: @hover@; }
QPushButton[role="queue"]:focus { border-color: @accent@; }
QPushButton[role="find"] { background: @field@; color: @muted@; text-align: left;
    padding: 4px 8px; border-color: @line@; }
QPushButton[role="find"]:hover { border-color: @control@; }
QPushButton[role="find"]:focus { border-color: @accent@; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QDateTimeEdit {
    background: @field@; border: 1px solid @control@; border-radius: 6px; padding: 3px 8px;
    selection-background-color: @accent@; selection-color: @on_accent@; }
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QDateTimeEdit { min-height: 20px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QComboBox:focus, QDateTimeEdit:focus { border: 1px solid @accent@; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: @faint@; background: @panel@; border-color: @line@; }
QLineEdit[role="find"] { border: none; background: transparent; font-size: 15px; padding: 8px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url(@down@); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @panel@; border: 1px solid @line@; outline: 0;
    selection-background-color: @wash@; selection-color: @text@; padding: 4px; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button,
QDateTimeEdit::up-button, QDateTimeEdit::down-button {
    border: none; background: transparent; width: 18px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow, QDateTimeEdit::up-arrow { image: url(@up@);
    width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow, QDateTimeEdit::down-arrow { image: url(@down@);
    width: 10px; height: 10px; }

QCheckBox, QRadioButton { spacing: 8px; padding: 2px; }
QCheckBox::indicator, QAbstractItemView::indicator { width: 14px; height: 14px;
    border: 1px solid @control@; border-radius: 4px; background: @field@; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked { background: @accent@;
    border-color: @accent@; image: url(@tick@); }
QCheckBox::indicator:hover, QCheckBox:focus::indicator { border-color: @accent@; }
QCheckBox::indicator:disabled { background: @panel@; border-color: @line@; }
QRadioButton::indicator { width: 12px; height: 12px; border: 1px solid @control@;
    border-radius: 7px; background: @field@; }
QRadioButton::indicator:checked { border: 4px solid @accent@; width: 6px; height: 6px; }
QRadioButton:focus::indicator { border-color: @accent@; }

QSlider { min-height: 20px; background: transparent; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: @line@; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: @accent@; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -6px 0; border-radius: 8px;
    background: @field@; border: 1px solid @control@; }
QSlider::handle:horizontal:hover { border: 1px solid @accent@; }
QProgressBar { background: @line@; border: none; border-radius: 2px; max-height: 4px;
    min-height: 4px; }
QProgressBar::chunk { background: @accent@; border-radius: 2px; }

QAbstractScrollArea { background: @panel@; border: none; }
QPlainTextEdit { background: @field@; border: 1px solid @control@; }
QPlainTextEdit:focus { border: 1px solid @accent@; }
QScrollArea > QWidget > QWidget { background: @panel@; }
QTableView, QTreeView, QListView { background: @panel@; alternate-background-color: @panel@;
    border: none; outline: 0; gridline-color: @soft@; selection-background-color: @wash@;
    selection-color: @text@; }
QTableView::item, QTreeView::item { border-bottom: 1px solid @soft@; padding: 0 6px; }
QListView::item { padding: 4px 8px; border-radius: 4px; }
QTableView::item:hover, QTreeView::item:hover, QListView::item:hover { background: @hover@; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {
    background: @wash@; color: @text@; }
QTableView:focus, QTreeView:focus, QListView:focus { border: 1px solid @accent@; }
QHeaderView { background: @panel@; border: none; }
QHeaderView::section { background: @panel@; color: @muted@; border: none;
    border-bottom: 1px solid @line@; padding: 4px 6px; font-size: 11px; font-weight: 600; }
QHeaderView::section:hover { color: @text@; }
QHeaderView::down-arrow { image: url(@down@); width: 10px; height: 10px; }
QHeaderView::up-arrow { image: url(@up@); width: 10px; height: 10px; }
QTableCornerButton::section { background: @panel@; border: none; }
QTreeView::branch:has-children:closed { image: url(@right@); }
QTreeView::branch:has-children:open { image: url(@down@); }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @control@; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: @muted@; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QDockWidget > QWidget { background: @panel@; }
QWidget[role="dock-title"] { background: @panel@; border-bottom: 1px solid @line@; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @muted@; padding: 5px 10px; margin: 0 1px 0 0;
    border: none; border-bottom: 2px solid transparent; }
QTabBar[crowded="true"]::tab { padding: 5px 5px; margin: 0; }
QTabBar[crowded="true"]::tab:!selected { max-width: 16px; }
QTabBar::tab:hover { color: @text@; }
QTabBar::tab:selected { color: @text@; border-bottom: 2px solid @accent@; }
QTabBar::tab:focus { color: @accent@; }
QTabWidget::pane { border: none; border-top: 1px solid @line@; }
QGroupBox { border: none; border-top: 1px solid @line@; margin-top: 20px; padding-top: 8px; }
QGroupBox::title { subcontrol-origin: margin; left: 0; color: @muted@; font-size: 11px;
    font-weight: 600; }
QMainWindow > QTabBar { background: @panel@; }
QSplitter::handle { background: @line@; }

QMenu { background: @panel@; border: 1px solid @line@; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: @wash@; }
QMenu::item:disabled { color: @faint@; }
QMenu::separator { height: 1px; background: @line@; margin: 4px 8px; }
QMenu::indicator { width: 12px; height: 12px; margin-left: 6px; }
QMenu::indicator:checked { image: url(@tick@); background: @accent@; border-radius: 3px; }
"""
