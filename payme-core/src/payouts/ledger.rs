//! Double entry: every movement of money is one posting between two places of one account.
//!
//! In: postings. Out: a [`Balance`]. What a posting takes from one place it puts into another, so
//! nothing appears or vanishes: `funded = available + reserved + in_flight + paid` at every commit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Amount, AmountError, Batch};
use crate::types::{AccountId, Currency, PayoutBatchId, TransferId, words};

words!(
    /// Where money of an account is.
    Place {
        /// Outside: what was ever put in.
        Funded = "funded",
        /// Free to be set aside.
        Available = "available",
        /// Set aside for a batch.
        Reserved = "reserved",
        /// Sent, or about to be.
        InFlight = "in_flight",
        /// With the claimant.
        Paid = "paid",
    }
);

words!(
    /// Why money moves.
    PostingKind {
        /// Money is put into the account.
        Deposit = "deposit",
        /// A batch sets money aside.
        Reserve = "reserve",
        /// A batch does not need it.
        Release = "release",
        /// A transfer is about to be sent.
        Send = "send",
        /// A transfer arrived.
        Settle = "settle",
        /// A transfer failed.
        Fail = "fail",
        /// A transfer came back.
        Return = "return",
    }
);

impl PostingKind {
    /// Where the money comes from.
    pub const fn from(self) -> Place {
        match self {
            Self::Deposit => Place::Funded,
            Self::Reserve => Place::Available,
            Self::Release | Self::Send => Place::Reserved,
            Self::Settle | Self::Fail => Place::InFlight,
            Self::Return => Place::Paid,
        }
    }

    /// Where the money goes.
    pub const fn to(self) -> Place {
        match self {
            Self::Deposit | Self::Release | Self::Return => Place::Available,
            Self::Reserve | Self::Fail => Place::Reserved,
            Self::Send => Place::InFlight,
            Self::Settle => Place::Paid,
        }
    }
}

/// One movement of money.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The account.
    pub account_id: AccountId,
    /// The batch, unless it is a deposit.
    pub batch_id: Option<PayoutBatchId>,
    /// The transfer, where it is about one.
    pub transfer_id: Option<TransferId>,
    /// Why, which says from where and to where.
    pub kind: PostingKind,
    /// How much.
    pub amount: Amount,
}

impl std::fmt::Debug for Posting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = f.debug_struct("Posting");
        told.field("kind", &self.kind).field("transfer_id", &self.transfer_id);
        told.finish_non_exhaustive()
    }
}

/// Where the money of an account, or of several, is, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balance {
    /// What was ever put in.
    pub funded: i64,
    /// Free to be set aside.
    pub available: i64,
    /// Set aside for batches.
    pub reserved: i64,
    /// Sent and not known to have arrived.
    pub in_flight: i64,
    /// With claimants.
    pub paid: i64,
    /// What ever came back; it is available again and counted there.
    pub returned: i64,
}

impl Balance {
    /// The balance that postings lead to.
    ///
    /// # Errors
    /// [`AmountError::Overflow`] where a sum does not fit.
    ///
    /// ```
    /// use payme_core::payouts::{Amount, Balance, Posting, PostingKind};
    /// let nil = uuid::Uuid::nil().to_string();
    /// let posting = |kind, cents| Posting {
    ///     account_id: nil.parse().unwrap(),
    ///     batch_id: None,
    ///     transfer_id: None,
    ///     kind,
    ///     amount: Amount::new(cents).unwrap(),
    /// };
    /// let balance =
    ///     Balance::of(&[posting(PostingKind::Deposit, 900), posting(PostingKind::Reserve, 250)])?;
    /// assert_eq!((balance.funded, balance.available, balance.reserved), (900, 650, 250));
    /// assert!(balance.is_conserved());
    /// # Ok::<(), payme_core::payouts::AmountError>(())
    /// ```
    pub fn of<'a>(postings: impl IntoIterator<Item = &'a Posting>) -> Result<Self, AmountError> {
        let mut balance = Self::default();
        for posting in postings {
            balance.post(posting.kind, posting.amount)?;
        }
        Ok(balance)
    }

    /// Moves money.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn post(&mut self, kind: PostingKind, amount: Amount) -> Result<(), AmountError> {
        // Money that is put in raises what was ever put in as well: that place has no source.
        let taken = if kind == PostingKind::Deposit { 1 } else { -1 };
        self.move_at(kind.from(), taken * amount.minor())?;
        self.move_at(kind.to(), amount.minor())?;
        if kind == PostingKind::Return {
            self.returned = sum(self.returned, amount.minor())?;
        }
        Ok(())
    }

    fn move_at(&mut self, place: Place, minor: i64) -> Result<(), AmountError> {
        let at = match place {
            Place::Funded => &mut self.funded,
            Place::Available => &mut self.available,
            Place::Reserved => &mut self.reserved,
            Place::InFlight => &mut self.in_flight,
            Place::Paid => &mut self.paid,
        };
        *at = sum(*at, minor)?;
        Ok(())
    }

    /// Adds what a batch holds.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn add_batch(&mut self, batch: &Batch) -> Result<(), AmountError> {
        self.reserved = sum(self.reserved, batch.held.reserved)?;
        self.in_flight = sum(self.in_flight, batch.held.in_flight)?;
        self.paid = sum(self.paid, batch.held.paid)?;
        Ok(())
    }

    /// Whether all money that was put in is somewhere, and nothing is below zero.
    pub fn is_conserved(&self) -> bool {
        let places = [self.available, self.reserved, self.in_flight, self.paid];
        let all = places.iter().map(|minor| i128::from(*minor)).sum::<i128>();
        places.iter().all(|minor| *minor >= 0) && all == i128::from(self.funded)
    }

    /// The sums of balances, one for each currency, by its code.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn by_currency(
        balances: impl IntoIterator<Item = (Currency, Self)>,
    ) -> Result<Vec<(Currency, Self)>, AmountError> {
        let mut sums: BTreeMap<&str, (Currency, Self)> = BTreeMap::new();
        for (currency, balance) in balances {
            let sum = sums.entry(currency.code()).or_insert((currency, Self::default()));
            sum.1 = sum.1.plus(balance)?;
        }
        Ok(sums.into_values().collect())
    }

    /// The sum of two balances.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        Ok(Self {
            funded: sum(self.funded, other.funded)?,
            available: sum(self.available, other.available)?,
            reserved: sum(self.reserved, other.reserved)?,
            in_flight: sum(self.in_flight, other.in_flight)?,
            paid: sum(self.paid, other.paid)?,
            returned: sum(self.returned, other.returned)?,
        })
    }
}

pub(super) fn sum(left: i64, right: i64) -> Result<i64, AmountError> {
    left.checked_add(right).ok_or(AmountError::Overflow)
}
