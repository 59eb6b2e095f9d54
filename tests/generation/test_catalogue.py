"""The catalogue: what is offered, what is refused, and in which words."""

from fractions import Fraction

import pytest

from generation import catalogue
from generation.apps import operators_catalogue_can_be_read
from generation.catalogue import FrameRule, Size, Spec
from generation.errors import InvalidCatalogue, UnknownModel
from generation.starter import vocabulary, world
from tests.generation import tiny
from tests.generation.conftest import make_spec


@pytest.fixture(autouse=True)
def only_tiny(entries):
    return entries


def fields(**changes: object) -> list[str]:
    return [problem.field for problem in catalogue.check(make_spec(**changes))]


def test_the_starter_offers_what_its_world_is_made_of():
    starter = catalogue.get("starter-1")
    assert starter.sizes == (Size(world.WIDTH, world.HEIGHT, 1),)
    assert starter.lengths == (world.FRAMES,)
    assert starter.fps == world.FPS
    assert starter.seconds(17) == Fraction(17, 8)
    assert starter.words() is vocabulary


def test_the_operators_entries_stand_beside_the_shipped_ones():
    assert set(catalogue.entries()) == {"starter-1", "tiny-video"}


def test_an_unknown_model_is_answered_with_those_there_are():
    with pytest.raises(UnknownModel, match="starter-1"):
        catalogue.get("sora")
    assert fields(model="sora") == ["model"]


def test_a_fitting_spec_has_no_problems():
    assert catalogue.check(make_spec()) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": "  \n"}, "prompt"),
        ({"prompt": "a" * 1001}, "prompt"),
        ({"width": 33}, "size"),
        ({"height": 0}, "size"),
        ({"frames": 6}, "frames"),
        ({"frames": 13}, "frames"),
        ({"steps": 0}, "steps"),
        ({"steps": 501}, "steps"),
        ({"guidance": -1.0}, "guidance"),
        ({"guidance": float("nan")}, "guidance"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"revision": "0"}, "revision"),
        ({"reference": "references/x.png"}, "reference"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_does_not_fit_is_named_by_its_field(changes, field):
    assert fields(**changes) == [field]


def test_problems_say_what_to_do():
    (problem,) = catalogue.check(make_spec(frames=6))
    assert problem.message == "tiny-video renders clips of 5 frames (0.625 s), 9 frames (1.12 s), not of 6 frames."


def test_a_broken_file_of_the_operators_is_reported_and_costs_only_itself(entries, caplog):
    (entries / "broken.toml").write_text("id = ")
    catalogue._entries.cache_clear()
    assert set(catalogue.entries()) == {"starter-1", "tiny-video"}
    assert "broken.toml describes no model" in caplog.text
    (error,) = operators_catalogue_can_be_read()
    assert error.id == "generation.E001"


def test_a_spec_survives_json():
    spec = make_spec(reference=None)
    assert Spec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(("frames", "ok"), [(1, True), (5, True), (17, True), (16, False), (0, False), (-3, False)])
def test_a_frame_rule(frames, ok):
    assert FrameRule(multiple=4, offset=1).ok(frames) is ok


def test_a_size_is_labelled_for_people():
    assert Size(112, 64, 1).label == "7:4 · 112×64"


def test_a_model_is_available_when_its_folder_is_there(entries, tmp_path):
    entry = catalogue.get("tiny-video")
    assert not catalogue.available(entry)
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere" / "model_index.json").write_text("{}")
    assert catalogue.available(entry)


def test_a_model_on_the_hub_is_taken_at_its_word(tmp_path):
    tiny.write_entry(tmp_path, "far", "hub:house/model")
    entry = catalogue.read(tmp_path / "far.toml")
    assert (entry.hub_id, entry.folder, catalogue.available(entry)) == ("house/model", None, True)


def test_a_relative_source_lies_under_models_root(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path
    assert catalogue.get("starter-1").folder == tmp_path / "generation/starter/model"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": '"film"'}, "video"),
        ({"fps": '"0"'}, "fps"),
        ({"lengths": "[6]"}, "frame_rule"),
        ({"lengths": "[]"}, "at least one"),
        ({"sizes": "[{ width = 0, height = 1, rate = 1 }]"}, "positive"),
        ({"sizes": "[{ width = 8, height = 8 }]"}, "rate"),
        ({"steps": "501"}, "max_steps"),
        ({"colour": '"red"'}, "unknown field colour"),
        ({"precision": '"int4"'}, "precision"),
        ({"frame_rule": "7 ="}, ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_catalogue_file_that_cannot_be_is_refused_with_its_name(tmp_path, changes, says):
    tiny.write_entry(tmp_path, "odd", "x", **changes)
    with pytest.raises(InvalidCatalogue, match=r"odd\.toml describes no model") as refused:
        catalogue.read(tmp_path / "odd.toml")
    assert says in str(refused.value)
