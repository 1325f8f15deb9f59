"""PayMe for Python beside scikit-learn and NumPy, and beside its own core.

``cargo xtask peers learning`` runs it. Every answer is held against that of the peer before
anything is timed. Then everybody takes turns, with the same number of threads; what counts are
medians, and their ratios. A process of the core alone takes its turn, too, over the same columns:
what the way through Python costs is the rest.

In: the rows of the table to run, all by default. Out: the table in Markdown, and with ``--json``
a file with every time that was taken. ``--write PAGE`` puts the table into a page, between the two
lines that say so. ``--small`` compares answers on few rows and times nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import payme
import sklearn
import sklearn.metrics as oracle
import threadpoolctl
from payme import Ranker
from payme.calibration import IsotonicCalibrator
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

BEGIN = "<!-- cargo xtask peers learning --write: begin -->"
END = "<!-- end -->"
ROUNDS = 7
# Calls that take less are repeated within a round until they take as long together.
ROUND_SECONDS = 0.02
# Threads of OpenMP and BLAS look for more work for a while, on the cores that the next one needs.
REST_SECONDS = 0.05
VARIABLES = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Call = Callable[[], Any]


@dataclass
class Peer:
    """Somebody who does the same work, and how many times as fast PayMe is meant to be."""

    name: str
    call: Call
    wanted: float | None = None


@dataclass
class Race:
    """One row of the table: what is done, by whom, and what the core is asked."""

    work: str
    ours: Call
    peers: list[Peer]
    native: str
    columns: dict[str, Any]
    answer: Callable[[Any], float]
    others: dict[str, str] = field(default_factory=dict)


def gradient(X: Any, y: Any, coef: Any, intercept: float) -> float:
    """The greatest entry of the mean gradient of a fit with C = 1."""
    distance = 1.0 / (1.0 + np.exp(-(X @ coef + intercept))) - y
    entries = (X.T @ distance + coef) / len(y)
    return float(max(abs(entries).max(), abs(distance.mean())))


def tolerance(make: Callable[[float], Any], X: Any, y: Any) -> float:
    """The first of 1e-8, 1e-9 and so on at which a fit ends with a gradient below 1e-8."""
    for power in range(8, 13):
        fitted = make(10.0**-power).fit(X, y)
        if gradient(X, y, fitted.coef_[0], fitted.intercept_[0]) < 1e-8:
            return 10.0**-power
    raise AssertionError(f"{fitted} does not get to a gradient below 1e-8")


def fit(rows: int, width: int, wanted: float, default: bool) -> Race:
    """A fit to the last digits, against solvers of the same objective."""
    stream = np.random.default_rng(1)
    X = stream.standard_normal((rows, width))
    truth = stream.standard_normal(width) / 2
    y = (stream.random(rows) < 1 / (1 + np.exp(-(X @ truth - 1)))).astype(np.int64)

    def peer(solver: str) -> Callable[[float], Any]:
        return lambda tol: LogisticRegression(C=1.0, solver=solver, tol=tol, max_iter=1000)

    own = tolerance(lambda tol: Ranker(C=1.0, tol=tol), X, y)
    ours = Ranker(C=1.0, tol=own)
    peers = []
    for solver in ("lbfgs", "newton-cholesky"):
        estimator = peer(solver)(tolerance(peer(solver), X, y))
        found = estimator.fit(X, y).coef_
        np.testing.assert_allclose(ours.fit(X, y).coef_, found, atol=1e-6)
        peers.append(Peer(f"scikit-learn {solver}", lambda e=estimator: e.fit(X, y), wanted))
    if default:
        usual = LogisticRegression()
        peers.append(Peer("scikit-learn lbfgs, tol as it is", lambda: usual.fit(X, y)))
    return Race(
        work=f"fit {rows:,} x {width}, gradient below 1e-8",
        ours=lambda: ours.fit(X, y),
        peers=peers,
        native=f"fit {width} {own!r}",
        columns={"x": X, "y": y.astype(np.uint8)},
        answer=lambda ranker: float(ranker.coef_[0, 0]),
    )


def fit_1m(small: bool, threads: int) -> Race:
    """A large fit."""
    return fit(20_000 if small else 1_000_000, 20, 1.8 if threads == 1 else 3.0, False)


def fit_10k(small: bool, threads: int) -> Race:
    """The everyday fit."""
    return fit(2_000 if small else 10_000, 6, 10.0, True)


def predict(small: bool, threads: int) -> Race:
    """Probabilities of many rows by one model."""
    rows, width = 10_000 if small else 1_000_000, 20
    stream = np.random.default_rng(2)
    X = stream.standard_normal((rows, width))
    y = (X[:5000, 0] + stream.standard_normal(5000) > 0).astype(int)
    ours, theirs = Ranker().fit(X[:5000], y), LogisticRegression().fit(X[:5000], y)
    theirs.coef_, theirs.intercept_ = ours.coef_.copy(), ours.intercept_.copy()
    expected = theirs.predict_proba(X)
    np.testing.assert_allclose(ours.predict_proba(X), expected, rtol=1e-12, atol=1e-15)
    model = np.concatenate([ours.intercept_, ours.coef_[0]])
    return Race(
        work=f"predict_proba {rows:,} x {width}",
        ours=lambda: ours.predict_proba(X),
        peers=[Peer("scikit-learn", lambda: theirs.predict_proba(X), 2.0)],
        native="predict",
        columns={"x": X, "coefficients": model},
        answer=lambda both: float(both[-1, 0]),
        others={"reading and writing the same bytes": f"move {2 * rows} {threads}"},
    )


def forecasts(rows: int, seed: int) -> tuple[Any, Any]:
    """Forecasts that are true, and labels."""
    stream = np.random.default_rng(seed)
    p = stream.random(rows)
    return p, stream.random(rows) < p


def metrics(small: bool, threads: int) -> Race:
    """All that a report has, against the calls that it takes elsewhere."""
    p, y = forecasts(10_000 if small else 1_000_000, 3)

    def curve(strategy: str) -> tuple[Any, Any]:
        return calibration_curve(y, p, n_bins=10, strategy=strategy)

    def theirs() -> dict[str, float]:
        order = np.argpartition(p, -10)[-10:]
        order = order[np.argsort(-p[order])]
        rate, mean = curve("uniform")
        share = np.bincount(np.minimum((p * 10).astype(int), 9), minlength=10) / len(p)
        overall = y.mean()
        quantile_rate, quantile_mean = curve("quantile")
        return {
            "brier": oracle.brier_score_loss(y, p),
            "reliability": float(share @ (rate - mean) ** 2),
            "resolution": float(share @ (rate - overall) ** 2),
            "ece": float(share @ abs(rate - mean)),
            "ece_equal_mass": float(abs(quantile_rate - quantile_mean).mean()),
            "log_loss": oracle.log_loss(y, p),
            "roc_auc": oracle.roc_auc_score(y, p),
            "average_precision": oracle.average_precision_score(y, p),
            "at_5": float(y[order[:5]].mean()),
            "at_10": float(y[order].mean()),
        }

    found, expected = payme.metrics.report(y, p), theirs()
    flat = {
        **found._asdict(),
        "reliability": found.brier_decomposition.reliability,
        "resolution": found.brier_decomposition.resolution,
        "at_5": found.precision_at[5],
        "at_10": found.precision_at[10],
    }
    for name, value in expected.items():
        # Bins of equal mass divide a row that an edge goes through.
        slack = 2 / len(p) * 10 if name == "ece_equal_mass" else 1e-11
        np.testing.assert_allclose(flat[name], value, rtol=1e-11, atol=slack, err_msg=name)
    return Race(
        work=f"every measure of {len(p):,} forecasts in one call",
        ours=lambda: payme.metrics.report(y, p),
        peers=[Peer("scikit-learn, the sum of its calls", theirs, 12.0)],
        native="metrics",
        columns={"p": p, "y": y},
        answer=lambda report: report.brier,
    )


def isotonic(small: bool, threads: int) -> Race:
    """Isotonic regression of distinct scores."""
    p, y = forecasts(10_000 if small else 1_000_000, 4)
    ours = IsotonicCalibrator()
    theirs = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    at = np.linspace(-0.1, 1.1, 10_001)
    found, expected = ours.fit(p, y).predict(at), theirs.fit(p, y).predict(at)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    return Race(
        work=f"isotonic fit of {len(p):,}",
        ours=lambda: ours.fit(p, y),
        peers=[Peer("scikit-learn", lambda: theirs.fit(p, y), 6.0)],
        native="isotonic",
        columns={"p": p, "y": y},
        answer=lambda calibrator: float(calibrator.predict([0.5])[0]),
    )


def precision(small: bool, threads: int) -> Race:
    """Precision at 5, user by user."""
    users, results = 1_000 if small else 100_000, 50
    p, y = forecasts(users * results, 5)
    ids = np.repeat(np.arange(users, dtype=np.int64), results)
    P, Y = p.reshape(users, results), y.reshape(users, results)

    def by_threshold() -> float:
        fifth = np.partition(P, results - 5, axis=1)[:, results - 5]
        hits = (Y & (fifth[:, None] <= P)).sum(axis=1)
        return float(hits[Y.any(axis=1)].mean() / 5)

    def by_place() -> float:
        places = np.argpartition(P, results - 5, axis=1)[:, results - 5 :]
        hits = np.take_along_axis(Y, places, axis=1).sum(axis=1)
        return float(hits[Y.any(axis=1)].mean() / 5)

    def ours() -> float:
        return payme.metrics.precision_at_k(y, p, 5, ids)

    np.testing.assert_allclose([by_threshold(), by_place()], ours(), rtol=1e-12)
    return Race(
        work=f"precision at 5 of {users:,} users x {results}",
        ours=ours,
        peers=[
            Peer("NumPy, argpartition", by_place, 8.0),
            Peer("NumPy, partition", by_threshold),
        ],
        native="precision",
        columns={"p": p, "y": y, "users": ids},
        answer=float,
    )


def bootstrap(small: bool, threads: int) -> Race:
    """How sure the difference of two models is."""
    users, resamples = (1_000, 200) if small else (100_000, 1_000)
    stream = np.random.default_rng(6)
    champion = stream.integers(1, 6, users) / 5
    challenger = champion + stream.choice([0.2, -0.2, 0.0], users, p=[0.10, 0.05, 0.85])

    def at_once() -> float:
        drawn = np.random.default_rng(1).integers(0, users, (resamples, users))
        means = challenger[drawn].mean(axis=1) - champion[drawn].mean(axis=1)
        return float(np.percentile(means, 5))

    def paired() -> float:
        draws = np.random.default_rng(1)
        means = np.empty(resamples)
        for at in range(resamples):
            drawn = draws.integers(0, users, users)
            means[at] = challenger[drawn].mean() - champion[drawn].mean()
        return float(np.percentile(means, 5))

    def of_differences() -> float:
        draws = np.random.default_rng(1)
        difference = challenger - champion
        means = np.empty(resamples)
        for at in range(resamples):
            means[at] = difference[draws.integers(0, users, users)].mean()
        return float(np.percentile(means, 5))

    def ours() -> Any:
        return payme.metrics.bootstrap_difference(champion, challenger, n_resamples=resamples)

    found = ours()
    # Other draws: bounds differ by chance, a fraction of the standard error.
    for bound in (at_once(), paired(), of_differences()):
        assert abs(bound - found.lower_bound) < 0.5 * found.standard_error
    return Race(
        work=f"paired bootstrap, {resamples:,} resamples of {users:,} users",
        ours=ours,
        peers=[
            Peer("NumPy, all draws at once", at_once, 20.0),
            Peer("NumPy, one resample after the other", paired),
            Peer("NumPy, the same of the differences", of_differences),
        ],
        native=f"bootstrap {resamples}",
        columns={"champion": champion, "challenger": challenger},
        answer=lambda found: float(found.lower_bound),
    )


RACES: dict[str, Callable[[bool, int], Race]] = {
    "fit_1m": fit_1m,
    "fit_10k": fit_10k,
    "predict": predict,
    "metrics": metrics,
    "isotonic": isotonic,
    "precision": precision,
    "bootstrap": bootstrap,
}


class Core:
    """The process of the core, which works over files and not through Python."""

    def __init__(self, program: Path, folder: Path, name: str, race: Race) -> None:
        self._name = name
        for column, values in race.columns.items():
            values.tofile(folder / f"{name}.{column}")
        self._process = subprocess.Popen(
            [program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Core:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, kind: str) -> tuple[float, float]:
        """The seconds that the work took, and what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{self._name} {kind}\n")
        self._process.stdin.flush()
        milliseconds, found = self._process.stdout.readline().split()
        return float(milliseconds) / 1000, float(found)


