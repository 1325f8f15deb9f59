"""Are probabilities true? Reliability diagrams and calibrators of PayMe and of scikit-learn.

In: nothing; the forecasts are made up from a seed. Out: what is printed. It runs as a script, or
cell by cell in an editor that knows ``# %%``. What it claims, it asserts.
"""

# %% [markdown]
# # Are the probabilities true? PayMe and scikit-learn side by side
#
# A model says 0.8 for a thousand claims. If about 800 of them are paid, it is calibrated. A
# reliability diagram shows that: forecasts go into bins, and each bin has its mean forecast and
# its share of positives. Both libraries draw the same diagram, but for what lies on an edge of a
# bin, and PayMe adds how far chance alone would move it.

# %%
from __future__ import annotations

import numpy as np
from payme import calibration, metrics
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.naive_bayes import GaussianNB

stream = np.random.default_rng(26)
p = stream.random(20_000)
paid = stream.random(20_000) < p**1.5  # the model promises too much

# %% [markdown]
# ## The same diagram
#
# Forecasts with all their digits hardly ever lie on an edge: then the points are the same.

# %%
share, mean = calibration_curve(paid, p, n_bins=10)
bins = metrics.reliability_bins(paid, p, n_bins=10)
np.testing.assert_allclose(bins.score_mean, mean, rtol=1e-12)
np.testing.assert_allclose(bins.positive_rate, share, rtol=1e-12)

print("bin          forecast  paid    rows")
for row in zip(*bins, strict=True):
    print("[{:.1f}, {:.1f})   {:.3f}     {:.3f}  {:6.0f}".format(*row[:2], row[3], row[4], row[2]))

# %% [markdown]
# ## Where they differ: the edges of bins
#
# A bin of PayMe holds its lower edge: [0.0, 0.1), [0.1, 0.2), and so on to [0.9, 1.0].
# `calibration_curve` holds the upper one: [0, 0.1], (0.1, 0.2], and so on. Whoever rounds forecasts
# sees the difference. Here 0.5 belongs to the upper bin, and there to the lower one.

# %%
on_an_edge, label = np.array([0.5, 0.4, 0.6]), np.array([1, 0, 1])
share, mean = calibration_curve(label, on_an_edge, n_bins=2)
bins = metrics.reliability_bins(label, on_an_edge, n_bins=2)
print("scikit-learn:", list(zip(mean.round(3).tolist(), share.round(3).tolist(), strict=True)))
print(
    "PayMe:       ", list(zip(bins.score_mean.tolist(), bins.positive_rate.tolist(), strict=True))
)
assert share.tolist() == [0.5, 1.0]
assert bins.positive_rate.tolist() == [0.0, 1.0]

# The error of calibration of these three rows is 0.1667 in one and 0.4333 in the other.
counts = np.array([2, 1])
theirs = float(counts @ np.abs(share - mean) / 3)
ours = metrics.ece(label, on_an_edge, n_bins=2)
print(f"ECE: {theirs:.4f} with upper edges, {ours:.4f} with lower ones")
assert (round(theirs, 4), round(ours, 4)) == (0.1667, 0.4333)

# %% [markdown]
# Of forecasts that are rounded to one digit, every one lies on an edge.

# %%
rounded = p.round(1)
share, mean = calibration_curve(paid, rounded, n_bins=10)
bins = metrics.reliability_bins(paid, rounded, n_bins=10)
print("points of scikit-learn:", mean.round(2).tolist())
print("points of PayMe:       ", bins.score_mean.round(2).tolist())
# There 0.0 and 0.1 share the first bin, here 0.9 and 1.0 the last one.
assert 0.0 < mean[0] < 0.1
assert bins.score_mean[0] == 0.0
assert 0.9 < bins.score_mean[-1] < 1.0
# Moved by less than half a step, the forecasts lie inside of the same bins, and all is the same.
inside = np.clip(rounded + 0.01, 0.0, 1.0)
share, mean = calibration_curve(paid, inside, n_bins=10)
bins = metrics.reliability_bins(paid, inside, n_bins=10)
np.testing.assert_allclose(bins.positive_rate, share, rtol=1e-12)

# %% [markdown]
# ## Where they differ: bins of equal mass
#
# `strategy="quantile"` puts edges at quantiles and keeps equal forecasts together, so bins may hold
# very different numbers of rows. PayMe divides the block that an edge goes through, so every bin
# has the same mass, whatever the order of the rows. Of distinct forecasts that is one at most.

