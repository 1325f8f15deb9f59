//! When claims are opened and filed: the statuses of a settlement against the moments around its
//! deadline, and what a filed claim does not ask any more.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    Claim, ClaimError, ClaimMove, ClaimState, Filing, FilingError, FilingTerms, SelfReport,
    file_claim, open_claim, report_outcome,
};
use crate::catalog::{Settlement, Status, parse_settlements};
use crate::types::{Currency, Deadline, Instant, UserId, Version};

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn settlement(status: Status, deadline: Option<&str>) -> Settlement {
    let file = br#"[{"title": "One", "eligibility": {"required_features": [], "states": []}}]"#;
    let plain = parse_settlements(file).unwrap().all().unwrap().remove(0);
    let deadline = deadline.map(|text| Deadline::parse(text).unwrap());
    Settlement { status, deadline, ..plain }
}

fn claim(state: ClaimState, settlement: &Settlement) -> Claim {
    let user_id = UserId::from_uuid(uuid::Uuid::nil());
    let moved_at = at("2026-01-01T00:00:00Z");
    Claim { user_id, settlement_id: settlement.id, state, moved_at, version: Version::FIRST }
}

fn submit(claim: &Claim, settlement: &Settlement, now: Instant) -> Result<Claim, ClaimError> {
    let own = BTreeSet::new();
    let terms = FilingTerms { settlement, questions: None, own: &own, currency: Currency::USD };
    match file_claim(claim, terms, &Filing::default(), now) {
        Ok((moved, _)) => Ok(moved),
        Err(FilingError::Claim(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// What opening and submitting answer, as a word.
fn answers(settlement: &Settlement, now: Instant) -> [&'static str; 2] {
    let word = |answer: Result<Claim, ClaimError>| answer.map_or_else(|error| error.code(), |_| "");
    [
        word(open_claim(&claim(ClaimState::Matched, settlement), settlement, now)),
        word(submit(&claim(ClaimState::Opened, settlement), settlement, now)),
    ]
}

#[test]
fn claims_are_taken_while_the_table_says() {
    const NOT_OPEN: &str = "settlement_not_open";
    const LATE: &str = "claim_deadline_passed";
    let new_york = Some("2026-02-19[America/New_York]");
    let (tokyo, instant) = (Some("2026-02-19[Asia/Tokyo]"), Some("2026-02-19T23:59:00Z"));
    #[rustfmt::skip]
    let table = [
        // status            deadline  now                           answer
        (Status::Open,      None,     "2026-02-19T12:00:00Z",        ""),
        (Status::Open,      None,     "9999-01-01T00:00:00Z",        ""),
        // The day of the deadline counts to its end, where the deadline says that it ends.
        (Status::Open,      new_york, "2026-02-19T12:00:00Z",        ""),
        (Status::Open,      new_york, "2026-02-20T04:59:59.999999Z", ""),
        (Status::Open,      new_york, "2026-02-20T05:00:00Z",        LATE),
        (Status::Open,      tokyo,    "2026-02-19T14:59:59.999999Z", ""),
        (Status::Open,      tokyo,    "2026-02-19T15:00:00Z",        LATE),
        (Status::Open,      instant,  "2026-02-19T23:59:00Z",        ""),
        (Status::Open,      instant,  "2026-02-19T23:59:00.000001Z", LATE),
        // Where it is not open either, that is what is told.
        (Status::Pending,   new_york, "2026-02-19T12:00:00Z",        NOT_OPEN),
        (Status::Pending,   None,     "2026-02-19T12:00:00Z",        NOT_OPEN),
        (Status::Closed,    new_york, "2026-02-19T12:00:00Z",        NOT_OPEN),
        (Status::Closed,    new_york, "2026-02-20T05:00:00Z",        NOT_OPEN),
        (Status::Paid,      None,     "2026-02-19T12:00:00Z",        NOT_OPEN),
        (Status::Cancelled, None,     "2026-02-19T12:00:00Z",        NOT_OPEN),
    ];
    for (status, deadline, now, expected) in table {
        let found = answers(&settlement(status, deadline), at(now));
        assert_eq!(found, [expected; 2], "{status:?} {deadline:?} {now}");
    }
}

#[test]
fn a_refusal_names_the_settlement_and_what_is_in_the_way() {
    let now = at("2026-02-20T05:00:00Z");
    let late = settlement(Status::Open, Some("2026-02-19[America/New_York]"));
    let error = open_claim(&claim(ClaimState::Matched, &late), &late, now).unwrap_err();
    let last = at("2026-02-20T04:59:59.999999Z");
    assert_eq!(error, ClaimError::DeadlinePassed { settlement_id: late.id, last });
    assert!(error.to_string().contains(&last.to_string()), "{error}");
    let closed = settlement(Status::Closed, None);
    let error = submit(&claim(ClaimState::Opened, &closed), &closed, now).unwrap_err();
    assert!(error.to_string().contains("is closed: claims are opened and filed only"), "{error}");
    // Who filed in time and asks again hears about the claim, and not about the settlement.
    let again = submit(&claim(ClaimState::Submitted, &late), &late, now).unwrap_err();
    let (from, event) = (ClaimState::Submitted, ClaimMove::Submit);
    assert_eq!(again, ClaimError::Illegal { from, event });
}

proptest! {
    #[test]
    fn a_claim_is_begun_and_filed_exactly_while_its_settlement_takes_claims(
        status in prop::sample::select(Status::ALL.to_vec()),
        deadline in prop::option::of(-3_i64..=3),
        state in prop::sample::select(ClaimState::ALL.to_vec()),
    ) {
        let now = at("2026-02-19T12:00:00Z");
        let text = deadline.map(|micros| now.plus_micros(micros).to_string());
        let of = settlement(status, text.as_deref());
        let claim = claim(state, &of);
        let opened = open_claim(&claim, &of, now).is_ok();
        prop_assert_eq!(opened, state == ClaimState::Matched && of.takes_claims(now));
        let filed = submit(&claim, &of, now).is_ok();
        prop_assert_eq!(filed, state == ClaimState::Opened && of.takes_claims(now));
    }

    #[test]
    fn what_was_filed_goes_on_whatever_became_of_the_settlement(
        paid in any::<bool>(),
        years in 0_i64..500,
    ) {
        // Nothing behind the filing is told the settlement; a century later it moves as it did.
        let of = settlement(Status::Open, Some("2026-02-19[America/New_York]"));
        let filed = submit(&claim(ClaimState::Opened, &of), &of, at("2026-02-19T12:00:00Z")).unwrap();
        let later = filed.moved_at.plus_micros(years * 365 * 86_400_000_000);
        let moves = if paid {
            vec![ClaimMove::Approve, ClaimMove::Pay, ClaimMove::Return, ClaimMove::Approve]
        } else {
            vec![ClaimMove::Approve, ClaimMove::Fail, ClaimMove::Approve, ClaimMove::Pay]
        };
        let walked = moves.into_iter().try_fold(filed.clone(), |it, next| it.moved(next, later));
        prop_assert!(walked.is_ok());
        prop_assert!(report_outcome(&filed, SelfReport::Paid, false, later).is_ok());
        prop_assert!(filed.moved(ClaimMove::Reject, later).is_ok());
    }
}
