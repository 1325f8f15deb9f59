//! Every campaign of `benches/accuracy`, small: each figure keeps to its bound.

#[path = "../benches/accuracy/campaigns/mod.rs"]
mod campaigns;

use campaigns::CAMPAIGNS;
use campaigns::figure::{Bound, Figure, Size};

#[test]
fn every_figure_keeps_to_its_bound() {
    for campaign in CAMPAIGNS {
        let figures = (campaign.run)(Size::Small);
        assert!(figures.iter().any(|figure| figure.bound != Bound::Told), "{}", campaign.name);
        let missed: Vec<_> = figures.iter().filter(|figure| !figure.holds()).collect();
        assert!(missed.is_empty(), "{} ({}): {missed:#?}", campaign.name, campaign.about);
    }
}

#[test]
fn a_figure_misses_its_bound_on_the_wrong_side_or_without_cases() {
    #[rustfmt::skip]
    let table = [
        (Bound::AtLeast(0.5), 1, 2, true),
        (Bound::AtLeast(0.5), 1, 3, false),
        (Bound::AtLeast(0.0), 0, 0, false),
        (Bound::AtMost(0.0),  0, 9, true),
        (Bound::AtMost(0.1),  1, 9, false),
        (Bound::AtMost(0.1),  0, 0, false),
        (Bound::Told,         0, 0, true),
    ];
    for (bound, right, cases, holds) in table {
        let figure = Figure::share("a share", right, cases, bound);
        assert_eq!(figure.holds(), holds, "{figure:?}");
    }
}