def seconds(call: Call) -> float:
    """How long a call takes; of short ones, the mean of many."""
    time.sleep(REST_SECONDS)
    calls, spent = 0, 0.0
    while spent < ROUND_SECONDS:
        start = time.perf_counter()
        call()
        spent += time.perf_counter() - start
        calls += 1
    return spent / calls


def native_seconds(core: Core, kind: str) -> float:
    """The same of the core."""
    time.sleep(REST_SECONDS)
    times = []
    while sum(times) < ROUND_SECONDS:
        times.append(core.ask(kind)[0])
    return statistics.fmean(times)


def run(name: str, threads: int, small: bool, program: Path) -> list[dict[str, Any]]:
    """Compares the answers of one row, and times everybody in turns."""
    race = RACES[name](small, threads)
    with tempfile.TemporaryDirectory() as folder, Core(program, Path(folder), name, race) as core:
        ours, alone = race.answer(race.ours()), core.ask(race.native)[1]
        assert ours == alone, f"{name}: {ours!r} through Python and {alone!r} without"
        if small:
            return []
        times: dict[str, list[float]] = {}
        gc.disable()
        for _ in range(ROUNDS):
            for peer in race.peers:
                times.setdefault(peer.name, []).append(seconds(peer.call))
                times.setdefault("payme " + peer.name, []).append(seconds(race.ours))
                times.setdefault("core", []).append(native_seconds(core, race.native))
            for other, kind in race.others.items():
                times.setdefault(other, []).append(native_seconds(core, kind))
                times.setdefault("payme " + other, []).append(seconds(race.ours))
        gc.enable()
    core_ms = statistics.median(times["core"]) * 1000
    every = [time for own in times if own.startswith("payme ") for time in times[own]]
    lines = []
    wanted = {peer.name: peer.wanted for peer in race.peers}
    for peer_name in [*wanted, *race.others]:
        theirs, own = times[peer_name], times["payme " + peer_name]
        lines.append(
            {
                "row": name,
                "work": race.work,
                "threads": threads,
                "peer": peer_name,
                "peer_ms": statistics.median(theirs) * 1000,
                "ours_ms": statistics.median(own) * 1000,
                "ratio": statistics.median(theirs) / statistics.median(own),
                "wanted": wanted.get(peer_name),
                "core_ms": core_ms,
                "over_core": statistics.median(every) * 1000 / core_ms,
                "peer_ms_each": [time * 1000 for time in theirs],
                "ours_ms_each": [time * 1000 for time in own],
            }
        )
    return lines


