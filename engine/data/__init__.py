"""Data sets: made, shipped, downloaded or a person's own; split, scaled and ready to train on."""

from engine.data import cifar, image_folder, mnist, playground, table_file, tables, toys
from engine.data.base import DataSet, FloatArray, LabelArray, Table
from engine.data.crosses import CROSSES, PlaneSet
from engine.data.downloads import SOURCES, Progress, fetch
from engine.data.folders import MissingData, shipped
from engine.data.scale import Scaler, fit_scaler
from engine.data.split import Split, Splits, prepare

__all__ = [
    "CROSSES",
    "SOURCES",
    "DataSet",
    "FloatArray",
    "LabelArray",
    "MissingData",
    "PlaneSet",
    "Progress",
    "Scaler",
    "Split",
    "Splits",
    "Table",
    "cifar",
    "fetch",
    "fit_scaler",
    "image_folder",
    "mnist",
    "playground",
    "prepare",
    "shipped",
    "table_file",
    "tables",
    "toys",
]
