//! Reconciliation: whether rows, ledger and rail tell the same of a batch, and where they do not.
//!
//! In: a batch, and page by page its transfers with their postings and what the rail knows. Out: a
//! [`Reconciliation`] with every disagreement. Nothing is changed and nothing is made to fit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ledger::sum;
use super::{
    Account, AmountError, Batch, Meaning, Posting, PostingKind, ProviderTransferId, RailTransfer,
    Transfer, TransferState,
};
use crate::types::{Currency, Instant, PayoutBatchId, SettlementId, TransferId, UserId};

/// Something that rows, ledger and rail do not agree about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Disagreement {
    /// A figure of the batch is not that of its transfers.
    BatchFigure {
        /// Which.
        figure: Figure,
        /// What the batch says.
        batch: i64,
        /// What its transfers come to.
        transfers: i64,
    },
    /// A figure of the batch is not that of its postings.
    LedgerFigure {
        /// Which.
        figure: Figure,
        /// What the batch says.
        batch: i64,
        /// What its postings come to.
        postings: i64,
    },
    /// A transfer lacks a movement of money.
    PostingMissing {
        /// The transfer.
        transfer_id: TransferId,
        /// Which movement.
        posting: PostingKind,
    },
    /// A transfer has a movement of money that it should not have, or twice.
    PostingExtra {
        /// The transfer.
        transfer_id: TransferId,
        /// Which movement.
        posting: PostingKind,
    },
    /// A movement of money is of another amount than its transfer.
    PostingAmount {
        /// The transfer.
        transfer_id: TransferId,
        /// Which movement.
        posting: PostingKind,
    },
    /// The rail does not know a transfer that it once had.
    NotAtRail {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// The rail has a transfer that was not sent, by what is stored.
    OnlyAtRail {
        /// The transfer, where there is one.
        transfer_id: Option<TransferId>,
        /// What the rail calls it.
        provider_transfer_id: ProviderTransferId,
    },
    /// The rail moves another amount.
    RailAmount {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// The rail calls it by another name than is stored.
    RailName {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// The rail says that the money is elsewhere.
    RailState {
        /// The transfer.
        transfer_id: TransferId,
        /// What is stored.
        state: TransferState,
        /// What the rail says.
        rail: super::RailStatus,
    },
}

crate::types::words!(
    /// A figure of a batch.
    Figure {
        /// How many transfers.
        TotalTransfers = "total_transfers",
        /// How many arrived.
        SuccessfulTransfers = "successful_transfers",
        /// How many failed.
        FailedTransfers = "failed_transfers",
        /// How many came back.
        ReturnedTransfers = "returned_transfers",
        /// What the transfers add up to.
        TotalAmount = "total_amount",
        /// What is set aside.
        Reserved = "reserved",
        /// What is on its way.
        InFlight = "in_flight",
        /// What arrived.
        Paid = "paid",
    }
);

/// A transfer in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransferLine {
    /// The transfer.
    pub transfer_id: TransferId,
    /// The person.
    pub user_id: UserId,
    /// How much, in minor units.
    pub amount_cents: i64,
    /// Where it stands.
    pub status: TransferState,
    /// When it began to be sent.
    pub initiated_at: Option<Instant>,
    /// When it arrived or failed.
    pub completed_at: Option<Instant>,
    /// Why it failed or came back.
    pub failure_reason: Option<String>,
}

/// What became of a batch, and whether everybody agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// The batch.
    pub batch_id: PayoutBatchId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// Where it stands.
    pub status: super::BatchState,
    /// The currency of all amounts.
    pub currency: Currency,
    /// How many transfers it has.
    pub total_transfers: u32,
    /// How many arrived.
    pub successful_transfers: u32,
    /// How many failed.
    pub failed_transfers: u32,
    /// How many came back.
    pub returned_transfers: u32,
    /// What its transfers add up to, in minor units.
    pub total_amount_cents: i64,
    /// What arrived and stayed, in minor units.
    pub paid_amount_cents: i64,
    /// Whether the rail said what it knows. Where not, only rows and ledger were compared.
    pub rail_checked: bool,
    /// What does not agree.
    pub disagreements: Vec<Disagreement>,
}

impl Reconciliation {
    /// The check in one line.
    pub fn check_line(&self) -> String {
        let who = if self.rail_checked { "rows, ledger and rail" } else { "rows and ledger" };
        match self.disagreements.len() {
            0 if self.rail_checked => format!("{who} agree"),
            0 => format!("{who} agree; the rail could not be asked"),
            1 => format!("{who} disagree about one thing"),
            n => format!("{who} disagree about {n} things"),
        }
    }
}

