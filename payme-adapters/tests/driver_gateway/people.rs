//! Attorneys, their accounts and history, and what claimants are asked and give.

use payme_adapters::driver::ExecuteOptions;
use payme_core::claims::{ClaimState, Filing, SelfReport};
use payme_core::payouts::{AttorneyStatus, Balance, DestinationStatus, Registration, ReviewNote};
use payme_core::sync::{Message, Page, Record, record_id};
use payme_core::types::{Currency, Source};

use super::world::{
    World, key, new_account, new_destination, now, profile, question_id, settlement, usd, user,
    yes_no,
};

#[tokio::test]
async fn an_attorney_registers_once_and_acts_by_a_key() {
    let (world, _) = World::new().await;
    let gateway = &world.gateway;
    let again = gateway.register(user(101), profile("Jane")).await.unwrap();
    assert!(matches!(again, Registration::Stood(attorney) if attorney.id == world.own));
    let first = gateway.issue_key(world.own).await.unwrap();
    assert_eq!(gateway.authenticate(first.reveal()).await.unwrap().id, world.own);
    let second = gateway.issue_key(world.own).await.unwrap();
    assert_ne!(first, second);
    let others = gateway.issue_key(world.other).await.unwrap();
    // The secret of one under the id of another.
    let own_id = second.reveal().rsplit_once('_').unwrap().0;
    let mixed = format!("{own_id}_{}", others.reveal().rsplit_once('_').unwrap().1);
    let nobody = format!("payme_{}_{}", "0".repeat(32), "0".repeat(64));
    for wrong in [first.reveal(), &mixed, &nobody, "payme_", "", "x"] {
        let error = gateway.authenticate(wrong).await.unwrap_err();
        assert_eq!(error.code(), "invalid_api_key");
        assert_eq!(error.to_string(), "the API key is not valid: ask for a new one");
    }
    gateway.set_status(world.own, AttorneyStatus::Suspended).await.unwrap();
    let error = gateway.authenticate(second.reveal()).await.unwrap_err();
    assert_eq!(error.code(), "attorney_suspended");
    let attorneys = gateway.attorneys(None, 9).await.unwrap();
    assert_eq!(attorneys.len(), 2);
    assert_eq!(gateway.attorneys(Some(attorneys[0].id), 9).await.unwrap(), attorneys[1..]);
}

