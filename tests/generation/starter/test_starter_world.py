"""The world the starter model was taught: repeatable, and never a held-out combination in training."""

import hashlib
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.starter import vocabulary, world
from generation.starter.world import Scene

SCENES = st.builds(
    Scene,
    *(st.sampled_from(list(group)) for group in (vocabulary.SUBJECTS, vocabulary.COLOURS, vocabulary.PLACES)),
    st.sampled_from(list(vocabulary.MOTIONS)),
    st.sampled_from(list(vocabulary.TIMES)),
    st.sampled_from(list(vocabulary.WEATHERS)),
    st.sampled_from(list(vocabulary.CAMERAS)),
)


@settings(max_examples=15, deadline=None)
@given(SCENES, st.integers(0, 2**40))
def test_same_scene_and_seed_give_the_same_bytes(scene: Scene, seed: int) -> None:
    first, again = world.render(scene, seed), world.render(scene, seed)
    assert first[0].shape == (world.FRAMES, world.HEIGHT, world.WIDTH, 3)
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1].tobytes() == again[1].tobytes()


def test_a_render_is_the_same_in_every_release() -> None:
    clip, _ = world.render(Scene("balloon", "red", "sea", "rise", "night"), 7)
    coarse = clip[::8, ::16, ::16].astype(int) // 16
    assert hashlib.sha256(coarse.astype(np.uint8).tobytes()).hexdigest()[:16] == "1832b54bff9727e8"


def test_another_seed_gives_another_clip() -> None:
    scene = Scene("kite", "blue", "meadow", "left")
    assert world.render(scene, 1)[0].tobytes() != world.render(scene, 2)[0].tobytes()


@given(st.integers())
def test_training_never_sees_a_held_out_combination(seed: int) -> None:
    assert not world.is_held_out(world.random_scene(random.Random(seed)))


def test_held_out_and_taught_share_all_combinations_between_them() -> None:
    held, taught = world.all_scenes(held_out=True), world.all_scenes(held_out=False)
    assert not {scene.combination for scene in held} & {scene.combination for scene in taught}
    assert len(held) + len(taught) == 10 * 8 * 8 * 7
    assert len(held) >= 300


def test_every_pair_of_attributes_is_taught_many_times_over() -> None:
    taught = [scene.combination for scene in world.all_scenes(held_out=False)]
    for first in range(4):
        for second in range(first + 1, 4):
            pairs = Counter((combination[first], combination[second]) for combination in taught)
            assert len(pairs) == len({c[first] for c in taught}) * len({c[second] for c in taught})
            assert min(pairs.values()) >= 30


@pytest.mark.parametrize(
    ("motion", "axis", "sign"), [("left", 2, -1), ("right", 2, 1), ("rise", 1, -1), ("sink", 1, 1)]
)
def test_the_subject_goes_where_the_motion_says(motion: str, axis: int, sign: int) -> None:
    _, mask = world.render(Scene("star", "red", "city", motion), 3)
    centre = [np.mean(np.nonzero(mask[frame])[axis - 1]) for frame in (0, -1)]
    assert sign * (centre[1] - centre[0]) > 15


@pytest.mark.parametrize(("motion", "grows"), [("nearer", True), ("away", False)])
def test_the_subject_grows_when_it_comes_nearer(motion: str, grows: bool) -> None:
    _, mask = world.render(Scene("star", "red", "city", motion), 3)
    areas = (mask > 127).sum((1, 2))
    assert (areas[-1] > 2 * areas[0]) if grows else (areas[0] > 2 * areas[-1])