def ms(value: float) -> str:
    """Milliseconds with three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(lines: list[dict[str, Any]]) -> str:
    """The lines as a table in Markdown."""
    head = ["work", "threads", "peer", "peer ms", "PayMe ms", "ratio", "wanted", "over the core"]
    rows = [head, ["---"] * len(head)]
    told = None
    for line in lines:
        again = told == (line["row"], line["threads"])
        told = (line["row"], line["threads"])
        rows.append(
            [
                "" if again else f"`{line['row']}`: {line['work']}",
                "" if again else str(line["threads"]),
                line["peer"],
                ms(line["peer_ms"]),
                ms(line["ours_ms"]),
                f"{line['ratio']:.1f}" if line["ratio"] >= 3 else f"{line['ratio']:.2f}",
                "" if line["wanted"] is None else f"{line['wanted']:g}",
                "" if again else f"{line['over_core']:.2f}",
            ]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def versions() -> str:
    """What was measured, and where."""
    return (
        f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}; {ROUNDS} rounds."
    )


def child(arguments: argparse.Namespace) -> None:
    """Runs the rows in this process, which has so many threads."""
    warnings.simplefilter("error")
    for name in arguments.rows:
        lines = run(name, arguments.threads, arguments.small, arguments.core)
        pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
        assert all(pool <= arguments.threads for pool in pools), pools
        for line in lines:
            print(json.dumps(line), flush=True)


def races(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every row with one thread and with two, each in a process that has no more."""
    for name in arguments.rows:
        for threads in (1, 2):
            environment = {**os.environ, **{name: str(threads) for name in VARIABLES}}
            line = [sys.executable, __file__, name, "--core", arguments.core]
            line += ["--threads", str(threads)] + (["--small"] if arguments.small else [])
            ran = subprocess.run(
                line, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            for text in ran.stdout.splitlines():
                found = json.loads(text)
                print(
                    f"{name}, {threads} threads: {found['peer']} {ms(found['peer_ms'])} ms, PayMe "
                    f"{ms(found['ours_ms'])} ms, {found['ratio']:.2f} times (wanted "
                    f"{found['wanted']}); {found['over_core']:.2f} of the core",
                    file=sys.stderr,
                    flush=True,
                )
                yield found


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=list(RACES), metavar="ROW")
    parser.add_argument("--core", type=Path, required=True, help="the example native, built")
    parser.add_argument("--threads", type=int, help="run here, with so many threads")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args()
    unknown = [row for row in arguments.rows if row not in RACES]
    if unknown:
        parser.error(f"there is no row called {unknown[0]}: there are {', '.join(RACES)}")
    if arguments.threads is not None:
        child(arguments)
        return
    lines = list(races(arguments))
    if arguments.small:
        print(f"the answers of {', '.join(arguments.rows)} are those of the peers and of the core")
        return
    text = f"{table(lines)}\n\n{versions()}\n"
    print(text)
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(lines, indent=1) + "\n")
    if arguments.write is not None:
        page = arguments.write.read_text()
        before, rest = page.split(BEGIN, 1)
        _, after = rest.split(END, 1)
        arguments.write.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
