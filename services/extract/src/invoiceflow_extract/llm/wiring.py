"""From settings to the step: which adapters stand around the model."""

import asyncio
import time

from pydantic import SecretStr

from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_extract.llm.asking import Asker
from invoiceflow_extract.llm.breaker import Breaker
from invoiceflow_extract.llm.cache import KeptAnswers, MemoryAnswers
from invoiceflow_extract.llm.ledger import Budget, Ledger, Price
from invoiceflow_extract.llm.openai_model import OpenAIModel
from invoiceflow_extract.llm.pictures import Painter
from invoiceflow_extract.llm.ports import Answers
from invoiceflow_extract.llm.settings import LlmSettings
from invoiceflow_extract.llm.step import LanguageModelStep

__all__ = ["language_model"]


def language_model(settings: LlmSettings, model: str, objects: ObjectStore, *, time_limit: float) -> LanguageModelStep:
    """Return the step that the settings describe, to be closed at the end.

    Args:
        settings: of the step.
        model: the model's name, without which there is no step.
        objects: where answers and the ledger are kept.
        time_limit: seconds that the whole document has; the questions get 70 % of it at most.
    """
    prices = _prices(settings, model)
    purse = Ledger(
        objects,
        settings.bucket,
        prices=prices,
        budget=Budget(settings.budget_per_day, settings.tokens_per_day),
        clock=time.monotonic,
    )
    models = [_connect(settings, model, settings.base_url, settings.api_key)]
    if settings.second_model is not None:
        models.append(_second(settings, settings.second_model))
    askers = [
        Asker(
            model,
            answers=_answers(settings, objects),
            purse=purse,
            breaker=Breaker(settings.rest_after, settings.rest_seconds, time.monotonic),
            slots=asyncio.Semaphore(settings.concurrency),
            attempts=settings.attempts,
            max_output_tokens=settings.max_output_tokens,
            clock=time.monotonic,
        )
        for model in models
    ]
    return LanguageModelStep(
        askers=tuple(askers),
        prices=prices,
        currency=settings.currency,
        ask_below=settings.ask_below,
        max_characters=settings.max_characters,
        time_limit=min(settings.document_time_limit, 0.7 * time_limit),
        clock=time.monotonic,
        painter=_painter(settings) if settings.images else None,
    )


def _painter(settings: LlmSettings) -> Painter:
    return Painter(
        width=settings.image_width,
        seconds=min(10.0, settings.document_time_limit / 2),
        max_size=settings.max_pictured_size,
        most=settings.max_images,
    )


def _connect(settings: LlmSettings, name: str, base_url: str, api_key: SecretStr | None) -> OpenAIModel:
    return OpenAIModel(
        name,
        base_url=base_url,
        api_key=api_key,
        time_limit=settings.time_limit,
        ca_file=settings.ca_file,
        answer_format=settings.answer_format,
        temperature=settings.temperature,
        max_output_tokens=settings.max_output_tokens,
    )


def _second(settings: LlmSettings, name: str) -> OpenAIModel:
    # A key is for the server it was given for, and for no other.
    elsewhere = settings.second_base_url not in {None, settings.base_url}
    key = settings.second_api_key or (None if elsewhere else settings.api_key)
    return _connect(settings, name, settings.second_base_url or settings.base_url, key)


def _prices(settings: LlmSettings, model: str) -> dict[str, Price]:
    """Return the prices by model; none where none is set, so that nothing is said to be free that is not."""
    if settings.price_input is None or settings.price_output is None:
        return {}
    first = Price(settings.price_input, settings.price_output)
    second = Price(
        first.input if settings.second_price_input is None else settings.second_price_input,
        first.output if settings.second_price_output is None else settings.second_price_output,
    )
    return {settings.second_model or model: second, model: first}


def _answers(settings: LlmSettings, objects: ObjectStore) -> Answers | None:
    match settings.cache:
        case "objects":
            return KeptAnswers(objects, settings.bucket)
        case "memory":
            return MemoryAnswers()
        case "off":
            return None
