"""`make score-starter`: what the shipped model makes of combinations it never saw, measured from the pixels.

The prompts are drawn from the held-out combinations by a fixed seed, the noise of each by its number: nothing is
picked, nothing repeated. The clips are judged by `judge`, which is first checked on renders it never saw.
"""

import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline
from PIL import Image, ImageDraw, ImageFont

from generation.starter import judge, world
from generation.starter.captions import caption
from generation.starter.recipe import Crew
from generation.starter.world import Scene

HERE = Path(__file__).resolve().parent
MODEL = HERE / "model"
DOCS = HERE.parents[1] / "docs"
CARD, SHEET = DOCS / "starter-model.md", DOCS / "starter-samples.jpg"
BEGIN, END = "<!-- scores begin -->", "<!-- scores end -->"
TARGETS = {"place": 0.95, "colour": 0.90, "motion": 0.90, "subject": 0.80}
STEPS, GUIDANCE = 16, 4.0  # what the catalogue offers
UNSEEN_RENDERS = 500


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson (1927)."""
    z = 1.959964
    share, spread = right / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    reach = z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return middle - reach, middle + reach


def held_out(count: int, varied: bool) -> list[tuple[Scene, str]]:
    """`count` held-out scenes and a wording for each: at plain day, or at any time, in any weather, with any camera."""
    rng = random.Random("score varied" if varied else "score")
    scenes = rng.sample(world.all_scenes(held_out=True), count)
    if varied:
        others = [world.random_scene(rng) for _ in scenes]
        scenes = [Scene(*s.combination, o.time, o.weather, o.camera) for s, o in zip(scenes, others, strict=True)]
    return [(scene, caption(scene, rng, forget=False)) for scene in scenes]


class Renderer:
    """The shipped model, loaded as any other, one copy a thread."""

    def __init__(self, folder: Path = MODEL, steps: int = STEPS, guidance: float = GUIDANCE) -> None:
        self.steps, self.guidance = steps, guidance
        self.crew = Crew(torch.device("cpu"))
        self.pipelines = []
        for _ in range(self.crew.size):
            pipeline = DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
            pipeline.set_progress_bar_config(disable=True)
            self.pipelines.append(pipeline)

    def render(self, prompts: list[str], first_seed: int) -> list[np.ndarray]:
        """One clip, uint8 (17, 64, 112, 3), for every prompt; the n-th from the seed `first_seed` + n."""
        shares = [range(number, len(prompts), self.crew.size) for number in range(self.crew.size)]
        clips: dict[int, np.ndarray] = {}

        def work(job: tuple[DiffusionPipeline, range]) -> None:
            pipeline, numbers = job
            for number in numbers:
                frames = pipeline(
                    prompt=prompts[number],
                    height=world.HEIGHT,
                    width=world.WIDTH,
                    num_frames=world.FRAMES,
                    num_inference_steps=self.steps,
                    guidance_scale=self.guidance,
                    generator=torch.Generator("cpu").manual_seed(first_seed + number),
                    output_type="np",
                ).frames[0]
                clips[number] = (frames.clip(0, 1) * 255).round().astype(np.uint8)

        self.crew.map(work, zip(self.pipelines, shares, strict=True))
        return [clips[number] for number in range(len(prompts))]


def count_right(eye: judge.Judge, clips: list[np.ndarray], scenes: list[Scene]) -> dict[str, int]:
    """In how many clips each attribute is the scene's, and in how many all of them are."""
    said = judge.verdicts(eye, np.stack([judge.glance(clip) for clip in clips]))
    right = {group: [word == getattr(s, group) for word, s in zip(said[group], scenes, strict=True)] for group in said}
    every = sum(map(all, zip(*right.values(), strict=True)))
    return {group: sum(hits) for group, hits in right.items()} | {"all four": every}