# %%
few = stream.choice([0.1, 0.2, 0.9], 3_000, p=[0.7, 0.2, 0.1])
came = stream.random(3_000) < few
share, mean = calibration_curve(came, few, n_bins=5, strategy="quantile")
bins = metrics.reliability_bins(came, few, n_bins=5, strategy="quantile")
print("scikit-learn:", len(share), "points; PayMe:", len(bins.weight), "of", bins.weight.tolist())
np.testing.assert_allclose(bins.weight, 600.0)
assert len(share) < len(bins.weight) == 5

# %% [markdown]
# ## How far would chance alone go?
#
# Even true probabilities miss the diagonal by chance. `ece_expected_if_calibrated` says how far: an
# error below its 95th percentile is no sign that a model is wrong.

# %%
for name, labels in (("true", stream.random(20_000) < p), ("promises too much", paid)):
    chance = metrics.ece_expected_if_calibrated(labels, p, seed=1)
    found = metrics.ece(labels, p)
    verdict = "above" if found > chance.percentile_95 else "within"
    print(f"{name}: ECE {found:.4f}, {verdict} what chance shows ({chance.percentile_95:.4f})")
assert metrics.ece(paid, p) > 5 * metrics.ece_expected_if_calibrated(paid, p).percentile_95

# %% [markdown]
# ## Mending it: calibrators and `CalibratedClassifierCV`
#
# `CalibratedClassifierCV` wraps an estimator that is to be fitted, and calibrates its scores. The
# calibrators of PayMe take scores and labels, wherever they come from, and are stored as JSON. Over
# the same held-out scores they fit the same functions: `sigmoid` is Platt with smoothed targets,
# the default here, and `isotonic` is isotonic regression.

# %%
X, y = make_classification(
    20_000, n_features=20, n_informative=6, n_redundant=10, random_state=7, class_sep=0.7
)
train, held_out, fresh = slice(0, 8_000), slice(8_000, 14_000), slice(14_000, None)
model = GaussianNB().fit(X[train], y[train])
scores = model.predict_proba(X)[:, 1]
print(f"as it is:      Brier {brier_score_loss(y[fresh], scores[fresh]):.4f}", end="")
print(f", ECE {metrics.ece(y[fresh], scores[fresh]):.4f}")


class Scores(LogisticRegression):
    """An estimator that is fitted already: its decision is the score that it is given."""

    def decision_function(self, X):
        """The score."""
        return X[:, 0]


stand_in = Scores().fit(scores[train, None], y[train])
for method, ours in (
    ("sigmoid", calibration.PlattCalibrator(tol=1e-12)),
    ("isotonic", calibration.IsotonicCalibrator()),
):
    theirs = CalibratedClassifierCV(FrozenEstimator(stand_in), method=method, cv=2, ensemble=False)
    theirs.fit(scores[held_out, None], y[held_out])
    expected = theirs.predict_proba(scores[fresh, None])[:, 1]
    found = ours.fit(scores[held_out], y[held_out]).predict(scores[fresh])
    apart = float(np.abs(found - expected).max())
    print(f"{method:9}      Brier {metrics.brier_score(y[fresh], found):.4f}", end="")
    print(f", ECE {metrics.ece(y[fresh], found):.4f}; at most {apart:.1e} from scikit-learn")
    assert apart < (1e-4 if method == "sigmoid" else 1e-9)
    assert metrics.ece(y[fresh], found) < 0.5 * metrics.ece(y[fresh], scores[fresh])

# %% [markdown]
# Two more exist here only: temperature, which keeps one half where it is, and beta, which leaves
# alone what is calibrated.

# %%
for ours in (calibration.TemperatureCalibrator(), calibration.BetaCalibrator()):
    inside = scores.clip(1e-12, 1 - 1e-12)
    found = ours.fit(inside[held_out], y[held_out]).predict(inside[fresh])
    print(f"{type(ours).__name__:21} Brier {metrics.brier_score(y[fresh], found):.4f}", end="")
    print(f", ECE {metrics.ece(y[fresh], found):.4f}")
    assert metrics.ece(y[fresh], found) < metrics.ece(y[fresh], scores[fresh])
