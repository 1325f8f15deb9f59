"""Arrays of any kind as the few that the native module reads.

In: whatever NumPy makes an array of. Out: contiguous arrays of one dimension in native byte order,
copied only where the type or the layout has to change. Missing values are found before NumPy
turns them into something else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError, InputTypeError, MissingValueError

Labels = NDArray[Any]
Floats = NDArray[np.float64]
Columns = tuple[Labels, Floats, "Floats | None"]

# What the native module takes labels as, by what they are.
_LABEL_TYPES = {
    "b1": np.uint8,
    "u1": np.uint8,
    "i1": np.uint8,
    "u2": np.int32,
    "i2": np.int32,
    "i4": np.int32,
    "u4": np.int64,
    "i8": np.int64,
    "u8": np.int64,
    "f2": np.float32,
    "f4": np.float32,
    "f8": np.float64,
}


def as_array(values: Any, name: str) -> NDArray[Any]:
    """An array of the values, none of which is missing."""
    if isinstance(values, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(values)
        if mask.any():
            raise _missing(name, mask, "is masked")
        values = values.data
    elif _is_nullable(values):
        mask = np.asarray(values.isna())
        if mask.any():
            raise _missing(name, mask, "is NA")
    elif _null_count(values) > 0:
        raise _missing(name, np.asarray(values.is_null(), dtype=bool), "is null")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} makes no array: {error}", code="column_shape") from error
    if array.dtype == object:
        refuse_missing_objects(array, name)
    return array


def _is_nullable(values: Any) -> bool:
    dtype = getattr(values, "dtype", None)
    return dtype is not None and not isinstance(dtype, np.dtype) and hasattr(values, "isna")


def _null_count(values: Any) -> int:
    """How many nulls a column of pyarrow or polars has, which NumPy would make NaN of."""
    found = getattr(values, "null_count", 0) if hasattr(values, "is_null") else 0
    found = found() if callable(found) else found
    return found if isinstance(found, int) else 0


def refuse_missing_objects(array: NDArray[Any], name: str) -> None:
    """Refuses an array of objects in which one stands for a missing value."""
    missing = np.fromiter(
        (value is None or type(value).__name__ in ("NAType", "NaTType") for value in array.flat),
        dtype=bool,
        count=array.size,
    ).reshape(array.shape)
    if missing.any():
        raise _missing(name, missing, "is None or NA")


def _missing(name: str, mask: NDArray[Any], what: str) -> MissingValueError:
    place = [int(at) for at in np.argwhere(mask)[0]]
    where = ", ".join(map(str, place))
    more = int(mask.sum()) - 1
    others = f", as are {more} more" if more else ""
    message = f"{name}[{where}] (counted from 0) {what}{others}: leave such rows away"
    return MissingValueError(message, index=place[0])


def numbers(values: Any, name: str) -> NDArray[Any]:
    """A column of numbers or booleans."""
    array = as_array(values, name)
    if array.dtype == object:
        # What the objects are is looked at again: text must not be read as numbers.
        array = np.array(array.tolist()) if array.size else array.astype(np.float64)
        if array.dtype == object:
            try:
                array = array.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise InputTypeError(f"{name} holds no numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise InputTypeError(f"{name} holds {array.dtype}: give numbers or booleans")
    return flat(array, name)


def flat(array: NDArray[Any], name: str) -> NDArray[Any]:
    """One dimension; a table of one column is one."""
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim != 1:
        hint = ": give probabilities[:, 1]" if array.ndim == 2 and array.shape[1] == 2 else ""
        message = f"{name} has shape {array.shape}, and has to have one dimension{hint}"
        raise InputError(message, code="column_shape")
    return array


def floats(values: Any, name: str) -> Floats:
    """A column of numbers as contiguous doubles."""
    array = values if type(values) is np.ndarray else None
    if array is None or array.dtype != np.float64 or array.ndim != 1:
        array = numbers(values, name)
    return np.require(array, np.float64, ["C", "A"])


def labels(values: Any, name: str = "y_true") -> Labels:
    """A column of labels; booleans as bytes."""
    array = numbers(values, name)
    kind = _LABEL_TYPES.get(f"{array.dtype.kind}{array.dtype.itemsize}", np.float64)
    if array.dtype.itemsize == 1:
        return np.require(array, None, ["C", "A"]).view(np.uint8)
    return np.require(array, np.dtype(kind), ["C", "A"])


def columns(y_true: ArrayLike, y_prob: ArrayLike, sample_weight: ArrayLike | None) -> Columns:
    """Labels, scores and weights as the native module takes them."""
    weights = None if sample_weight is None else floats(sample_weight, "sample_weight")
    return labels(y_true), floats(y_prob, "y_prob"), weights


def group_ids(values: Any) -> NDArray[np.int64]:
    """Ids of any kind as numbers, equal where the ids are."""
    array = flat(as_array(values, "groups"), "groups")
    if array.dtype.kind in "biu":
        if array.dtype == np.uint64:
            array = np.require(array, None, ["C", "A"]).view(np.int64)
        return np.require(array, np.int64, ["C", "A"])
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise _missing("groups", np.isnan(array), "is NaN")
    try:
        _, codes = np.unique(array, return_inverse=True)
    except TypeError as error:
        raise InputTypeError(f"groups cannot be put in order: {error}") from error
    return np.require(codes, np.int64, ["C", "A"])


def count(value: Any, name: str) -> int:
    """A whole number from 0 on."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise InputTypeError(f"{name} is a whole number", code="option_type")
    number = int(value.__index__())
    if not 0 <= number < 2**32:
        raise InputError(f"{name} is from 0 to 4294967295", code="out_of_range")
    return number


def choice(value: Any, name: str, choices: tuple[str, str]) -> bool:
    """Whether the second of two words was chosen."""
    if value not in choices:
        raise InputError(f"{name}: expected {' or '.join(choices)}", code="unknown_option")
    return bool(value == choices[1])
