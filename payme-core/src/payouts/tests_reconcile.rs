//! Each kind of disagreement, planted and found, and nothing else with it.

use super::*;
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Currency, Instant, PayoutBatchId, SettlementId, TransferId,
    UserId, Version,
};

fn uuid(kind: u8, n: u8) -> uuid::Uuid {
    uuid::Uuid::from_bytes([kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, n])
}

fn transfer_id(n: u8) -> TransferId {
    TransferId::from_uuid(uuid(5, n))
}

/// A batch with one transfer in each state, its postings, and a rail that agrees.
struct Case {
    account: Account,
    batch: Batch,
    transfers: Vec<Transfer>,
    postings: Vec<Posting>,
    rail: Option<Vec<(String, RailTransfer)>>,
}

fn posting(transfer: Option<&Transfer>, kind: PostingKind, minor: i64) -> Posting {
    Posting {
        account_id: AccountId::from_uuid(uuid(1, 1)),
        batch_id: Some(PayoutBatchId::from_uuid(uuid(4, 1))),
        transfer_id: transfer.map(|row| row.id),
        kind,
        amount: Amount::new(minor).unwrap(),
    }
}

impl Case {
    fn agreeing() -> Self {
        let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        let account = Account {
            id: AccountId::from_uuid(uuid(1, 1)),
            attorney_id: AttorneyId::from_uuid(uuid(2, 1)),
            settlement_id: SettlementId::from_uuid(uuid(3, 1)),
            currency: Currency::USD,
            rail: "mock".to_owned(),
            status: AccountStatus::Active,
            funded: 1_000,
            available: 0,
            linked_at: at,
            version: Version::FIRST,
        };
        let batch_id = PayoutBatchId::from_uuid(uuid(4, 1));
        let mut batch = Batch::new(batch_id, &account, RequestKey::new("k").unwrap(), at);
        let mut postings = Vec::new();
        let mut transfers = Vec::new();
        let mut rail = Vec::new();
        for (n, state) in (1_u8..).zip(TransferState::ALL.iter().copied()) {
            let amount = Amount::new(i64::from(n) * 100).unwrap();
            let keys = (batch_id, ApprovalId::from_uuid(uuid(6, n)));
            let mut row =
                Transfer::new(transfer_id(n), keys, UserId::from_uuid(uuid(7, n)), amount);
            row.state = state;
            let kinds: &[PostingKind] = match state {
                TransferState::Pending => &[],
                TransferState::Processing | TransferState::Unknown => &[PostingKind::Send],
                TransferState::Completed => &[PostingKind::Send, PostingKind::Settle],
                TransferState::Failed => &[PostingKind::Send, PostingKind::Fail],
                TransferState::Returned => {
                    &[PostingKind::Send, PostingKind::Settle, PostingKind::Return]
                }
            };
            postings.extend(kinds.iter().map(|kind| posting(Some(&row), *kind, amount.minor())));
            let status = match state {
                TransferState::Pending | TransferState::Unknown => None,
                TransferState::Processing => Some(RailStatus::Posted),
                TransferState::Completed => Some(RailStatus::Settled),
                TransferState::Failed => Some(RailStatus::Failed),
                TransferState::Returned => Some(RailStatus::Returned),
            };
            if let Some(status) = status {
                let id = ProviderTransferId(format!("rail-{n}"));
                row.provider_transfer_id = Some(id.clone());
                rail.push((
                    row.key().to_string(),
                    RailTransfer { id, amount, status, reason: None },
                ));
            }
            batch.total_amount += amount.minor();
            transfers.push(row);
        }
        postings.push(posting(None, PostingKind::Reserve, batch.total_amount));
        batch.total_transfers = 6;
        // Completed (4) and returned (6), failed (5); on their way are 2 and 3.
        (batch.successful_transfers, batch.failed_transfers, batch.returned_transfers) = (2, 1, 1);
        batch.held = Held { reserved: 100 + 500, in_flight: 200 + 300, paid: 400 };
        Self { account, batch, transfers, postings, rail: Some(rail) }
    }

    fn found(self) -> Vec<Disagreement> {
        let mut reconciler = Reconciler::new(&self.batch, &self.account);
        let whole: Vec<Posting> =
            self.postings.iter().filter(|one| one.transfer_id.is_none()).copied().collect();
        reconciler.batch_postings(&whole).unwrap();
        if let Some(rail) = self.rail {
            reconciler.rail(rail);
        }
        for transfer in &self.transfers {
            let own = self.postings.iter().filter(|one| one.transfer_id == Some(transfer.id));
            let own: Vec<Posting> = own.copied().collect();
            let line = reconciler.transfer(transfer, &own).unwrap();
            assert_eq!((line.transfer_id, line.status), (transfer.id, transfer.state));
        }
        reconciler.finish().disagreements
    }
}

/// A difference to plant.
type Plant = fn(&mut Case);

fn planted(plant: impl FnOnce(&mut Case)) -> Vec<Disagreement> {
    let mut case = Case::agreeing();
    plant(&mut case);
    case.found()
}

fn listed(case: &mut Case) -> &mut Vec<(String, RailTransfer)> {
    case.rail.as_mut().unwrap()
}

#[test]
fn where_all_agree_nothing_is_listed() {
    assert_eq!(planted(|_| {}), []);
    assert_eq!(planted(|case| case.rail = None), [], "a rail that is silent says nothing");
    let other = |case: &mut Case| {
        let key = TransferKey::new(
            PayoutBatchId::from_uuid(uuid(4, 2)),
            ApprovalId::from_uuid(uuid(6, 1)),
        );
        let transfer = listed(case)[0].1.clone();
        listed(case).push((key.to_string(), transfer));
    };
    assert_eq!(planted(other), [], "what is of another batch is not asked about");
}

