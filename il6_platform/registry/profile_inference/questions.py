"""What a draft asks of the person who reads it."""

from __future__ import annotations


class Questions:
    """Questions in the order in which they arose, each once.

    >>> questions = Questions()
    >>> questions.ask("Is id the patient's number?"), questions.ask("Is id the patient's number?")
    ('Q1', 'Q1')
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, question: str) -> str:
        """Ask, and return the sign by which the draft points to the question."""
        if question not in self.asked:
            self.asked.append(question)
        return f"Q{self.asked.index(question) + 1}"
