"""The engine: one diffusers pipeline at a time, kept warm, asked through the signature that pipelines share.

Only processes that render import this: torch and diffusers take seconds and hundreds of megabytes.
"""

import contextlib
import gc
import inspect
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import transformers
from diffusers import DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image

from generation import catalogue, codec
from generation.catalogue import CatalogueEntry, Spec
from generation.errors import ModelBroken, ModelMissing, OutOfMemory, RenderFailed, SpecRefused

log = logging.getLogger(__name__)
diffusers_logging.disable_progress_bar()
transformers.utils.logging.disable_progress_bar()

PREVIEW_EVERY = 0.7  # seconds between previews, at least
PREVIEW_SHARE = 0.01  # of the render's time that previews may take, its first one too once one was measured

# Told how many steps are done, with a small JPEG now and then. What it raises ends the render.
OnStep = Callable[[int, bytes | None], None]


def pick_device(wish: str) -> str:
    """`auto` is the first GPU, else the CPU."""
    return ("cuda" if torch.cuda.is_available() else "cpu") if wish == "auto" else wish


class Engine:
    """Holds at most one pipeline. Not for several threads."""

    def __init__(self, device: str = "auto") -> None:
        if settings.TORCH_THREADS:
            torch.set_num_threads(settings.TORCH_THREADS)
        self.device = pick_device(device)
        self.warm: CatalogueEntry | None = None
        self._pipeline: Any = None
        self._previews, self._preview_cost = True, 0.0  # seconds that the last preview of the warm model took

    def load(self, entry: CatalogueEntry) -> None:
        """Have this model warm; another one is let go first. Raises ModelMissing, ModelBroken or OutOfMemory."""
        if entry == self.warm:
            return
        self.unload()
        if not catalogue.available(entry):
            raise ModelMissing(
                f"{entry.title} has no model folder at {entry.source}: model_index.json is not there. "
                "An operator must put the model there or correct the catalogue."
            )
        began = time.monotonic()
        with _named_failures(), _broken_unless_loaded(entry):
            # The precision is given to from_pretrained, which knows what must stay float32; .to(dtype) does not.
            self._pipeline = DiffusionPipeline.from_pretrained(
                entry.hub_id or str(entry.folder),
                dtype=getattr(torch, entry.precision),
                use_safetensors=True,  # other weights are pickles, and a pickle is a program
                **({"revision": entry.revision} if entry.hub_id else {}),
            ).to(self.device)
        self._pipeline.set_progress_bar_config(disable=True)
        self.warm, self._previews, self._preview_cost = entry, True, 0.0
        log.info("%s is warm on %s after %.1f s.", entry.id, self.device, time.monotonic() - began)

    def unload(self) -> None:
        self.warm = self._pipeline = None
        gc.collect()
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()

    def render(self, entry: CatalogueEntry, spec: Spec, on_step: OnStep) -> np.ndarray:
        """The frames of one spec: uint8 RGB, shaped (frames, height, width, 3). The same spec gives the same frames.

        Raises RenderFailed of some kind, and whatever `on_step` raises.
        """
        self.load(entry)
        known = inspect.signature(self._pipeline.__call__).parameters
        begun = False

        def count(step: int, preview: bytes | None) -> None:
            nonlocal begun
            begun = True
            on_step(step, preview)

        arguments = {name: value for name, value in self._arguments(spec, count).items() if name in known}
        try:
            with _named_failures(), torch.inference_mode():
                return _frames(self._pipeline(**arguments))
        except (TypeError, ValueError) as error:
            if begun:
                raise
            raise ModelBroken(
                f"{entry.title} refuses what its catalogue entry offers ({_short(error)}). "
                "An operator must correct the entry."
            ) from error

    def _arguments(self, spec: Spec, on_step: OnStep) -> dict[str, Any]:
        """Everything a spec says, by the names pipelines use; each pipeline gets those it knows."""
        arguments = {
            "prompt": spec.prompt,
            "width": spec.width,
            "height": spec.height,
            "num_frames": spec.frames,
            "num_inference_steps": spec.steps,
            "guidance_scale": spec.guidance,
            # On the CPU whatever the device, so that a seed means the same picture on every machine.
            "generator": torch.Generator("cpu").manual_seed(spec.seed),
            "output_type": "np",
            "callback_on_step_end": self._step_callback(on_step),
            "callback_on_step_end_tensor_inputs": ["latents"],
        }
        return arguments | ({"image": _reference(spec, spec.reference)} if spec.reference else {})

    def _step_callback(self, on_step: OnStep) -> Callable[..., dict[str, Any]]:
        shown_at = time.monotonic()

        def after_step(pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            nonlocal shown_at
            picture, began = None, time.monotonic()
            pause = max(PREVIEW_EVERY, self._preview_cost / PREVIEW_SHARE)
            if self._previews and began - shown_at >= pause:
                picture = self._preview(tensors.get("latents"))
                shown_at = time.monotonic()
                self._preview_cost = shown_at - began
            on_step(index + 1, picture)
            return tensors

        return after_step

    def _preview(self, latents: Any) -> bytes | None:
        """The first frame as the latents stand. A pipeline whose latents are of another make shows none."""
        try:
            vae, config = self._pipeline.vae, self._pipeline.vae.config
            first = latents[:1, :, :1] if latents.ndim == 5 else latents[:1]
            first = first.to(vae.dtype)
            if getattr(config, "latents_mean", None) and getattr(config, "latents_std", None):
                shape = (1, -1) + (1,) * (first.ndim - 2)
                mean, std = (torch.tensor(v).view(shape).to(first) for v in (config.latents_mean, config.latents_std))
                first = first * std + mean
            else:
                first = first / config.scaling_factor + (getattr(config, "shift_factor", None) or 0.0)
            decoded = vae.decode(first, return_dict=False)[0][0].float()
            image = decoded[:, 0] if decoded.ndim == 4 else decoded
            pixels = ((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
            return codec.preview(pixels)
        except Exception as error:
            self._previews = False
            log.info("%s shows no previews: %s: %s", self.warm and self.warm.id, type(error).__name__, error)
            return None


def _frames(output: Any) -> np.ndarray:
    """The one clip in a pipeline's output, whether it calls it frames or images."""
    found = np.asarray(output.frames[0] if hasattr(output, "frames") else output.images[:1])
    if not np.isfinite(found).all():
        raise RenderFailed("The model's arithmetic overflowed: the picture is not a picture. Try another seed.")
    return (found.clip(0, 1) * 255).round().astype(np.uint8)


def _reference(spec: Spec, name: str) -> Image.Image:
    try:
        with default_storage.open(name) as file:
            return Image.open(file).convert("RGB").resize((spec.width, spec.height), Image.Resampling.LANCZOS)
    except OSError as error:
        raise SpecRefused("The reference picture is no longer there. Choose it again.") from error


@contextlib.contextmanager
def _named_failures() -> Iterator[None]:
    """Tell apart what a machine lacks and what a pipeline refuses from what nobody foresaw."""
    try:
        yield
    except (MemoryError, torch.cuda.OutOfMemoryError) as error:
        raise OutOfMemory("This machine has too little memory for this model at this size.") from error


@contextlib.contextmanager
def _broken_unless_loaded(entry: CatalogueEntry) -> Iterator[None]:
    """A folder that cannot be loaded today cannot be tomorrow: whatever the reason, it is the model that is broken."""
    try:
        yield
    except (MemoryError, torch.cuda.OutOfMemoryError):
        raise
    except Exception as error:
        raise ModelBroken(
            f"{entry.title} at {entry.source} cannot be loaded ({type(error).__name__}: {_short(error)}). "
            "An operator must repair the model or take it out of the catalogue."
        ) from error


def _short(error: Exception) -> str:
    first = (str(error).strip().splitlines() or ["no reason given"])[0]
    return first.replace(str(settings.MODELS_ROOT), "…")[:300]
