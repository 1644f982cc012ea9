"""Expressions of analytes, such as `neutrophils / lymphocytes`: what a derived marker is made of.

Belongs here: reading an expression (it is parsed, never evaluated as code) and writing it as SQL.
Does not belong here: which analytes there are and their units (`registry.units`), or which results
make one sample (`sql/cohort/marker_values.sql`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|([^\W\d]\w*)|([-+*/()]))")
LONGEST = 200
DEEPEST = 20


class ExpressionError(ValueError):
    """An expression that cannot be read; the message says where and what to write."""


@dataclass(frozen=True, slots=True)
class Term:
    """A number, an analyte, or an operation (`+ - * / log`, `-` of one term) on terms."""

    kind: str
    value: float = 0.0
    name: str = ""
    terms: tuple[Term, ...] = ()

    def analytes(self) -> tuple[str, ...]:
        """Return the names of analytes as they are written, each once."""
        own = (self.name,) if self.kind == "analyte" else ()
        return tuple(dict.fromkeys((*own, *(n for term in self.terms for n in term.analytes()))))

    def sql(self, part: Callable[[str], str]) -> str:
        """Return the term as a SQL expression.

        Parameters
        ----------
        part
            Gives the SQL of an analyte's result by the name that is written.

        Returns
        -------
        str
            Null where a result is, on division by zero, and for a logarithm of 0 or less.
        """
        inner = [term.sql(part) for term in self.terms]
        match self.kind:
            case "number":
                return f"{self.value!r}::double"
            case "analyte":
                return part(self.name)
            case "log":
                return f"ln(nullif(greatest({inner[0]}, 0), 0))"
            case "/":
                return f"({inner[0]} / nullif({inner[1]}, 0))"
            case operator if len(inner) == 1:
                return f"({operator}{inner[0]})"
            case operator:
                return f"({inner[0]} {operator} {inner[1]})"


def read_expression(text: str) -> Term:
    """Read an expression of analytes: `+ - * /`, `log()` (natural), numbers and parentheses.

    Raises
    ------
    ExpressionError
        Where it cannot be read, or names no analyte.

    Examples
    --------
    >>> read_expression("platelets * neutrophils / lymphocytes").analytes()
    ('platelets', 'neutrophils', 'lymphocytes')
    >>> read_expression("log(crp) - 2").sql(lambda name: name)
    '(ln(nullif(greatest(crp, 0), 0)) - 2.0::double)'
    """
    found = _Reader(text).read()
    if not found.analytes():
        raise ExpressionError(f"{text!r} names no analyte; write for example {EXAMPLE}")
    return found


EXAMPLE = "neutrophils / lymphocytes"


class _Reader:
    """Recursive descent: sum -> product -> signed -> number, analyte, log(sum) or (sum)."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ExpressionError(f"an expression has at most {LONGEST} characters")
        self._text = text
        self._place = 0
        self._depth = 0
        self._token = ("end", "")
        self._next()

    def read(self) -> Term:
        found = self._sum()
        if self._token[0] != "end":
            raise self._error(f"{self._token[1]!r} does not follow")
        return found

    def _next(self) -> str:
        before = self._token[1]
        rest = self._text[self._place :]
        found = TOKEN.match(rest)
        if not rest.strip():
            self._token = ("end", "")
        elif found is None:
            raise self._error(f"{rest.strip()[0]!r} cannot be used")
        else:
            kind = ("number", "name", "sign")[(found.lastindex or 1) - 1]
            self._token = (kind, found[found.lastindex or 1])
            self._place += found.end()
        return before

    def _error(self, what: str) -> ExpressionError:
        return ExpressionError(
            f"{what} (character {self._place} of {self._text!r}); an expression has names of "
            f"analytes, numbers, + - * /, log() and parentheses, for example {EXAMPLE}"
        )

    def _is(self, *signs: str) -> bool:
        return self._token[0] == "sign" and self._token[1] in signs

    def _sum(self) -> Term:
        left = self._product()
        while self._is("+", "-"):
            left = Term(self._next(), terms=(left, self._product()))
        return left

    def _product(self) -> Term:
        left = self._signed()
        while self._is("*", "/"):
            left = Term(self._next(), terms=(left, self._signed()))
        return left

    def _signed(self) -> Term:
        sign = self._next() if self._is("-", "+") else ""
        if sign and self._is("-", "+"):
            raise self._error("two signs follow each other")
        inner = self._atom()
        return Term("-", terms=(inner,)) if sign == "-" else inner

    def _atom(self) -> Term:
        kind, text = self._token
        if kind == "number":
            if not math.isfinite(float(text)):
                raise self._error(f"{text} is no finite number")
            return Term("number", value=float(self._next()))
        if kind == "name":
            self._next()
            is_log = text.lower() == "log"
            return Term("log", terms=(self._inner(),)) if is_log else Term("analyte", name=text)
        if self._is("("):
            return self._inner()
        raise self._error("it ends too early" if kind == "end" else f"{text!r} does not follow")

    def _inner(self) -> Term:
        if not self._is("("):
            raise self._error("log needs parentheses")
        self._next()
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} parentheses stand in each other")
        found = self._sum()
        if not self._is(")"):
            raise self._error("a parenthesis is not closed")
        self._next()
        self._depth -= 1
        return found
