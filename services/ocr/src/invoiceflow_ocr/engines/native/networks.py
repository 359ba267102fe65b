"""RapidOCR's two networks on OpenVINO: one finds lines of text on a picture, one reads them.

The models and the step from the detector's map to boxes are RapidOCR's; preparing and reading the crops is done
here. Compared with RapidOCR's own pipeline a crop is neither padded to 320 columns nor to the widest of its batch,
the widths come in few sizes (OpenVINO compiles kernels for every new shape), and as many crops are read at the same
time as there are threads, each on one thread, instead of one crop on all.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["DETECTOR", "READER", "Networks", "Reading", "silence_telemetry"]

HEIGHT = 48
"""Rows of a crop, as the network was trained."""
WIDTH_STEP = 64
LONGEST = 4096
"""Columns of the widest crop; a longer line would lose its height."""
DETECTOR = "PP-OCRv6_det_small.onnx"
READER = "PP-OCRv6_rec_small.onnx"


def silence_telemetry() -> None:
    """Keep OpenVINO, before it is imported, from reporting every start to a web service of its maker.

    Where the module that does so cannot be imported, it does not.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands on a crop."""

    text: str
    confidences: tuple[float, ...]
    """One for each character."""
    positions: tuple[float, ...]
    """Middle of each character as a fraction of the crop's width."""

    @property
    def confidence(self) -> float:
        """The mean over the characters, 0 where there are none."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0


class Networks:
    """The loaded networks; loading takes about half a second."""

    def __init__(self, threads: int) -> None:
        import cv2  # noqa: PLC0415

        silence_telemetry()
        import openvino  # noqa: PLC0415
        import rapidocr  # noqa: PLC0415
        from rapidocr.ch_ppocr_det.utils import DBPostProcess  # noqa: PLC0415

        models = Path(rapidocr.__file__).parent / "models"
        cv2.setNumThreads(threads)
        core = openvino.Core()
        # Pinned, the children of one host would all compute on the same first processors.
        options = {"ENABLE_CPU_PINNING": False, "INFERENCE_NUM_THREADS": threads}
        detector = core.compile_model(core.read_model(models / DETECTOR), "CPU", {**options, "NUM_STREAMS": 1})
        self._detector = detector.create_infer_request()
        self._boxes = DBPostProcess(
            thresh=0.3, box_thresh=0.5, max_candidates=1000, unclip_ratio=1.6, use_dilation=True
        )
        model = core.read_model(models / READER)
        # The dictionary comes with the model; before it stands CTC's blank, after it the space.
        self._characters = ("", *model.get_rt_info()["framework"]["character"].value.splitlines(), " ")
        reader = core.compile_model(model, "CPU", {**options, "NUM_STREAMS": threads})
        self._readers = openvino.AsyncInferQueue(reader, threads)

    def detect(self, image: Any, scale: float) -> list[Any]:
        """Return the corners (4 by 2, from the top left clockwise, in pixels) of each line of text.

        Args:
            image: BGR, rows by columns by 3.
            scale: by how much to shrink or enlarge the picture for this purpose.
        """
        import cv2  # noqa: PLC0415
        import numpy as np  # noqa: PLC0415

        height, width = image.shape[:2]
        rows, columns = (max(32, round(side * scale / 32) * 32) for side in (height, width))
        resized = cv2.resize(image, (columns, rows)).astype(np.float32) * (2 / 255) - 1
        self._detector.infer([np.ascontiguousarray(resized.transpose(2, 0, 1)[None])])
        boxes, _ = self._boxes(self._detector.get_output_tensor().data, (height, width))
        return [box.astype(np.float32) for box in boxes]

    def read(self, crops: Sequence[Any]) -> list[Reading]:
        """Read upright crops (BGR, of any size)."""
        import numpy as np  # noqa: PLC0415

        readings: list[Reading | None] = [None] * len(crops)

        def decode(request: Any, work: tuple[int, float]) -> None:
            position, filled = work
            readings[position] = self._decode(np, request.get_output_tensor().data[0], filled)

        self._readers.set_callback(decode)
        for position, crop in enumerate(crops):
            prepared, filled = _prepare(crop)
            self._readers.start_async([prepared], (position, filled))
        self._readers.wait_all()
        return [reading for reading in readings if reading is not None]

    def _decode(self, np: Any, scores: Any, filled: float) -> Reading:
        """CTC: in each column the likeliest character; repetitions and blanks count once and not at all."""
        best = scores.argmax(axis=1)
        kept = (best != 0) & np.concatenate(([True], best[1:] != best[:-1]))
        columns = np.flatnonzero(kept)
        return Reading(
            text="".join(self._characters[index] for index in best[columns]),
            confidences=tuple(scores[columns, best[columns]].tolist()),
            positions=tuple(((columns + 0.5) / len(best) / filled).tolist()),
        )


def _prepare(crop: Any) -> tuple[Any, float]:
    """Scale to the network's height and pad to one of few widths; also how much of the width is filled."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    height, width = crop.shape[:2]
    columns = min(LONGEST, max(8, -(-HEIGHT * width // height)))
    padded = -(-columns // WIDTH_STEP) * WIDTH_STEP
    prepared = np.zeros((1, 3, HEIGHT, padded), dtype=np.float32)
    method = cv2.INTER_AREA if height > 2 * HEIGHT else cv2.INTER_LINEAR
    resized = cv2.resize(crop, (columns, HEIGHT), interpolation=method)
    prepared[0, :, :, :columns] = resized.transpose(2, 0, 1) * np.float32(2 / 255) - 1
    return prepared, columns / padded
