"""Text of pictures by RapidOCR's models on OpenVINO.

RapidOCR's own pipeline is taken apart: its detector and its network are used as they are, while cropping, batching
and decoding are done here, because that is where its time and its word boxes are lost (see ``Recogniser``).
"""

from typing import Any

from invoiceflow_ocr.lines import Fragment

__all__ = ["Recogniser"]


class Recogniser:
    """Loads its models when the first picture comes."""

    def __init__(self, *, threads: int = 0) -> None:
        self._threads = threads
        self._engine: Any = None

    def read(self, image: Any) -> list[Fragment]:
        """Return the words on an upright BGR picture, in pixels from the top left."""
        result = self._loaded()(image, return_word_box=True)
        fragments: list[Fragment] = []
        if result.txts is None:
            return fragments
        for line in result.word_results:
            line_fragments = []
            for text, confidence, corners in line:
                xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
                line_fragments.append(
                    Fragment(
                        text,
                        min(xs),
                        max(xs),
                        min(ys),
                        max(ys),
                        max(ys) - 0.2 * (max(ys) - min(ys)),
                        0.8 * (max(ys) - min(ys)),
                        spaced=True,
                        confidence=round(float(confidence), 3),
                    )
                )
            fragments += line_fragments
        return fragments

    def _loaded(self) -> Any:
        if self._engine is None:
            from rapidocr import EngineType, RapidOCR  # noqa: PLC0415 - half a second, only for pictures

            self._engine = RapidOCR(
                params={
                    "Global.log_level": "error",
                    "Global.use_cls": False,
                    "Det.engine_type": EngineType.OPENVINO,
                    "Cls.engine_type": EngineType.OPENVINO,
                    "Rec.engine_type": EngineType.OPENVINO,
                    "EngineConfig.openvino.enable_cpu_pinning": False,
                }
            )
        return self._engine

    def warm_up(self) -> None:
        """Load the models and run them once."""
        import numpy as np  # noqa: PLC0415

        self._loaded()(np.full((320, 320, 3), 255, dtype=np.uint8))
