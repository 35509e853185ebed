"""Result tables as CSV and LaTeX."""

from __future__ import annotations

import csv
import io

from OsteoScreenLib.errors import printable
from OsteoScreenLib.evaluation.result_table import ResultTable
from OsteoScreenLib.evaluation.write_files import spreadsheet_cell

_LONG_TEXT = 32

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "–": "--",
}


def as_csv(table: ResultTable) -> str:
    """Comma, double quotes, line feeds, header first; numbers with 10 digits, an empty cell where not defined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.plain_header())
    for row in table.plain_rows():
        writer.writerow([spreadsheet_cell(value) for value in row])
    return text.getvalue()


def as_latex(table: ResultTable) -> str:
    """A table of several pages if need be, with caption, label and notes; every value is escaped.

    Wants the packages booktabs and longtable. Long texts wrap; the columns of a wide table may still want landscape.
    """
    words = [column.title for column in table.columns]
    shown = table.shown_rows()
    kinds = [_kind_of_column([word, *(row[index] for row in shown)]) for index, word in enumerate(words)]
    lines = [
        r"% Wants \usepackage{booktabs,longtable}",
        r"{\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\begin{{longtable}}{{{''.join(kinds)}}}",
        rf"\caption{{{latex(table.title)}}}\label{{tab:{table.name.replace('_', '-')}}}\\",
        r"\toprule",
        " & ".join(latex(word) for word in words) + r" \\",
        r"\midrule\endhead",
        r"\bottomrule\endfoot",
        *(" & ".join(latex(cell) for cell in row) + r" \\" for row in shown),
        r"\end{longtable}",
        *(rf"\par\noindent {latex(note)}" for note in table.notes),
        r"\par}",
    ]
    return "\n".join(lines) + "\n"


def latex(text: str) -> str:
    """Text as LaTeX prints it: its special characters escaped, control characters as escapes."""
    return "".join(_LATEX.get(character, character) for character in printable(text))


def _kind_of_column(cells: list[str]) -> str:
    """Right for numbers, a paragraph for long texts, else left."""
    if max(map(len, cells)) > _LONG_TEXT:
        return r"p{0.28\textwidth}"
    return "r" if len(cells) > 1 and all(cell[:1] in "0123456789-–<" for cell in cells[1:]) else "l"
