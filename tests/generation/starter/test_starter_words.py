"""What the starter model reads: captions say what the scene is, strange words are named, plurals are read."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.starter import language, vocabulary, world
from generation.starter.captions import caption

GROUPS = ("subject", "colour", "place", "motion", "time", "weather", "camera")


@given(st.integers())
def test_a_full_caption_says_exactly_the_scene(seed: int) -> None:
    rng = random.Random(seed)
    scene = world.random_scene(rng)
    said = vocabulary.parse(caption(scene, rng, forget=False))
    assert said == {group: getattr(scene, group) for group in GROUPS}


@given(st.integers())
def test_a_forgetful_caption_says_nothing_false(seed: int) -> None:
    rng = random.Random(seed)
    scene = world.random_scene(rng)
    for group, name in vocabulary.parse(caption(scene, rng)).items():
        assert getattr(scene, group) == name


@given(st.integers())
def test_every_caption_is_made_of_known_words_and_fits_with_a_place_to_spare(seed: int) -> None:
    rng = random.Random(seed)
    text = caption(world.random_scene(rng), rng, forget=False)
    assert vocabulary.unknown_words(text) == []
    # A strange word may be put in, a full stop for the end is added, and the last place must stay padding.
    assert len(vocabulary.words(text)) + 2 < language.MAX_WORDS


def test_strange_words_are_named_in_order_and_once() -> None:
    assert vocabulary.unknown_words("A dragon, a red DRAGON rises over Paris!") == ["dragon", "paris"]


@pytest.mark.parametrize(
    ("many", "one"),
    [("balloons", "balloon"), ("butterflies", "butterfly"), ("fishes", "fish"), ("cities", "city"), ("kites", "kite")],
)
def test_plurals_are_read_as_singulars(many: str, one: str) -> None:
    assert vocabulary.unknown_words(many) == []
    read = language.tokenizer()
    assert read(many).input_ids == read(one).input_ids
    assert vocabulary.parse(many) == vocabulary.parse(one)


def test_the_tokenizer_gives_one_known_id_a_word_and_an_end() -> None:
    read = language.tokenizer()
    tokens = read("A RED balloon -- rises, over the sea!").input_ids
    assert len(tokens) == 7 + 1
    assert tokens[-1] == read.eos_token_id
    assert read.unk_token_id not in tokens
    assert len(set(tokens)) == len(tokens)


def test_a_word_never_taught_becomes_unknown() -> None:
    read = language.tokenizer()
    assert read("a dragon").input_ids[1] == read.unk_token_id


def test_every_word_of_the_vocabulary_has_its_own_id() -> None:
    read = language.tokenizer()
    ids = [read(word).input_ids[0] for word in vocabulary.VOCABULARY]
    assert len(set(ids)) == len(vocabulary.VOCABULARY)
    assert read.unk_token_id not in ids


def test_asking_for_strange_words_does_not_load_torch() -> None:
    program = (
        "import sys, generation.starter.vocabulary as v; v.unknown_words('a red cat'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