#[tokio::test]
async fn the_log_tells_what_people_did_and_no_names() {
    let (world, _) = World::new().await;
    world.gateway.issue_key(world.own).await.unwrap();
    world.gateway.set_status(world.other, AttorneyStatus::Suspended).await.unwrap();
    world.gateway.set_questions(world.own, settlement(1), vec![yes_no(1, 1)]).await.unwrap();
    world.gateway.revoke_destination(user(1)).await.unwrap();
    let events = world.store.events_after(0, usize::MAX).await.unwrap();
    let kinds: std::collections::BTreeSet<&str> =
        events.iter().map(|one| one.event.body.kind()).collect();
    for kind in [
        "attorney_registered",
        "attorney_status_changed",
        "api_key_issued",
        "destination_linked",
        "destination_revoked",
        "questions_set",
        "claim_moved",
        "claim_answered",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
    let json: Vec<String> =
        events.iter().map(|one| serde_json::to_string(&one.event.body).unwrap()).collect();
    let json = json.join("\n");
    for name in ["Jane", "Doe", "example.com", "Planted", "planted", "Did you"] {
        assert!(!json.contains(name), "{name}");
    }
}

#[tokio::test]
async fn the_same_account_linked_again_is_the_same() {
    let (world, _) = World::new().await;
    let id = world.account(1).await;
    let again = new_account(1, Some(usd(10_000)));
    assert_eq!(world.gateway.link(world.own, again).await.unwrap(), id);
    let details = world.store.account_details(id).await.unwrap().unwrap();
    assert_eq!(details.bank_name, "First Bank");
    let balances = world.gateway.balances(world.own).await.unwrap();
    assert_eq!(balances[0].1.funded, 10_000, "it was opened once");
}

#[tokio::test]
async fn balances_and_history_are_those_of_the_attorney() {
    let (world, _) = World::new().await;
    let (gateway, own) = (&world.gateway, world.own);
    gateway.link(own, new_account(3, Some(usd(300)))).await.unwrap();
    let mut made = Vec::new();
    for (n, cents) in [(1, 700), (2, 800)] {
        gateway.approve(own, settlement(1), user(n), Some(usd(cents)), None).await.unwrap();
        let batch = gateway.create_batch(own, settlement(1), &key(&format!("{n}"))).await.unwrap();
        made.insert(0, batch.batch.id);
    }
    let empty = gateway.create_batch(own, settlement(3), &key("nobody")).await.unwrap();
    assert_eq!(empty.batch.total_transfers, 0);
    made.insert(0, empty.batch.id);
    gateway.execute(own, made[2], ExecuteOptions::default(), |_| {}).await.unwrap();
    let found = gateway.batches(own, None, 9).await.unwrap();
    assert_eq!(found.iter().map(|batch| batch.id).collect::<Vec<_>>(), made, "the newest first");
    let found = gateway.batches(own, Some(made[0]), 1).await.unwrap();
    assert_eq!(found[0].id, made[1]);
    let balances = gateway.balances(own).await.unwrap();
    let sums = Balance::by_currency(balances.iter().map(|(row, of)| (row.currency, *of))).unwrap();
    let expected = Balance {
        funded: 10_300,
        available: 10_300 - 700 - 800,
        reserved: 800,
        in_flight: 0,
        paid: 700,
        returned: 0,
    };
    assert_eq!(sums, [(Currency::USD, expected)]);
    assert!(expected.is_conserved());
    let transfers = gateway.transfers(own, made[2], None, 9).await.unwrap();
    assert_eq!(transfers.len(), 1);
    let told = gateway.reconcile(own, made[2], |_| {}).await.unwrap();
    assert_eq!(told.disagreements, []);
}

#[tokio::test]
async fn a_note_is_kept_with_the_decision_that_is_new() {
    let (world, _) = World::new().await;
    let (gateway, own, one) = (&world.gateway, world.own, settlement(1));
    let note = |text: &'static str| Some(text);
    gateway.approve(own, one, user(1), None, note("Seen the receipt.\nFits.")).await.unwrap();
    gateway.approve(own, one, user(1), None, note("another")).await.unwrap();
    gateway.reject(own, one, user(2), note("No receipt.")).await.unwrap();
    gateway.approve(own, one, user(3), None, None).await.unwrap();
    for (n, expected) in [
        (1, vec![(1, "Seen the receipt.\nFits.")]),
        (2, vec![(0, "No receipt.")]),
        (3, vec![]),
        (4, vec![]),
    ] {
        let reviews = gateway.reviews(own, one, user(n)).await.unwrap();
        let found: Vec<(u32, &str)> =
            reviews.iter().map(|one| (one.attempt, one.note.as_str())).collect();
        assert_eq!(found, expected, "{n}");
    }
    // Those of all claimants of the settlement, and none of another one.
    gateway.reject(world.other, settlement(2), user(1), note("of another")).await.unwrap();
    let mut all = Vec::new();
    let each = |user, one: ReviewNote| all.push((user, one.attempt, one.note.as_str().to_owned()));
    gateway.settlement_reviews(own, one, each).await.unwrap();
    all.sort();
    let expected = [(user(1), 1, "Seen the receipt.\nFits."), (user(2), 0, "No receipt.")];
    assert_eq!(all, expected.map(|(user, attempt, text)| (user, attempt, text.to_owned())));
}

#[tokio::test]
async fn a_claim_is_filed_with_answers_and_own_records() {
    let (world, _) = World::new().await;
    let (gateway, one) = (&world.gateway, settlement(1));
    gateway.set_questions(world.own, one, vec![yes_no(1, 1)]).await.unwrap();
    let random = std::sync::Arc::new(payme_adapters::system::CountedRandom::new(1 << 50));
    let clock = std::sync::Arc::new(payme_adapters::system::FixedClock(now()));
    let driver = payme_adapters::driver::Driver::new(world.store.clone(), clock, random);
    let mut records = Vec::new();
    for n in [10, 1] {
        let message = Message {
            id: record_id(user(n), Source::Gmail, "m"),
            date: None,
            subject: "Your order".to_owned(),
            snippet: String::new(),
            extra: None,
        };
        records.push(message.id);
        let page = Page { upserts: vec![Record::Message(message)], ..Page::default() };
        driver.import_records(user(n), Source::Gmail, vec![page]).await.unwrap();
    }
    let submit = |answer: &'static str, record: usize| {
        let answers = vec![(question_id(1), answer.to_owned())];
        let filing = Filing { answers, evidence: vec![records[record]] };
        gateway.submit_claim(user(10), one, filing)
    };
    let early = submit("yes", 0).await.unwrap_err();
    assert_eq!(early.code(), "illegal_claim_move", "it was not opened");
    gateway.open_claim(user(10), one).await.unwrap();
    let error = submit("perhaps", 1).await.unwrap_err();
    assert_eq!(error.code(), "invalid_answers");
    let text = error.to_string();
    assert!(text.contains("yes or no") && text.contains("claimant's"), "every reason: {text}");
    assert!(!text.contains("perhaps"));
    assert_eq!(gateway.claim(user(10), one).await.unwrap().unwrap().state, ClaimState::Opened);
    let claim = submit(" Yes", 0).await.unwrap();
    assert_eq!(claim.state, ClaimState::Submitted);
    let filed = gateway.filed(user(10), one).await.unwrap().unwrap();
    assert_eq!((filed.answers[0].value.as_str(), &filed.evidence[..]), ("yes", &records[..1]));
    // Other questions replace these; what was answered stays.
    gateway.set_questions(world.own, one, vec![yes_no(2, 1)]).await.unwrap();
    assert_eq!(gateway.questions(one).await.unwrap()[0].id, question_id(2));
    assert_eq!(gateway.filed(user(10), one).await.unwrap().unwrap(), filed);
    let before = world.store.questions(one, filed.questions).await.unwrap().unwrap();
    assert_eq!(before.questions[0].id, question_id(1));
}