/// Compares a batch, fed page by page.
#[derive(Debug)]
pub struct Reconciler {
    report: Reconciliation,
    told: BTreeMap<Figure, i64>,
    counted: BTreeMap<Figure, i64>,
    posted: BTreeMap<Figure, i64>,
    at_rail: BTreeMap<String, Vec<RailTransfer>>,
}

impl Reconciler {
    /// Begins with the batch and its account.
    pub fn new(batch: &Batch, account: &Account) -> Self {
        let told = [
            (Figure::TotalTransfers, i64::from(batch.total_transfers)),
            (Figure::SuccessfulTransfers, i64::from(batch.successful_transfers)),
            (Figure::FailedTransfers, i64::from(batch.failed_transfers)),
            (Figure::ReturnedTransfers, i64::from(batch.returned_transfers)),
            (Figure::TotalAmount, batch.total_amount),
            (Figure::Reserved, batch.held.reserved),
            (Figure::InFlight, batch.held.in_flight),
            (Figure::Paid, batch.held.paid),
        ];
        let report = Reconciliation {
            batch_id: batch.id,
            settlement_id: batch.settlement_id,
            status: batch.state,
            currency: account.currency,
            total_transfers: batch.total_transfers,
            successful_transfers: batch.successful_transfers,
            failed_transfers: batch.failed_transfers,
            returned_transfers: batch.returned_transfers,
            total_amount_cents: batch.total_amount,
            paid_amount_cents: batch.held.paid,
            rail_checked: false,
            disagreements: Vec::new(),
        };
        let (counted, posted) = (BTreeMap::new(), BTreeMap::new());
        Self { report, told: told.into(), counted, posted, at_rail: BTreeMap::new() }
    }

    /// Takes in transfers that the rail lists, each with the key it was sent under. Those of other
    /// batches are passed over.
    pub fn rail(&mut self, listed: impl IntoIterator<Item = (String, RailTransfer)>) {
        self.report.rail_checked = true;
        let own = format!("transfer:{}:", self.report.batch_id);
        for (key, transfer) in listed {
            if key.starts_with(&own) {
                self.at_rail.entry(key).or_default().push(transfer);
            }
        }
    }

