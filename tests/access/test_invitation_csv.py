"""Inviting by list: what is read, what is said about it, and that it is sent once, as it was shown."""

import codecs
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from access.errors import InvalidInvitation
from access.invitations import actions, lists, reading
from access.invitations.reading import Unreadable
from access.letters.actions import send_due
from access.models import ImportBatch, ImportRow, Invitation, Letter, Tier
from audit.actions import Actor
from audit.models import Record
from tests.at_once import at_once
from tests.factories import make_person, make_seat, make_studio
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")
NEW = "/lab/invitations/lists/new/"


# --- From bytes to rows ----------------------------------------------------------------------------------------------


def cells(text: str) -> list[dict[str, str]]:
    return [line.cells for line in reading.lines(text)]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16 le", "utf-16 be"],
)
def test_utf_8_and_utf_16_are_read(encode):
    assert cells(reading.decode(encode("email,name\nzoe@example.com,Zoë Łuk\n"))) == [
        {"email": "zoe@example.com", "name": "Zoë Łuk"}
    ]


def test_anything_else_is_refused_with_what_to_do():
    with pytest.raises(Unreadable, match="CSV UTF-8"):
        reading.decode("email,name\nzoe@example.com,Zoë\n".encode("cp1252"))
    with pytest.raises(Unreadable, match="CSV UTF-8"):
        reading.lines("email\n\x00\x00")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_commas_semicolons_and_tabs_separate(separator, end):
    rows = [["Name", " EMAIL ", "days"], ['"Zoë, ""Z""; Luk"', "zoe@example.com", "3"], ["", "wen@example.com", ""]]
    text = end.join(separator.join(row) for row in rows) + end
    assert cells(text) == [
        {"name": 'Zoë, "Z"; Luk', "email": "zoe@example.com", "days": "3"},
        {"name": "", "email": "wen@example.com", "days": ""},
    ]


def test_a_single_column_is_a_list_too():
    assert cells("email\nzoe@example.com\nwen@example.com") == [
        {"email": "zoe@example.com"},
        {"email": "wen@example.com"},
    ]


def test_lines_are_numbered_as_in_the_file():
    text = '\nemail,name\n\nzoe@example.com,"Zoë\nLuk"\n,,\nwen@example.com,Wen\n'
    assert [(line.number, line.cells["name"]) for line in reading.lines(text)] == [(4, "Zoë Luk"), (7, "Wen")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("email,name\n", "nobody below"),
        ("name\nZoë", "no column “email”"),
        ("email,colour\na@example.com,red", "“colour” is none of"),
        ("email,Email\na@example.com,b", "a column twice"),
        ('email,name\na@example.com,"Zoë', "Line 2 cannot be taken apart"),
        ("email\n" + "a@example.com\n" * 2001, "at most 2,000 rows, and this one has 2,001"),
        ("email\n" + "x" * (1024 * 1024), "at most 1 MB"),
    ],
)
def test_what_cannot_be_read_is_said(text, words):
    with pytest.raises(Unreadable, match=words):
        reading.lines(text)


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text):
    try:
        found = reading.lines("email,name\n" + text)
    except Unreadable:
        return
    assert found
    assert all(set(line.cells) <= {"email", "name"} for line in found)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    with suppress(Unreadable):
        assert reading.lines(reading.decode(data))


# --- What is wrong, line by line -------------------------------------------------------------------------------------


def read(text: str, **details) -> ImportBatch:
    return lists.read(lines=reading.lines(text), by=make_person("Priya"), **details)


def problems(text: str) -> dict[int, str]:
    return {row.line: " ".join(row.problems) for row in read(text).rows.order_by("line") if row.problems}


