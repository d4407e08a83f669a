"""Batches on their way from a queue to a function, which are neither visible in the queue nor running yet."""

from __future__ import annotations

from ministack.services import lambda_svc


class QueuePolls:
    """Knows whether the poller is looking at queues, and how many batches it has given to functions."""

    def __init__(self) -> None:
        self._polling = False

    def apply(self) -> None:
        """Note each pass of MiniStack's poller, which is one thread: what it takes is hidden until the pass hands it on."""
        poll = lambda_svc._poll_sqs

        def poll_and_note() -> bool:
            self._polling = True
            try:
                return bool(poll())
            finally:
                self._polling = False

        lambda_svc._poll_sqs = poll_and_note

    def batches(self) -> int:
        """Batches that may be between queue and function. Ask after counting what is visible in the queues: a message moves
        from there to here and never back within one delivery."""
        # In the order in which a batch moves.
        polling = int(self._polling)
        with lambda_svc._esm_inflight_lock:
            return polling + sum(lambda_svc._esm_inflight.values())
