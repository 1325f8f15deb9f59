"""Vectors: faiss over a matrix in single precision, exact, on one thread.

Everything is an inner product of rows of length 1. Queries are answered one by one, as they come
in, except for `all`, where all of them are known in advance: there faiss multiplies matrices,
which takes a small part of the time of as many scans.
"""

import time

import faiss
import numpy as np


class Faiss:
    """`each_bitmap` and `each_list` search only the rows that are selected: told as one bit for
    each row, which faiss tests at every row, or as their list, which it walks along."""

    def __init__(self, columns, options):
        faiss.omp_set_num_threads(1)
        dimension, self.k = options["dimension"], options["k"]
        self.index = faiss.IndexFlatIP(dimension)
        self.index.add(columns["vectors"].reshape(-1, dimension))
        self.asked = columns["queries"].reshape(-1, dimension)
        self.queries = {"each": lambda: self.each(None), "all": self.all}
        if "selected" in columns:
            # The selectors do not own what they look at.
            is_selected = np.zeros(self.index.ntotal, dtype=bool)
            is_selected[columns["selected"]] = True
            self.bits = np.packbits(is_selected, bitorder="little")
            self.list = columns["selected"].astype(np.int64)
            bitmap = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(self.bits))
            listed = faiss.SearchParameters(sel=faiss.IDSelectorArray(self.list))
            self.queries["each_bitmap"] = lambda: self.each(bitmap)
            self.queries["each_list"] = lambda: self.each(listed)
        self.about = f"faiss {faiss.__version__} ({faiss.get_compile_options().strip()})"

    def each(self, parameters):
        """One query after the other; the mean of one."""
        found = []
        start = time.perf_counter()
        for at in range(len(self.asked)):
            found.append(self.index.search(self.asked[at : at + 1], self.k, params=parameters)[1])
        seconds = time.perf_counter() - start
        return seconds / len(self.asked), lambda: {"rows": np.concatenate(found).tolist()}

    def all(self):
        """All queries at once."""
        start = time.perf_counter()
        found = self.index.search(self.asked, self.k)[1]
        seconds = time.perf_counter() - start
        return seconds, lambda: {"rows": found.tolist()}

    def close(self):
        pass
