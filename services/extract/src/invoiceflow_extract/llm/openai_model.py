"""A model behind the OpenAI API, through the ``openai`` SDK: OpenAI, Azure, vLLM, Ollama and whoever speaks it."""

import math
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

import openai
from openai.types.chat import ChatCompletion
from pydantic import SecretStr

from invoiceflow_contracts.extraction import Outcome
from invoiceflow_extract.llm.ports import Question, Reply, SilenceError, Usage

__all__ = ["OpenAIModel"]

_LONGEST_ANSWER = 400_000  # characters; what is longer is no invoice


class OpenAIModel:
    """Asks by chat completions, the one interface that all these servers have. The server's certificate is always verified."""

    def __init__(
        self,
        name: str,
        *,
        base_url: str,
        api_key: SecretStr | None,
        time_limit: float,
        ca_file: Path | None = None,
        answer_format: Literal["json_schema", "json_object", "text"] = "json_schema",
        temperature: float | None = 0.0,
        max_output_tokens: int = 4096,
    ) -> None:
        verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=api_key.get_secret_value() if api_key else "none",
            timeout=time_limit,
            max_retries=0,  # whoever asks decides how often
            # Redirects are not followed: they would carry the document to where nobody meant it to go.
            http_client=openai.DefaultAsyncHttpxClient(timeout=time_limit, follow_redirects=False, verify=verify),
        )
        self._name = name
        self._format = answer_format
        # The models that take no temperature know the limit by its newer name only.
        self._options: dict[str, Any] = (
            {"max_completion_tokens": max_output_tokens}
            if temperature is None
            else {"max_tokens": max_output_tokens, "temperature": temperature}
        )

    async def close(self) -> None:
        await self._client.close()

    @property
    def name(self) -> str:
        return self._name

    @property
    def address(self) -> str:
        return str(self._client.base_url)

    async def ask(self, question: Question) -> Reply:
        try:
            completion: ChatCompletion = await self._client.chat.completions.create(
                model=self._name,
                messages=_messages(question),
                **_response_format(self._format, question),
                **self._options,
            )
        except openai.APITimeoutError:
            raise SilenceError(
                Outcome.TIMED_OUT, "The service took too long.", again=True, usage=_expected(question)
            ) from None
        except openai.APIStatusError as error:
            raise _refusal(error) from None
        except openai.APIResponseValidationError:
            raise SilenceError(
                Outcome.INVALID_ANSWER, "The service answered in a way of its own.", again=True
            ) from None
        except openai.APIConnectionError:
            raise SilenceError(
                Outcome.UNREACHABLE,
                "There is no connection to the service, or it broke off.",
                again=True,
                usage=_expected(question),
            ) from None
        except (openai.OpenAIError, ValueError):  # ValueError: a body that is no JSON
            raise SilenceError(Outcome.INVALID_ANSWER, "What the service sent is no answer.", again=True) from None
        return _reply(completion, question)


def _messages(question: Question) -> Any:
    if not question.images:
        return [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}]
    parts: list[dict[str, Any]] = [{"type": "text", "text": question.user}]
    parts += [{"type": "image_url", "image_url": {"url": image}} for image in question.images]
    return [{"role": "system", "content": question.system}, {"role": "user", "content": parts}]


def _response_format(kind: str, question: Question) -> dict[str, Any]:
    if kind == "json_schema":
        schema = {"name": question.name, "strict": True, "schema": question.schema}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"response_format": {"type": "json_object"}} if kind == "json_object" else {}


def _reply(completion: Any, question: Question) -> Reply:
    """Return the answer's text. The SDK does not check what a server sends: every part of it may be missing."""
    choices = getattr(completion, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(choice, "message", None)
    usage = _usage(completion, question)
    finish = getattr(choice, "finish_reason", None)
    if getattr(message, "refusal", None) or finish == "content_filter":
        raise SilenceError(Outcome.REFUSED, "The model refused to answer.", again=False, usage=usage)
    text = getattr(message, "content", None)
    if finish == "length":
        raise SilenceError(
            Outcome.INVALID_ANSWER, "The answer is longer than it may be and was cut.", again=False, usage=usage
        )
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_ANSWER:
        raise SilenceError(Outcome.INVALID_ANSWER, "The answer is empty or far too long.", again=True, usage=usage)
    return Reply(text, usage)


def _usage(completion: Any, question: Question) -> Usage:
    told = getattr(completion, "usage", None)
    counts = (getattr(told, "prompt_tokens", None), getattr(told, "completion_tokens", None))
    sent, made = (count if isinstance(count, int) and 0 <= count < 10**9 else None for count in counts)
    if sent is None or made is None:
        text = str(getattr(completion, "choices", ""))
        return Usage(_expected(question).input_tokens, len(text) // 3, estimated=True)
    return Usage(sent, made)


def _expected(question: Question) -> Usage:
    """What a request costs that was sent and never answered: its text, at three characters a token, is not too little."""
    return Usage((len(question.system) + len(question.user)) // 3, 0, estimated=True)


def _refusal(error: openai.APIStatusError) -> SilenceError:
    status = error.status_code
    if status == 429:
        return SilenceError(
            Outcome.RATE_LIMITED,
            "The service has no room now (HTTP 429).",
            again=True,
            retry_after=_seconds(error.response.headers.get("Retry-After")),
        )
    if status >= 500 or status in {408, 409, 425}:
        return SilenceError(
            Outcome.SERVER_ERROR,
            f"The service failed (HTTP {status}).",
            again=True,
            retry_after=_seconds(error.response.headers.get("Retry-After")),
        )
    return SilenceError(
        Outcome.REJECTED,
        f"The service does not take the question (HTTP {status}). Check address, key, model and answer format.",
        again=False,
    )


def _seconds(header: str | None) -> float | None:
    """``Retry-After`` (RFC 9110, 10.2.3) in seconds: a number of them, or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            when = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
