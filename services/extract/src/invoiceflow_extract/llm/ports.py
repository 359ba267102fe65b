"""What the step needs from outside: a model that answers, a place for answers, and a purse."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from invoiceflow_contracts.extraction import Outcome

__all__ = ["Answers", "Model", "Purse", "Question", "Reply", "SilenceError", "Usage"]


@dataclass(frozen=True)
class Question:
    """What a model is asked."""

    name: str
    """What kind of question it is: ``fields`` or ``lines``."""
    prompt: str
    """The prompt's version: its name and hash."""
    system: str
    user: str
    schema: dict[str, Any]
    """JSON Schema of the answer."""
    images: tuple[str, ...] = ()
    """Pictures of pages, as ``data:`` URLs."""


@dataclass(frozen=True)
class Usage:
    """Tokens of a request; ``estimated`` where the service did not say."""

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True)
class Reply:
    """What a model answered, not yet looked at."""

    text: str
    usage: Usage = field(default_factory=Usage)


class SilenceError(Exception):
    """No answer. The local result stands; this never leaves the step.

    Args:
        outcome: which way it failed.
        message: a sentence for people, without anything that stands in the document or in a key.
        again: whether asking again may help.
        usage: what was spent all the same.
        retry_after: seconds for which the service asked to be left alone.
    """

    def __init__(
        self,
        outcome: Outcome,
        message: str,
        *,
        again: bool,
        usage: Usage | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{outcome.value}: {message}")
        self.outcome = outcome
        self.message = message
        self.again = again
        self.usage = usage or Usage()
        self.retry_after = retry_after


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """As its server calls it."""
        ...

    @property
    def address(self) -> str:
        """What tells it from a model of the same name elsewhere."""
        ...

    async def ask(self, question: Question) -> Reply:
        """Ask once.

        Raises:
            SilenceError: there is no answer.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Answers(Protocol):
    """Keeps answers, so that the same question is paid for once. Trouble with it is no trouble for the document."""

    async def find(self, tenant: str, key: str) -> Reply | None: ...

    async def keep(self, tenant: str, key: str, reply: Reply) -> None: ...


class Purse(Protocol):
    """What each tenant has spent today, and whether there is enough left."""

    async def reserve(self, tenant: str, model: str, expected: Usage) -> bool:
        """Set ``expected`` aside; False where the budget of the day does not allow it."""
        ...

    async def settle(self, tenant: str, model: str, question: str, expected: Usage, spent: Usage) -> None:
        """Give back what was set aside and enter what was spent."""
        ...