def test_everything_wrong_is_said_at_once_with_its_line(db):
    lantern = make_studio("Lantern Pictures")
    make_seat(studio=lantern, person=make_person(email="Here@example.com"))
    actions.invite(
        email="waiting@example.com", studio=lantern, tier=Tier.objects.get(slug="lab"), role="artist", actor=HOUSE
    )
    make_studio("Twins")
    make_studio("Twins")
    found = problems(
        f"""email,name,studio,tier,role,days
nobody,,{lantern.slug},,,
zoe@example.com,,{lantern.slug},,,
ZOE@example.com,,{lantern.slug},,,
here@EXAMPLE.com,,lantern pictures,,,
Waiting@example.com,,{lantern.slug},,,
a@example.com,,{lantern.slug},best,king,91
b@example.com,,Nowhere,,artist,x
c@example.com,,Twins,,,
d@example.com,,Same,,,
e@example.com,,SAME,,,
,{"x" * 121},,,,
f@example.com,,,,,,more
"""
    )
    assert set(found) == {2, 4, 5, 6, 7, 8, 9, 11, 12, 13}
    assert "“nobody” is no e-mail address" in found[2]
    assert "stands in line 3" in found[4]
    assert "They have a seat at Lantern Pictures already" in found[5]
    assert "They are invited already" in found[6]
    for words in (
        "no tier “best”; use one of first-ten, lab, studio",
        "“king” is no role",
        "“91” is no number of days",
    ):
        assert words in found[7]
    assert "There is no studio “Nowhere”, and whoever founds one owns it" in found[8]
    assert "“x” is no number of days" in found[8]
    assert "More than one studio is called “Twins”" in found[9]
    assert "Line 10 founds “SAME” already" in found[11]
    assert "It has no address" in found[12]
    assert "more than 120 characters" in found[12]
    assert "more cells" in found[13]


def test_what_is_left_empty_means_the_usual(db):
    lantern = make_studio("Lantern Pictures")
    rows = list(
        read(f"email,studio,tier\na@example.com,{lantern.slug},\nb@example.com,New,STUDIO\nc@example.com,,")
        .rows.order_by("line")
        .values_list("studio", "studio_name", "role", "tier__slug", "days", "is_good")
    )
    assert rows == [
        (lantern.pk, "", "artist", "first-ten", 14, True),
        (None, "New", "owner", "studio", 14, True),
        (None, "", "owner", "first-ten", 14, True),
    ]


def test_reading_writes_no_invitation_and_no_letter(db):
    read("email\na@example.com\n")
    assert not Invitation.objects.exists()
    assert not Letter.objects.exists()


def test_a_long_list_is_read_with_few_queries(db, django_assert_max_num_queries):
    person = make_person()
    rows = reading.lines("email,studio\n" + "".join(f"a{n}@example.com,Studio number {n}\n" for n in range(2000)))
    with django_assert_max_num_queries(40):  # SQLite takes eighty rows at a time
        batch = lists.read(lines=rows, by=person)
    assert batch.rows.filter(is_good=True).count() == 2000


# --- Sending ---------------------------------------------------------------------------------------------------------


def test_what_was_shown_is_sent_once(db):
    batch = read("email,name\na@example.com,Ada\nb@example.com,\n", note="Come and see.")
    for _ in range(2):
        sent = lists.send(batch=batch, actor=HOUSE)
        lists.send_some(sent)
    assert Record.objects.filter(action="invitations.list_sent").count() == 1
    assert Invitation.objects.count() == 2
    assert ImportBatch.objects.get().done_at
    send_due()
    assert sorted(one.to[0] for one in mail.outbox) == ["a@example.com", "b@example.com"]
    assert all("Come and see." in one.body for one in mail.outbox)


def test_bad_rows_hold_up_the_good_ones_until_somebody_says_otherwise(db):
    batch = read("email\na@example.com\nnobody\n")
    with pytest.raises(InvalidInvitation, match="Say that you want the others"):
        lists.send(batch=batch, actor=HOUSE)
    lists.send_some(lists.send(batch=batch, actor=HOUSE, although_some_are_bad=True))
    assert Invitation.objects.get().email == "a@example.com"


def test_a_list_with_nothing_good_is_not_sent_and_an_old_one_neither(db):
    with pytest.raises(InvalidInvitation, match="No row"):
        lists.send(batch=read("email\nnobody\n"), actor=HOUSE, although_some_are_bad=True)
    old = read("email\na@example.com\n")
    ImportBatch.objects.update(made_at=timezone.now() - timedelta(days=2))
    with pytest.raises(InvalidInvitation, match="more than a day ago"):
        lists.send(batch=old, actor=HOUSE)