def sheet(clips: list[np.ndarray], prompts: list[str], columns: int = 3) -> Image.Image:
    """Clips as strips of first, middle and last frame, twice as large, each under its prompt."""
    tall, wide, head = 2 * world.HEIGHT, 3 * world.WIDTH, 30
    rows = math.ceil(len(clips) / columns)
    page = Image.new("RGB", (columns * (wide + 8) + 8, rows * (tall // 2 + head + 8) + 8), (17, 16, 19))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    for number, (clip, prompt) in enumerate(zip(clips, prompts, strict=True)):
        x, y = 8 + number % columns * (wide + 8), 8 + number // columns * (tall // 2 + head + 8)
        words, line, lines = prompt.split(), "", []
        for word in words:
            if font.getlength(f"{line} {word}") > wide:
                lines, line = [*lines, line], ""
            line = f"{line} {word}".strip()
        draw.multiline_text((x, y), "\n".join([*lines, line]), (214, 208, 200), font, spacing=2)
        page.paste(Image.fromarray(np.concatenate([clip[i] for i in (0, 8, 16)], axis=1)), (x, y + head))
    return page


def table(rows: dict[str, tuple[dict[str, int], int]]) -> str:
    """Markdown: one line an attribute, one column a row of results, each a share with its interval."""
    lines = ["| | " + " | ".join(rows) + " | target |", "|---|" + "---|" * (len(rows) + 1)]
    for group in (*judge.GROUPS, "all four"):
        cells = []
        for right, count in rows.values():
            low, high = wilson(right[group], count)
            cells.append(f"{right[group] / count:.1%} ({low:.1%} to {high:.1%})")
        target = f"{TARGETS[group]:.0%}" if group in TARGETS else ""
        lines.append(f"| {group} | " + " | ".join(cells) + f" | {target} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300, help="combinations at plain day (default %(default)s)")
    parser.add_argument("--varied", type=int, default=100, help="and under any conditions (default %(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, help="denoising steps (default %(default)s)")
    parser.add_argument("--guidance", type=float, default=GUIDANCE, help="guidance scale (default %(default)s)")
    parser.add_argument("--folder", type=Path, default=MODEL, help="the model (default %(default)s)")
    parser.add_argument("--dry", action="store_true", help="leave the model card and the sheet as they are")
    wish = parser.parse_args()

    torch.set_flush_denormal(True)
    began = time.monotonic()
    eye = judge.load()
    glances, _, seen = judge.renders("unseen", UNSEEN_RENDERS)
    said = judge.verdicts(eye, glances)
    checked = {g: sum(w == getattr(s, g) for w, s in zip(said[g], seen, strict=True)) for g in judge.GROUPS}
    checked["all four"] = sum(
        all(said[g][i] == getattr(scene, g) for g in judge.GROUPS) for i, scene in enumerate(seen)
    )
    renderer = Renderer(wish.folder, wish.steps, wish.guidance)
    rows: dict[str, tuple[dict[str, int], int]] = {}
    for name, count, varied in (("plain day", wish.count, False), ("any time, weather, camera", wish.varied, True)):
        if not count:
            continue
        scenes, prompts = zip(*held_out(count, varied), strict=True)
        clips = renderer.render(list(prompts), first_seed=10_000 if varied else 0)
        rows[f"{count} held-out, {name}"] = (count_right(eye, clips, list(scenes)), count)
        if not varied and not wish.dry:
            sheet(clips[:36], list(prompts[:36])).save(SHEET, quality=88, optimize=True)
    rows[f"the judge itself, on {UNSEEN_RENDERS} unseen renders"] = (checked, UNSEEN_RENDERS)
    report = table(rows)
    made = f"{wish.steps} steps, guidance {wish.guidance:g}"
    print(f"{report}\n\n{made}; {(time.monotonic() - began) / 60:.1f} minutes")
    if not wish.dry:
        before, rest = CARD.read_text().split(BEGIN)
        CARD.write_text(f"{before}{BEGIN}\n{report}\n\nMeasured with {made}.\n{END}{rest.split(END)[1]}")
    main_row = rows[f"{wish.count} held-out, plain day"][0]
    missed = [group for group, target in TARGETS.items() if main_row[group] / wish.count < target]
    if missed:
        raise SystemExit(f"Below target: {', '.join(missed)}.")


if __name__ == "__main__":
    main()
