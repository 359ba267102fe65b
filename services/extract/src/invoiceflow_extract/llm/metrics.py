"""What Prometheus scrapes of the questions to models."""

from prometheus_client import Counter, Histogram

from invoiceflow_chassis.metrics import REGISTRY

__all__ = ["MONEY", "QUESTIONS", "SECONDS", "TOKENS"]

QUESTIONS = Counter(
    "invoiceflow_llm_questions",
    "Questions to language models, by outcome.",
    ["model", "question", "outcome"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "invoiceflow_llm_seconds",
    "Time to the end of a question, retries included.",
    ["model", "question"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60),
    registry=REGISTRY,
)
TOKENS = Counter("invoiceflow_llm_tokens", "Tokens spent, by direction.", ["model", "direction"], registry=REGISTRY)
MONEY = Counter("invoiceflow_llm_money", "Money spent, in the currency of the settings.", ["model"], registry=REGISTRY)
