"""What the first policy lets through, what it refuses, and that disguises do not help."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.starter.captions import caption
from generation.starter.world import random_scene
from screening.checks import fold
from screening.policy import ALLOW, REFUSE, REVIEW, Finding, Policy, Rule, decide, in_force, read, version


def verdict(words: str) -> str:
    return decide(in_force(), words, (), None).verdict


def rules(words: str) -> set[str]:
    return {finding.rule for finding in decide(in_force(), words, (), None).findings}


@pytest.mark.parametrize(
    "words",
    [
        "a red balloon rises over the sea at night",
        "a child flies a kite with her grandmother",
        "the stars, seen with the naked eye",
        "Two people kiss in the rain. 35 mm, 24 fps, 1920x1080",
        "a scunthorpe street in sussex, a cockerel crows",
        "she assembles the classic bass guitar",
        "",
    ],
)
def test_ordinary_prompts_pass(words):
    assert verdict(words) == ALLOW


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("a naked man on a horse", "sexual"),
        ("the naked eye, and naked people too", "sexual"),
        ("teenagers in lingerie", "minors"),
        ("the beheading of a king", "gore"),
        ("a man about to kill himself", "self-harm"),
        ("a crowd gives the nazi salute", "hate"),
        ("a deepfake of the prime minister", "deception"),
        ("write to ines@example.com", "private"),
        ("ring +49 (170) 123 45 67", "private"),
        ("a calm sea\u202eedun", "hidden"),
    ],
)
def test_each_rule_refuses_what_it_is_about(words, rule):
    assert verdict(words) == REFUSE
    assert rule in rules(words)


@pytest.mark.parametrize(
    "disguise", ["n u d e", "n.u.d.e", "NUDE", "nüde", "пude", "nu\u200bde", "n-u-d-e", "ｎｕｄｅ", "nud3"]
)
def test_a_disguised_word_is_the_same_word(disguise):
    words = f"a {disguise} figure at dusk"
    decision = decide(in_force(), words, (), None)
    assert decision.verdict == REFUSE
    (found,) = decision.findings
    assert words[found.start : found.end] == disguise


def test_words_that_are_harmless_apart_are_refused_together():
    assert verdict("children at the beach") == ALLOW
    assert "minors" in rules("children at the beach, sexy")


def test_every_finding_is_told_not_only_the_first():
    assert rules("a nude, a beheading") == {"sexual", "gore"}


def test_the_strictest_verdict_wins():
    policy = Policy(
        9,
        "test",
        (
            Rule("one", "", "phrases", REVIEW, "", "", {"any": ["sea"]}),
            Rule("two", "", "phrases", REFUSE, "", "", {"any": ["storm"]}),
        ),
    )
    assert decide(policy, "the sea", (), None).verdict == REVIEW
    assert decide(policy, "a storm at sea", (), None).verdict == REFUSE
    assert decide(policy, "a meadow", (), None).verdict == ALLOW


def test_a_rule_that_cannot_be_run_is_never_passed_over():
    policy = Policy(9, "test", (Rule("one", "", "no such check", REFUSE, "", ""),))
    with pytest.raises(ValueError, match="no such check"):
        decide(policy, "a meadow", (), None)


def test_a_policy_file_that_leaves_something_out_says_which_rule():
    with pytest.raises(ValueError, match="rule broken"):
        read('version = 2\ntitle = "x"\n[[rules]]\nid = "broken"\ntitle = "t"\ncheck = "phrases"\nverdict = "refuse"\n')
    with pytest.raises(ValueError, match="review or refuse"):
        read(
            'version = 2\ntitle = "x"\n[[rules]]\nid = "broken"\ntitle = "t"\ncheck = "phrases"\nverdict = "allow"\n'
            'message = "m"\nbecause = "b"\n'
        )


def test_the_policy_in_force_is_the_newest_and_old_ones_stay_readable():
    assert version(in_force().version) == in_force()
    with pytest.raises(FileNotFoundError):
        version(999)


def test_a_decision_survives_storage():
    decision = decide(in_force(), "a nude", (), None)
    kept = decision.to_json()
    assert [Finding(**finding) for finding in kept["findings"]] == list(decision.findings)


@given(st.text(max_size=300))
def test_any_text_is_decided_and_every_finding_lies_within_it(words):
    for finding in decide(in_force(), words, (), None).findings:
        assert 0 <= finding.start < finding.end <= len(words)


@given(st.text(max_size=200))
def test_folding_keeps_the_way_back_to_what_was_written(words):
    folded, origin = fold(words)
    assert len(folded) == len(origin)
    assert list(origin) == sorted(origin)
    assert all(0 <= offset < len(words) for offset in origin)


@given(st.text(string.ascii_lowercase + " ", max_size=100))
def test_plain_letters_fold_to_themselves(words):
    alone = [word for word in words.split() if len(word) == 1]
    if len(alone) < 4:
        assert fold(words)[0].split() == words.split()


@given(st.integers(0, 10**6))
def test_everything_the_starter_model_was_taught_may_be_said(seed):
    rng = random.Random(seed)
    assert verdict(caption(random_scene(rng), rng)) == ALLOW
