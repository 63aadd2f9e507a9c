"""A person's own table: columns, categories, missing values, and the sentence for each thing that is wrong."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import DataSet, prepare
from engine.errors import BadInput


@pytest.fixture
def load(tmp_path):
    """Writes a table and loads it; `load.path` is the file."""
    path = tmp_path / "table.csv"

    def run(text, **settings):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return DataSet.parse({"name": "csv", "path": str(path), **settings}, "data").load(0)

    run.path = path
    return run


FLOWERS = "height,color,kind\n1.5,red,rose\n2.5,blue,iris\n3.5,red,iris\n0.5,red,rose\n"


def test_numbers_categories_and_classes(load):
    table = load(FLOWERS)
    assert table.feature_names == ("height", "color=blue", "color=red")
    assert table.x.tolist() == [[1.5, 0, 1], [2.5, 1, 0], [3.5, 0, 1], [0.5, 0, 1]]
    assert table.classes == ("iris", "rose")
    assert table.y.tolist() == [1, 0, 0, 1]
    assert (table.x.dtype, table.y.dtype) == (np.float32, np.int64)


@pytest.mark.parametrize("target", ["height", "0", 0, "-3", -3])
def test_the_target_is_a_name_or_an_index(load, target):
    table = load(FLOWERS, target=target)
    assert table.target_names == ("height",)
    assert table.classes == ()
    assert table.y.tolist() == [[1.5], [2.5], [3.5], [0.5]]
    assert table.feature_names == ("color=blue", "color=red", "kind=iris", "kind=rose")


def test_a_name_goes_before_an_index(load):
    assert load("2,0,1\n5,6,7\n8,9,4\n", header="yes", target="0").y.tolist() == [[6], [9]]


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ([0, 1, 0, 1], "auto", ("0", "1")),
        ([10, 9, 10, 9], "auto", ("9", "10")),
        (["1.0", "2", "1", "2.0"], "auto", ("1", "2")),
        ([0, 1, 2, 3], "auto", ()),
        ([0.5, 1, 0.5, 1], "auto", ()),
        ([0.5, 1, 0.5, 1], "classification", ("0.5", "1")),
        ([0, 1, 0, 1], "regression", ()),
        (["yes", "no", "no", "no"], "auto", ("no", "yes")),
        (list(range(21)) * 3, "auto", ()),
        (list(range(20)) * 3, "auto", tuple(map(str, range(20)))),
        ([1, 2, "x", 1, 2, "x"], "classification", ("1", "2", "x")),
    ],
)
def test_the_task_follows_the_target(load, values, task, classes):
    table = load("a,y\n" + "".join(f"{row},{value}\n" for row, value in enumerate(values)), task=task)
    assert table.classes == classes
    if classes:
        assert [classes[label] for label in table.y] == [str(value).removesuffix(".0") for value in values]
    else:
        assert table.y[:, 0].tolist() == values


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_ends_of_lines_are_found(load, delimiter, end):
    rows = [["a", "b", "y"], ["1", "2", "no"], ["3", "4", "yes"], ["5", "6", "no"]]
    table = load(end.join(delimiter.join(row) for row in rows))
    assert table.x.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert table.y.tolist() == [0, 1, 0]


def test_a_comma_is_found_where_texts_hold_spaces(load):
    assert load("big a,the y\n1 x,no no\n2 x,yes no\n1 x,no no\n").feature_names == ("big a=1 x", "big a=2 x")


def test_a_stated_delimiter_is_taken(load):
    table = load("a;b,y\n1;2,0\n3;4,1\n5;6,0\n", delimiter="comma")
    assert table.feature_names == ("a;b=1;2", "a;b=3;4", "a;b=5;6")
    with pytest.raises(BadInput, match="has only the column"):
        load("a,b\n1,2\n", delimiter="tab")


@pytest.mark.parametrize(("header", "rows"), [("auto", 3), ("no", 3), ("yes", 2)])
def test_a_first_line_with_a_number_is_no_header(load, header, rows):
    table = load("1,2,3\n4,5,6\n7,8,10\n", header=header)
    assert len(table.x) == rows
    assert table.feature_names == (("1", "2") if header == "yes" else ("column 0", "column 1"))


def test_quotes_blank_lines_a_byte_order_mark_and_nameless_columns(load):
    table = load(b'\xef\xbb\xbf"a, or b",,y\n\n"1", 2,"x\ny"\n   \n3,4,z\n')
    assert table.feature_names == ("a, or b", "column 1")
    assert table.classes == ("x\ny", "z")
    assert table.x.tolist() == [[1, 2], [3, 4]]


HOLES = "a,b,y\n1,red,0\n,blue,1\n3,?,0\n5,red,1\n"


def test_missing_values_are_refused_dropped_or_filled(load):
    with pytest.raises(BadInput, match=r"line 3, column 'a' is missing: .*set data\.missing to \"drop\" or \"mean\""):
        load(HOLES)
    assert load(HOLES, missing="drop").x.tolist() == [[1, 0, 1], [5, 0, 1]]
    open_ = load(HOLES, missing="mean").x
    assert np.array_equal(open_, [[1, 0, 1], [np.nan, 1, 0], [3, np.nan, np.nan], [5, 0, 1]], equal_nan=True)
    table = {"name": "csv", "path": str(load.path), "missing": "mean", "standardize": "none", "validation": 0.0}
    filled = prepare(DataSet.parse(table), 0).train.x
    assert np.allclose(filled, [[1, 0, 1], [3, 1, 0], [3, 1 / 3, 2 / 3], [5, 0, 1]])


def test_the_mean_that_fills_is_that_of_the_training_rows(load):
    values = [2.0**row for row in range(10)]
    load("a,y\n" + "".join(f"{value},{row % 2}\n" for row, value in enumerate([*values, "", ""])), missing="mean")
    table = {"name": "csv", "path": str(load.path), "missing": "mean", "standardize": "none", "validation": 0.5}
    for seed in range(8):
        splits = prepare(DataSet.parse(table), seed)
        train, validation = splits.train.x[:, 0], splits.validation.x[:, 0]
        mean = np.float32(train[np.isin(train, values)].mean(dtype=np.float64))
        everything = np.concatenate([train, validation])
        assert everything[~np.isin(everything, values)].tolist() == [mean, mean]


@pytest.mark.parametrize("mark", ["", "?", "NA", "n/a", "NaN", "null", "  "])
def test_marks_of_a_missing_value(load, mark):
    assert load(f"a,y\n1,0\n{mark},1\n2,0\n4,1\n", missing="drop").x.tolist() == [[1], [2], [4]]


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("", {}, "is empty"),
        ("\n \n", {}, "is empty"),
        ("a,b\n", {}, "has no rows below its header"),
        ("a\n1\n2\n", {}, "has only the column 'a'"),
        ("a,b,y\n1,2,3\n4,5\n", {}, "line 3 has 2 values, but line 1 has 3; add the rest"),
        ("a,b,y\n1,2,3\n4\n", {}, "line 3 has 1 value, but line 1 has 3; add the rest"),
        ("a,a,y\n1,2,3\n", {}, "2 columns are named 'a'"),
        ("a,y\n1,2\n3,4\nx,5\n", {}, "line 4, column 'a' is 'x': not a number; correct it"),
        ("a,y\n1,2\n3,4\n5,x\n", {}, "line 4, column 'y' is 'x': not a number"),
        ("a,y\n1,2\n1e39,4\n5,6\n", {}, "line 3, column 'a' is '1e39': too large"),
        ("a,y\n1,2\n3,inf\n5,6\n", {}, "line 3, column 'y' is 'inf': too large"),
        ("a;y\n1,5;1\n2,5;2\n", {}, "line 2, column 'a' is '1,5': not a number; write decimals with a point"),
        (
            "a,y\n" + "".join(f"t{i},{i % 2}\n" for i in range(101)),
            {},
            "line 2, column 'a' is 't0': not a number, and with 101",
        ),
        (
            "a,y\n" + "".join(f"{i}%,{i % 2}\n" for i in range(21)),
            {},
            "line 2, column 'a' is '0%': not a number, and with 21 different values (none of them twice) not",
        ),
        ("a,y\n1,2\n1_0,4\n5,6\n", {}, "line 3, column 'a' is '1_0': not a number"),
        ("a,y\n1,2\n3,4\n", {"target": "z"}, "data.target is 'z'"),
        ("alpha,beta\n1,2\n3,4\n", {"target": "alpa"}, "did you mean 'alpha'?"),
        ("a,y\n1,2\n3,4\n", {"target": 2}, "data.target is 2: "),
        ("a,y\n1,2\n3,4\n", {"target": -3}, "the last is 1"),
        ("a,y\n1,2\n3,2\n", {"task": "classification"}, "column 'y' is '2' in every row"),
        ("a,y\n1,p\n3,q\n4,r\n", {}, "column 'y' has another value in each of 3 rows"),
        ("a,y\n1,\n3,\n", {"missing": "drop"}, "column 'y' has no values"),
        ("a,b,y\n1,,0\n,2,1\n", {"missing": "drop"}, "every row has a missing value"),
        ("a,y\n1,0\n3,\n", {"missing": "mean"}, "line 3, column 'y' is missing"),
        ('a,y\n"1"x,0\n3,1\n', {}, "line 2: "),
        ('a,y\n"1,0\n3,1\n', {}, "unexpected end of data"),
        (b"a,y\n\xff,0\n3,1\n", {}, "byte 4 is not UTF-8"),
    ],
)
def test_the_place_the_value_and_the_fix_are_named(load, text, settings, words):
    with pytest.raises(BadInput) as error:
        load(text, **settings)
    assert words in str(error.value)
    assert str(load.path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_few_values_of_which_none_comes_twice_are_categories(load):
    x = load("a,y\n" + "".join(f"{i:02}%,{i % 2}\n" for i in range(20))).x
    assert x.tolist() == np.eye(20).tolist()


def test_a_path_that_leads_nowhere_is_named(tmp_path):
    for path, words in (("", "data.path is empty"), ("no.csv", "data.path is 'no.csv': no such file")):
        with pytest.raises(BadInput, match=words):
            DataSet.parse({"name": "csv", "path": path}).load(0)
    with pytest.raises(BadInput, match="cannot be read"):
        DataSet.parse({"name": "csv", "path": str(tmp_path)}).load(0)


def test_a_path_may_be_in_the_data_folder(load):
    load(FLOWERS)
    with pytest.raises(BadInput, match="with --data-dir the folder that the path starts from"):
        DataSet.parse({"name": "csv", "path": "table.csv"}).load(0)
    splits = prepare(DataSet.parse({"name": "csv", "path": "table.csv", "validation": 0.25}), 0, load.path.parent)
    assert (len(splits.train), len(splits.validation), splits.shape) == (3, 1, (3,))


numbers = st.floats(-(2.0**99), 2.0**99, width=32).map(repr)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs"], exclude_characters=","), min_size=1, max_size=5
)


@settings(deadline=None)
@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=20), st.sampled_from([",", ";", "\t", "|", " "]))
def test_any_table_of_numbers_comes_back(tmp_path_factory, rows, delimiter):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("a", "y"), *rows])
    path.write_text(text.getvalue(), newline="")
    table = DataSet.parse({"name": "csv", "path": str(path), "task": "regression"}).load(0)
    assert np.array_equal(np.hstack([table.x, table.y]), np.array(rows, np.float64).astype(np.float32))


@settings(deadline=None)
@given(
    st.lists(st.lists(st.one_of(numbers, words, st.just("")), min_size=2, max_size=2), max_size=8),
    st.sampled_from(["error", "drop", "mean"]),
)
def test_any_text_is_read_or_refused_in_one_line(tmp_path_factory, rows, missing):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    try:
        table = DataSet.parse({"name": "csv", "path": str(path), "missing": missing}).load(0)
    except BadInput as error:
        problem = str(error)
    else:
        problem = ""
    if problem:
        assert len(problem.splitlines()) == 1
        return
    assert np.isfinite(table.x).all() or missing == "mean"
    assert np.isfinite(table.y).all()
    assert len(table.x) == len(table.y) > 0
    assert table.x.shape[1] == len(table.feature_names)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(content)
    try:
        table = DataSet.parse({"name": "csv", "path": str(path)}).load(0)
    except BadInput:
        return
    assert len(table.x) == len(table.y)
