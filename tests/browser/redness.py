"""Where something red is in a clip: the plainest measure there is, independent of every model."""

from typing import IO

import av
import numpy as np


def frames_of(clip: str | IO[bytes]) -> np.ndarray:
    """The decoded frames, uint8 (frames, height, width, 3)."""
    with av.open(clip) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def heights_of_red(frames: np.ndarray) -> list[float]:
    """For each frame how high the red stands, 0 the bottom and 1 the top; nan where too little of it is red."""
    colours = frames.astype(int)
    red = (colours[..., 0] > colours[..., 1] + 50) & (colours[..., 0] > colours[..., 2] + 50)
    rows = 1 - (np.arange(frames.shape[1]) + 0.5) / frames.shape[1]
    enough = 0.002 * red[0].size
    return [float((mask.sum(1) * rows).sum() / mask.sum()) if mask.sum() > enough else float("nan") for mask in red]