#[test]
fn each_difference_in_the_rows_is_listed_alone() {
    let figure =
        |figure, batch, transfers| vec![Disagreement::BatchFigure { figure, batch, transfers }];
    let cases: [(Plant, _); 5] = [
        (|case| case.batch.total_transfers = 7, figure(Figure::TotalTransfers, 7, 6)),
        (|case| case.batch.successful_transfers = 3, figure(Figure::SuccessfulTransfers, 3, 2)),
        (|case| case.batch.failed_transfers = 0, figure(Figure::FailedTransfers, 0, 1)),
        (|case| case.batch.returned_transfers = 0, figure(Figure::ReturnedTransfers, 0, 1)),
        (|case| case.batch.total_amount += 1, figure(Figure::TotalAmount, 2_101, 2_100)),
    ];
    for (plant, expected) in cases {
        assert_eq!(planted(plant), expected);
    }
    // Where the money of a batch is, rows and postings both say.
    let held = planted(|case| case.batch.held.paid += 5);
    let figure = Figure::Paid;
    assert_eq!(
        held,
        [
            Disagreement::BatchFigure { figure, batch: 405, transfers: 400 },
            Disagreement::LedgerFigure { figure, batch: 405, postings: 400 },
        ]
    );
    let held = planted(|case| case.batch.held.reserved += 5);
    let figure = Figure::Reserved;
    assert_eq!(held, [Disagreement::LedgerFigure { figure, batch: 605, postings: 600 }]);
}

#[test]
fn each_difference_in_the_ledger_is_listed_with_the_sums_it_moves() {
    let transfer_id = transfer_id(4);
    let of_four = |one: &Posting, kind| one.transfer_id == Some(transfer_id) && one.kind == kind;
    let missing = planted(|case| case.postings.retain(|one| !of_four(one, PostingKind::Settle)));
    assert_eq!(
        missing,
        [
            Disagreement::PostingMissing { transfer_id, posting: PostingKind::Settle },
            Disagreement::LedgerFigure { figure: Figure::InFlight, batch: 500, postings: 900 },
            Disagreement::LedgerFigure { figure: Figure::Paid, batch: 400, postings: 0 },
        ]
    );
    let twice = planted(|case| {
        let send = *case.postings.iter().find(|one| of_four(one, PostingKind::Send)).unwrap();
        case.postings.push(send);
    });
    assert_eq!(twice[0], Disagreement::PostingExtra { transfer_id, posting: PostingKind::Send });
    assert_eq!(twice.len(), 3, "{twice:?}");
    let amount = planted(|case| {
        let at = case.postings.iter().position(|one| of_four(one, PostingKind::Settle)).unwrap();
        case.postings[at].amount = Amount::new(399).unwrap();
    });
    assert_eq!(
        amount[0],
        Disagreement::PostingAmount { transfer_id, posting: PostingKind::Settle }
    );
    assert_eq!(amount.len(), 3, "{amount:?}");
}

#[test]
fn each_difference_at_the_rail_is_listed_alone() {
    let (id, name) = (transfer_id(4), ProviderTransferId("rail-4".to_owned()));
    let of_four = |one: &&mut (String, RailTransfer)| one.1.id.0 == "rail-4";
    let gone = planted(|case| listed(case).retain(|one| one.1.id.0 != "rail-4"));
    assert_eq!(gone, [Disagreement::NotAtRail { transfer_id: id }]);
    let amount = planted(|case| {
        listed(case).iter_mut().find(of_four).unwrap().1.amount = Amount::new(1).unwrap();
    });
    assert_eq!(amount, [Disagreement::RailAmount { transfer_id: id }]);
    let renamed = planted(|case| {
        listed(case).iter_mut().find(of_four).unwrap().1.id.0 = "another".to_owned();
    });
    assert_eq!(renamed, [Disagreement::RailName { transfer_id: id }]);
    let state = planted(|case| {
        listed(case).iter_mut().find(of_four).unwrap().1.status = RailStatus::Returned;
    });
    let (completed, returned) = (TransferState::Completed, RailStatus::Returned);
    assert_eq!(
        state,
        [Disagreement::RailState { transfer_id: id, state: completed, rail: returned }]
    );
    let twice = planted(|case| {
        let (key, mut second) = listed(case).iter().find(|one| one.1.id == name).cloned().unwrap();
        second.id.0 = "second".to_owned();
        listed(case).insert(0, (key, second));
    });
    let provider_transfer_id = ProviderTransferId("second".to_owned());
    assert_eq!(
        twice,
        [Disagreement::OnlyAtRail { transfer_id: Some(id), provider_transfer_id }],
        "the money that was sent twice"
    );
    let unsent = planted(|case| {
        let (key, amount) = (case.transfers[0].key().to_string(), case.transfers[0].amount);
        let (id, status) = (ProviderTransferId("early".to_owned()), RailStatus::Posted);
        listed(case).push((key, RailTransfer { id, amount, status, reason: None }));
    });
    let provider_transfer_id = ProviderTransferId("early".to_owned());
    let transfer_id = Some(transfer_id(1));
    assert_eq!(unsent, [Disagreement::OnlyAtRail { transfer_id, provider_transfer_id }]);
    let unknown = planted(|case| {
        let batch_id = case.batch.id;
        let key = TransferKey::new(batch_id, ApprovalId::from_uuid(uuid(6, 99))).to_string();
        let stray = RailTransfer {
            id: ProviderTransferId("stray".to_owned()),
            ..listed(case)[0].1.clone()
        };
        listed(case).push((key, stray));
    });
    let provider_transfer_id = ProviderTransferId("stray".to_owned());
    assert_eq!(unknown, [Disagreement::OnlyAtRail { transfer_id: None, provider_transfer_id }]);
}
