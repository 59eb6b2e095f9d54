"""`make train-starter`: the starter model from nothing. Resumes where it stopped; uses a GPU if there is one.

First the VAE, then the transformer with its text encoder on the VAE's latents, then the folder `model/`, an ordinary
diffusers pipeline. Checkpoints and latents lie in var/starter. While it runs, the same with `--minutes 0` exports what
the last checkpoint knows. `--start-from` teaches a model further instead of from nothing.
"""

import argparse
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanPipeline

from generation.starter import language, transformer_training, vae_training
from generation.starter.latents import LatentStore
from generation.starter.recipe import Budget, Crew, pick_device

HERE = Path(__file__).resolve().parent
MODEL = HERE / "model"
WORKSHOP = HERE.parents[1] / "var" / "starter"
LIMIT = 28_000_000  # bytes the whole folder may weigh


def export(painter: transformer_training.Painter, vae: AutoencoderKLWan, store: LatentStore, folder: Path) -> None:
    """Write the pipeline folder, weights in float16, replacing the one before only when it is whole."""
    mean, deviation = store.statistics()
    vae.register_to_config(latents_mean=mean, latents_std=deviation)
    pipeline = WanPipeline(
        tokenizer=language.tokenizer(),
        text_encoder=painter.reader,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=transformer_training.SHIFT),
        transformer=painter.transformer,
    )
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    pipeline.to("cpu", dtype=torch.float16).save_pretrained(partial)
    weight = sum(file.stat().st_size for file in partial.rglob("*") if file.is_file())
    if weight > LIMIT:
        raise SystemExit(f"The model weighs {weight / 1e6:.1f} MB, more than the {LIMIT / 1e6:.0f} MB it may.")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    print(f"{folder}: {weight / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vae-minutes", type=float, default=44, help="time for the VAE (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=71, help="time for the transformer (default %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, … (default %(default)s)")
    parser.add_argument(
        "--clips", type=int, default=12_000, help="clips kept encoded, 20 kB each (default %(default)s)"
    )
    parser.add_argument("--size", type=int, default=32, help="clips in a training step (default %(default)s)")
    parser.add_argument("--folder", type=Path, default=MODEL, help="where the model goes (default %(default)s)")
    parser.add_argument("--workshop", type=Path, default=WORKSHOP, help="checkpoints and latents (default %(default)s)")
    parser.add_argument("--start-from", type=Path, help="a model's folder to teach further; say it again to resume")
    wish = parser.parse_args()

    torch.set_flush_denormal(True)
    device = pick_device(wish.device)
    crew = Crew(device)
    start = WanPipeline.from_pretrained(wish.start_from, torch_dtype=torch.float32) if wish.start_from else None
    vae = vae_training.train(
        wish.workshop / "vae.pt", Budget(wish.vae_minutes), device, crew, start=start.vae if start else None
    )
    store = LatentStore(wish.workshop / "latents", wish.clips)
    store.grow(vae, crew, max(0, 512 - len(store)))
    painter = transformer_training.train(
        wish.workshop / "painter.pt", store, vae, Budget(wish.minutes), device, crew, size=wish.size, start=start
    )
    export(painter, vae, store, wish.folder)


if __name__ == "__main__":
    main()