def test_what_changed_meanwhile_is_said_at_its_row(db):
    lantern = make_studio("Lantern Pictures")
    batch = read(f"email,studio\na@example.com,{lantern.slug}\nb@example.com,{lantern.slug}\nc@example.com,\n")
    make_seat(studio=lantern, person=make_person(email="a@example.com"))
    tier = Tier.objects.get(slug="lab")
    actions.invite(email="b@example.com", studio=lantern, tier=tier, role="artist", actor=HOUSE)
    lists.send_some(lists.send(batch=batch, actor=HOUSE))
    failed = dict(ImportRow.objects.exclude(failed="").values_list("email", "failed"))
    assert "already has a seat" in failed["a@example.com"]
    assert "invited meanwhile" in failed["b@example.com"]
    assert Invitation.objects.filter(email="c@example.com").exists()
    assert ImportBatch.objects.get().done_at


def test_the_clock_sends_what_the_page_did_not(db):
    batch = read("email\n" + "".join(f"a{n}@example.com\n" for n in range(7)))
    sent = lists.send(batch=batch, actor=HOUSE)
    assert lists.send_some(sent, most=3) == 3
    assert ImportBatch.objects.get().done_at is None
    assert [lists.send_due(), lists.send_due()] == [4, 0]
    assert Invitation.objects.count() == Letter.objects.count() == 7


def test_lists_are_forgotten_and_invitations_stay(db):
    read("email\nnever@example.com\n")
    sent = read("email\na@example.com\n")
    lists.send_some(lists.send(batch=sent, actor=HOUSE))
    assert lists.forget() == 0
    now = timezone.now()
    ImportBatch.objects.update(made_at=now - timedelta(days=40))
    ImportBatch.objects.filter(done_at__isnull=False).update(done_at=now - timedelta(days=31))
    assert lists.forget() == 2
    assert not ImportRow.objects.exists()
    assert Invitation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_list_that_is_sent_by_many_at_once_invites_everybody_once():
    batch = read("email\n" + "".join(f"a{n}@example.com\n" for n in range(6)))

    def send() -> None:
        lists.send_some(lists.send(batch=batch, actor=HOUSE))

    assert at_once(*(send for _ in range(4))) == [None] * 4
    assert Invitation.objects.count() == Letter.objects.count() == 6
    assert not ImportRow.objects.exclude(failed="").exists()


# --- The pages -------------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(people, sign_in):
    return sign_in(people.access_lead)


def test_a_file_is_read_shown_and_sent(lead):
    upload = SimpleUploadedFile("people.csv", codecs.BOM_UTF8 + b"email;name\na@example.com;Ada\nnobody;\n")
    page = lead.post(NEW, {"file": upload}, follow=True)
    where = page.redirect_chain[-1][0]
    text = page.content.decode()
    assert not inline_things(text)
    assert "“nobody” is no e-mail address" in text
    assert "Ada" in lead.get(f"{where}?show=good").content.decode()
    assert not Invitation.objects.exists()
    assert "Say that you want the others" in lead.post(f"{where}send/", follow=True).content.decode()
    for _ in range(2):
        page = lead.post(f"{where}send/", {"although_some_are_bad": "yes"}, follow=True)
    assert not inline_things(page.content.decode())
    assert '1</span> of <span class="mono">1</span> is invited' in page.content.decode()
    assert Invitation.objects.get().email == "a@example.com"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose a file, or paste the rows."),
        ({"text": "name\nZoë"}, "no column"),
        ({"file": SimpleUploadedFile("a.csv", "email,name\na@example.com,Zoë".encode("cp1252"))}, "CSV UTF-8"),
        ({"file": SimpleUploadedFile("a.csv", b"x" * (1024 * 1024 + 1))}, "at most 1 MB"),
        ({"file": SimpleUploadedFile("a.csv", b"")}, "list is empty"),
        ({"file": SimpleUploadedFile("a.csv", b"email"), "text": "email"}, "one of the two"),
    ],
)
def test_a_list_that_cannot_be_read_is_said_on_the_page(lead, form, words):
    answer = lead.post(NEW, form)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_a_long_list_is_shown_in_pages_with_few_queries(lead, people, django_assert_max_num_queries):
    batch = lists.read(
        lines=reading.lines("email\n" + "".join(f"a{n}@example.com\n" for n in range(250))), by=people.access_lead
    )
    where = f"/lab/invitations/lists/{batch.pk}/"
    lead.get(where)
    with django_assert_max_num_queries(11):
        page = lead.get(where)
    assert len(page.context["found"].rows) == 100
    rest = lead.get(f"{where}?show=good&after={page.context['found'].next}")
    assert [row.line for row in rest.context["found"].rows][:2] == [102, 103]
