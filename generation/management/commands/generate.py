"""`manage.py generate "words"`: render one clip here and now, without queue or database."""

import random
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from generation import catalogue
from generation.catalogue import SEEDS, Spec
from generation.errors import RenderFailed, UnknownModel


class Command(BaseCommand):
    help = "Render one clip from the command line. The last line printed is the clip's path."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("words", help="what is to be seen")
        parser.add_argument("--output", type=Path, help="where the clip goes (default: clip.mp4; images: clip.png)")
        parser.add_argument("--model", help="a catalogue id (default: the first)")
        parser.add_argument("--seed", type=int, help="the same seed gives the same clip (default: a new one)")
        parser.add_argument("--size", help="WIDTHxHEIGHT as the model renders it (default: the model's first)")
        parser.add_argument("--frames", type=int, help="length in frames (default: the model's first)")
        parser.add_argument("--steps", type=int, help="denoising steps (default: the model's)")
        parser.add_argument("--device", default=settings.DEVICE, help="auto, cpu, cuda, … (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        spec = _spec(options)
        if problems := catalogue.check(spec):
            raise CommandError("\n".join(problem.message for problem in problems))

        from generation import codec
        from generation.engine import Engine

        entry = catalogue.get(spec.model)
        engine = Engine(options["device"])
        try:
            engine.load(entry)
            with tqdm(total=spec.steps, desc=entry.title, unit="step") as bar:
                frames = engine.render(entry, spec, lambda step, preview: bar.update(step - bar.n))
        except RenderFailed as failure:
            raise CommandError(str(failure)) from failure
        made = codec.encode(frames, fps=entry.fps, scale=entry.deliver_scale)[0]
        path = (options["output"] or Path(made.name)).resolve()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made.data)
        except OSError as error:
            raise CommandError(f"The clip could not be written: {error}. Choose another --output.") from error
        self.stdout.write(f"seed {spec.seed} · {made.width}x{made.height} · {made.frames} frames")
        self.stdout.write(str(path))


def _spec(options: dict[str, Any]) -> Spec:
    """The wish, with the model's own values for what it leaves open."""
    models = catalogue.entries()
    try:
        entry = catalogue.get(options["model"] or next(iter(models)))
        width, height = map(int, options["size"].lower().split("x")) if options["size"] else (0, 0)
    except UnknownModel as error:
        raise CommandError(str(error)) from error
    except ValueError as error:
        raise CommandError(f"--size is WIDTHxHEIGHT, for example 112x64, not {options['size']}.") from error
    seed = random.randrange(SEEDS) if options["seed"] is None else options["seed"]
    return Spec(
        model=entry.id,
        revision=entry.revision,
        prompt=options["words"],
        width=width or entry.sizes[0].width,
        height=height or entry.sizes[0].height,
        frames=options["frames"] or entry.lengths[0],
        steps=entry.steps if options["steps"] is None else options["steps"],
        guidance=entry.guidance,
        seed=seed,
    )
