"""One load on the stack, and what it took."""

import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_evaluation.bench.stack.engine import Usage, usage_of
from invoiceflow_evaluation.bench.stack.load import Sent
from invoiceflow_evaluation.bench.stack.outcomes import Outcomes
from invoiceflow_evaluation.bench.stack.project import Stack, StackError

__all__ = ["Run", "measure_run"]


@dataclass(frozen=True)
class Run:
    """A load, to the end of its last document. Seconds are counted from its first request on."""

    documents: int
    seconds_accepted: float
    seconds_extracted: float
    """Until the last ``invoice.extracted`` was on Kafka."""
    seconds_shown: float
    """Until the read model held it."""
    accepted: Distribution
    """From the intended time of sending to the answer 202."""
    extracted: Distribution
    """From the intended time of sending to ``invoice.extracted`` on Kafka."""
    usage: Mapping[str, Usage]
    """By service, until the read model held everything."""
    client_cpu_seconds: float

    @property
    def rate_accepted(self) -> float:
        """Documents a second that were accepted."""
        return self.documents / self.seconds_accepted

    @property
    def rate_extracted(self) -> float:
        """Documents a second, up to Kafka."""
        return self.documents / self.seconds_extracted

    @property
    def rate_shown(self) -> float:
        """Documents a second, end to end."""
        return self.documents / self.seconds_shown

    @property
    def cpu_seconds(self) -> float:
        """Of all services and servers together."""
        return sum(one.cpu_seconds for one in self.usage.values())


async def measure_run(stack: Stack, outcomes: Outcomes, load: Awaitable[Sent], *, seconds: float) -> Run:
    """Let the load run and wait for the end of all its documents.

    Raises:
        StackError: a document failed.
        UnfinishedError: not all was over in ``seconds`` after the last was accepted.
    """
    before, cpu_before = await usage_of(stack.project), time.process_time()
    begun = time.perf_counter()
    sent = await load
    accepted = max(sent.accepted.values())
    await outcomes.all_ended(sent.accepted, seconds=seconds)
    if failed := sent.accepted.keys() & outcomes.failed.keys():
        raise StackError(f"{len(failed)} of {len(sent.accepted)} documents failed")
    shown = await outcomes.all_shown(seconds=seconds)
    client_cpu = time.process_time() - cpu_before
    after = await usage_of(stack.project)
    return Run(
        documents=len(sent.accepted),
        seconds_accepted=accepted - begun,
        seconds_extracted=max(outcomes.extracted[one] for one in sent.accepted) - begun,
        seconds_shown=shown - begun,
        accepted=Distribution.of([sent.accepted[one] - sent.intended[one] for one in sent.accepted]),
        extracted=Distribution.of([outcomes.extracted[one] - sent.intended[one] for one in sent.accepted]),
        usage={service: used.since(before.get(service, Usage())) for service, used in after.items()},
        client_cpu_seconds=client_cpu,
    )