#[tokio::test]
async fn an_outcome_is_reported_only_where_no_attorney_pays() {
    let (world, _) = World::new().await;
    let (gateway, none) = (&world.gateway, settlement(3));
    let paid = SelfReport::Paid;
    let error = gateway.report_claim(user(1), settlement(1), paid).await.unwrap_err();
    assert_eq!(error.code(), "outcome_is_known");
    gateway.open_claim(user(1), none).await.unwrap();
    gateway.submit_claim(user(1), none, Filing::default()).await.unwrap();
    let claim = gateway.report_claim(user(1), none, paid).await.unwrap();
    assert_eq!(claim.state, ClaimState::PaidOut);
}

#[tokio::test]
async fn a_new_destination_revokes_the_one_before() {
    let (world, _) = World::new().await;
    let gateway = &world.gateway;
    let first = gateway.destination_of(user(1)).await.unwrap().unwrap();
    let same = gateway.link_destination(user(1), new_destination(1)).await.unwrap();
    assert_eq!(same, first, "the same again changes nothing");
    let second = gateway.link_destination(user(1), new_destination(77)).await.unwrap();
    let all = world.store.destinations(user(1)).await.unwrap();
    let statuses: Vec<_> = all.iter().map(|one| (one.id, one.status)).collect();
    let expected = [(first.id, DestinationStatus::Revoked), (second.id, DestinationStatus::Active)];
    assert_eq!(statuses, expected);
    assert!(gateway.revoke_destination(user(1)).await.unwrap());
    assert!(!gateway.revoke_destination(user(1)).await.unwrap());
    assert_eq!(gateway.destination_of(user(1)).await.unwrap(), None);
}
