"""Whatever a spreadsheet saved is read, or refused with a sentence; nothing of it breaks the reader."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from pharmacy import names
from pharmacy.catalogue_fields import DayField, YesNoField, article_fields, kinds, known_as, known_substances
from pharmacy.catalogue_file import MOST_BYTES, MOST_LINES, Unreadable, read_table
from pharmacy.names import substances_of
from precta.csv_export import cell, undefused

LINES = "sku,generic_name,price\nA,Amoxicillin,190\n"


@pytest.mark.parametrize(
    "data",
    [
        LINES.encode(),
        b"\xef\xbb\xbf" + LINES.encode(),
        LINES.replace("\n", "\r\n").encode(),
        LINES.replace(",", ";").encode(),
        LINES.replace(",", "\t").encode(),
        LINES.encode("utf-16"),
        ("sep=;\n" + LINES.replace(",", ";")).encode(),
        ("\n\n" + LINES + "\n,,\n").encode(),
        b'"SKU","Generic name","Price (KES)"\n"A","Amoxicillin","190"\n',
    ],
)
def test_a_list_is_read_however_it_was_saved(data):
    [row] = read_table(data).records
    assert row.cells == {"sku": "A", "generic_name": "Amoxicillin", "price": "190"}


def test_lines_are_counted_as_an_editor_counts_them():
    table = read_table(b'sku,name\n\nA,"two\nlines"\n\nB,x\n')
    assert [(row.line, row.cells["sku"]) for row in table.records] == [(3, "A"), (6, "B")]
    assert [row.line for row in read_table(b"sep=;\nsku;name\nA;x\n").records] == [3]


def test_old_windows_files_are_read_and_said_to_be():
    table = read_table("sku,name\nA,Caf\u00e9\n".encode("cp1252"))
    assert table.records[0].cells["generic_name"] == "Caf\u00e9" and "Windows-1252" in table.notes[0]


@pytest.mark.parametrize(
    ("data", "word", "status"),
    [
        (b"", "empty", 400),
        (b" \n \n", "empty", 400),
        *((data, "empty", 400) for data in (b",,,\n,,,", b";;", b'""', b"sep=;\n", b"\xef\xbb\xbf,", b"\t\n")),
        (b"sku,price\n", "nothing below", 400),
        (b"name,price\nA,1\n", "no column", 400),
        (b"sku,price,unit price\nA,1,2\n", "Two columns", 400),
        (b"PK\x03\x04 a spreadsheet", "spreadsheet", 400),
        (b"\xd0\xcf\x11\xe0 an old one", "spreadsheet", 400),
        (b"sku\x00,price\nA,1\n", "not text", 400),
        (b"\xff\xfe\x00", "not text", 400),
        (b"sku,price\n\x81\x8d,1\n", "not text", 400),
        (b'sku,price\nA,"1\n', "Line 2", 400),
        (b"sku,name\nA," + b"x" * 1001 + b"\n", "Line 2", 400),
        (b'sku,name\nA,"' + b"x" * 200_000 + b'"\n', "Line 2", 400),
        (b"sku\n" + b"A\n" * (MOST_LINES + 1), "5,000", 413),
        (b"x" * (MOST_BYTES + 1), "2 MB", 413),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(data, word, status):
    with pytest.raises(Unreadable) as refused:
        read_table(data)
    assert word in str(refused.value.says) and refused.value.status == status


def test_columns_that_are_not_read_are_named_and_the_stock_of_an_export_is_said_to_stay():
    table = read_table(b"sku,price,Packs in stock,shelf mark,Pakiti zilizopo\nA,1,7,x,7\n")
    stays, ignored = table.notes
    assert "Packs in stock, Pakiti zilizopo" in stays and "does not change how many packs there are" in stays
    assert ignored == "This column is not read: shelf mark" and table.columns == ("sku", "price")


def test_a_name_is_looked_up_without_folding_the_whole_formulary_again(monkeypatch):
    substances_of("Augmentin")
    folded = []
    monkeypatch.setattr(names, "fold", lambda word: folded.append(word) or word)
    substances_of("Moonshine extract")
    assert len(folded) < 5


@pytest.mark.parametrize(
    ("written", "price"),
    [
        *(("60", 60), ("60.5", "60.50"), ("60,5", "60.50"), ("1,250.00", 1250), ("1.250,00", 1250), ("1,250", 1250)),
        *(("1 250", 1250), ("KES 90", 90), ("Ksh. 90", 90), ("90/=", 90)),
    ],
)
def test_prices_are_read_as_people_write_them(written, price):
    assert article_fields()["price"].clean(written) == Decimal(price)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "0",
        "-5",
        "1,000,000.01",
        "NaN",
        "sNaN",
        "Infinity",
        "1e400",
        "9" * 400,
        "1.250",
        "1,2,3",
        "abc",
        "60.555",
        "\x00",
        "٦٠x",
    ],
)
def test_what_is_no_price_is_refused(written):
    with pytest.raises(ValidationError):
        article_fields()["price"].clean(written)


@pytest.mark.parametrize("written", ["", "0", "-1", "1.5", "1e9", "9" * 400, "9" * 5000, "NaN", "abc", "100001"])
def test_what_is_no_pack_size_is_refused(written):
    with pytest.raises(ValidationError):
        article_fields()["pack_size"].clean(written)


def test_days_are_read_day_first_and_a_month_means_its_last_day():
    field = DayField()
    assert field.clean("31/05/2027") == field.clean("2027-05-31") == field.clean("31.5.2027") == date(2027, 5, 31)
    assert field.clean("02/2028") == field.clean("2028-02") == date(2028, 2, 29)
    for wrong in ("31/02/2027", "2027-13-01", "13/2027", "00/2027", "tomorrow", "1/1/27", "9999999"):
        with pytest.raises(ValidationError):
            field.clean(wrong)


def test_forms_and_answers_are_read_in_either_language():
    assert kinds()["tablets"] == "tablet" and kinds()["caps"] == "capsule"
    assert article_fields()["form"].clean("  CAPSULE ") == "capsule"
    with pytest.raises(ValidationError):
        article_fields()["form"].clean("brick")
    assert [YesNoField(required=False).clean(word) for word in ("Ndiyo", "NO", "x", "0", "")] == [
        *(True, False, True, False, None)
    ]


def test_substances_are_written_as_the_formulary_writes_them():
    assert known_as("Amoxil") == known_as("amoxicilin") == "amoxicillin"
    assert all(known_as(name.upper()) == name for name in known_substances())
    assert known_as("Moonshine  Extract") == "moonshine extract"
    assert substances_of("Augmentin") == ["amoxicillin", "clavulanic acid"]
    assert article_fields()["substances"].clean("Amoxicillin + clavulanic acid") == ["amoxicillin", "clavulanic acid"]


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-x", "@a", " =x", "\t=x", "'=x", "plain", "O'Neill", "'quoted'"])
def test_what_is_defused_in_an_export_comes_back_as_it_was(text):
    assert undefused(cell(text)) == text or text == "'=x"