    /// Takes in the postings that are about the batch and no transfer.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn batch_postings(&mut self, postings: &[Posting]) -> Result<(), AmountError> {
        postings.iter().try_for_each(|posting| self.post(posting))
    }

    /// Takes in a transfer with its postings.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn transfer(
        &mut self,
        transfer: &Transfer,
        postings: &[Posting],
    ) -> Result<TransferLine, AmountError> {
        self.count(transfer)?;
        for posting in postings {
            self.post(posting)?;
        }
        self.compare_postings(transfer, postings);
        if self.report.rail_checked {
            self.compare_rail(transfer);
        }
        Ok(TransferLine {
            transfer_id: transfer.id,
            user_id: transfer.user_id,
            amount_cents: transfer.amount.minor(),
            status: transfer.state,
            initiated_at: transfer.initiated_at,
            completed_at: transfer.completed_at,
            failure_reason: transfer.failure_reason.clone(),
        })
    }

    fn count(&mut self, transfer: &Transfer) -> Result<(), AmountError> {
        let cents = transfer.amount.minor();
        add(&mut self.counted, Figure::TotalTransfers, 1)?;
        add(&mut self.counted, Figure::TotalAmount, cents)?;
        match transfer.state {
            TransferState::Pending => {}
            TransferState::Processing | TransferState::Unknown => {
                add(&mut self.counted, Figure::InFlight, cents)?;
            }
            TransferState::Completed => {
                add(&mut self.counted, Figure::SuccessfulTransfers, 1)?;
                add(&mut self.counted, Figure::Paid, cents)?;
            }
            TransferState::Failed => add(&mut self.counted, Figure::FailedTransfers, 1)?,
            TransferState::Returned => {
                add(&mut self.counted, Figure::SuccessfulTransfers, 1)?;
                add(&mut self.counted, Figure::ReturnedTransfers, 1)?;
            }
        }
        Ok(())
    }

    fn post(&mut self, posting: &Posting) -> Result<(), AmountError> {
        let figure = |place| match place {
            super::Place::Reserved => Some(Figure::Reserved),
            super::Place::InFlight => Some(Figure::InFlight),
            super::Place::Paid => Some(Figure::Paid),
            super::Place::Funded | super::Place::Available => None,
        };
        let cents = posting.amount.minor();
        if let Some(from) = figure(posting.kind.from()) {
            add(&mut self.posted, from, -cents)?;
        }
        if let Some(to) = figure(posting.kind.to()) {
            add(&mut self.posted, to, cents)?;
        }
        Ok(())
    }

    fn compare_postings(&mut self, transfer: &Transfer, postings: &[Posting]) {
        let transfer_id = transfer.id;
        let wanted: &[PostingKind] = match transfer.state {
            TransferState::Pending => &[],
            TransferState::Processing | TransferState::Unknown => &[PostingKind::Send],
            TransferState::Completed => &[PostingKind::Send, PostingKind::Settle],
            TransferState::Failed => &[PostingKind::Send, PostingKind::Fail],
            TransferState::Returned => {
                &[PostingKind::Send, PostingKind::Settle, PostingKind::Return]
            }
        };
        let found = &mut self.report.disagreements;
        for posting in PostingKind::ALL.iter().copied() {
            let own = postings.iter().filter(|one| one.kind == posting);
            let (there, needed) = (own.clone().count(), usize::from(wanted.contains(&posting)));
            if there < needed {
                found.push(Disagreement::PostingMissing { transfer_id, posting });
            }
            if there > needed {
                found.push(Disagreement::PostingExtra { transfer_id, posting });
            }
            if own.into_iter().any(|one| one.amount != transfer.amount) {
                found.push(Disagreement::PostingAmount { transfer_id, posting });
            }
        }
    }

    fn compare_rail(&mut self, transfer: &Transfer) {
        let transfer_id = transfer.id;
        let listed = self.at_rail.remove(&transfer.key().to_string()).unwrap_or_default();
        let name = transfer.provider_transfer_id.as_ref();
        // Of several that one key sent, the one that is known by its name is the right one.
        let is_own = |one: &&RailTransfer| name.is_none_or(|name| *name == one.id);
        let own = listed.iter().find(is_own).or_else(|| listed.first());
        let found = &mut self.report.disagreements;
        for other in listed.iter().filter(|one| own.is_none_or(|own| own.id != one.id)) {
            found.push(Disagreement::OnlyAtRail {
                transfer_id: Some(transfer_id),
                provider_transfer_id: other.id.clone(),
            });
        }
        let Some(own) = own else {
            if name.is_some() {
                found.push(Disagreement::NotAtRail { transfer_id });
            }
            return;
        };
        if name.is_some_and(|name| *name != own.id) {
            found.push(Disagreement::RailName { transfer_id });
        }
        if own.amount != transfer.amount {
            found.push(Disagreement::RailAmount { transfer_id });
        }
        let (state, rail) = (transfer.state, own.status);
        let agrees = match state {
            TransferState::Pending => {
                found.push(Disagreement::OnlyAtRail {
                    transfer_id: Some(transfer_id),
                    provider_transfer_id: own.id.clone(),
                });
                return;
            }
            // What the rail did since it was asked last is no disagreement.
            TransferState::Processing | TransferState::Unknown => true,
            TransferState::Completed => rail.meaning() == Meaning::Arrived,
            TransferState::Failed => rail.meaning() == Meaning::NotMoved,
            TransferState::Returned => rail.meaning() == Meaning::CameBack,
        };
        if !agrees {
            found.push(Disagreement::RailState { transfer_id, state, rail });
        }
    }

    /// The report, after the last transfer.
    pub fn finish(mut self) -> Reconciliation {
        for figure in Figure::ALL {
            let at = |figures: &BTreeMap<Figure, i64>| figures.get(figure).copied().unwrap_or(0);
            let (batch, transfers, postings) =
                (at(&self.told), at(&self.counted), at(&self.posted));
            // What is set aside follows from postings alone: transfers do not say it.
            if *figure != Figure::Reserved && batch != transfers {
                let figure = *figure;
                let one = Disagreement::BatchFigure { figure, batch, transfers };
                self.report.disagreements.push(one);
            }
            let is_money = matches!(figure, Figure::Reserved | Figure::InFlight | Figure::Paid);
            if is_money && batch != postings {
                let figure = *figure;
                let one = Disagreement::LedgerFigure { figure, batch, postings };
                self.report.disagreements.push(one);
            }
        }
        for transfer in self.at_rail.into_values().flatten() {
            self.report.disagreements.push(Disagreement::OnlyAtRail {
                transfer_id: None,
                provider_transfer_id: transfer.id,
            });
        }
        self.report
    }
}

fn add(figures: &mut BTreeMap<Figure, i64>, figure: Figure, minor: i64) -> Result<(), AmountError> {
    let at = figures.entry(figure).or_default();
    *at = sum(*at, minor)?;
    Ok(())
}
