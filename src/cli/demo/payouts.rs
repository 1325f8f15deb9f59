//! The last chapter of the demo: an attorney pays some of its people over the mock rail.
//!
//! Everybody and everything in it is made up, and no money moves. The ids count up from a seed, so
//! that the mock rail, which decides by ids, lets the same people down every time. Telling it again
//! changes nothing: every request has a key, and whatever was decided stands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use payme::Payme;
use payme::claims::{ClaimState, Filing};
use payme::driver::{ExecuteOptions, NewAccount};
use payme::payouts::{
    AttorneyProfile, Reconciliation, Registration, RequestKey, TransferLine, TransferState,
};
use payme::ports::{Random, SECRET_BYTES};
use payme::system::SystemRandom;
use payme::types::{AttorneyId, Currency, Money, RANDOM_BYTES, SettlementId, UserId};
use payme::vault::{KeyRing, Secret};
use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::output;

/// The key of the demo's vault. It stands here for everybody to read: what it seals is made up.
const VAULT_KEYS: &str = "demo:ZGVtbyBrZXk6IGl0IGd1YXJkcyBub3RoaW5nIGF0IGE=";
/// What the account of the settlement holds at first.
const OPENING: Money = Money::usd_cents(10_000_000);
/// What the first person is approved with, and how much more each of the others.
const AMOUNT_CENTS: (i64, i64) = (4_215, 350);
/// How many people are approved.
const PEOPLE_MAX: usize = 6;
/// Where the ids of a step begin to count; a step draws fewer.
const STEP: u64 = 1_000;
/// Where the ids of the chapter begin: with these, the mock rail lets one of the people down.
const SEED: u64 = 4;

/// The system's randomness, and in the last chapter bytes that count up, for ids that are the same
/// in every telling.
#[derive(Debug, Default)]
pub(super) struct DemoRandom {
    system: SystemRandom,
    /// The next count; 0 while the system's bytes are given.
    next: AtomicU64,
}

impl DemoRandom {
    /// From here on ids count up: those of one step of the story. What a step stored before is not
    /// stored again, so that no other step may draw its ids.
    fn step(&self, step: u64) {
        let start = SEED.saturating_mul(STEP).saturating_add(step).saturating_mul(STEP);
        self.next.store(start, Ordering::Relaxed);
    }
}

impl Random for DemoRandom {
    fn bytes(&self) -> [u8; RANDOM_BYTES] {
        if self.next.load(Ordering::Relaxed) == 0 {
            return self.system.bytes();
        }
        let count = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = [0; RANDOM_BYTES];
        for (byte, counted) in bytes.iter_mut().skip(RANDOM_BYTES - count.len()).zip(count) {
            *byte = counted;
        }
        bytes
    }

    fn secret_bytes(&self) -> Option<[u8; SECRET_BYTES]> {
        self.system.secret_bytes()
    }
}

/// The vault of the demo.
pub(super) fn vault() -> Result<KeyRing, CliError> {
    Ok(KeyRing::parse(VAULT_KEYS)?)
}

/// What the chapter tells.
#[derive(Serialize)]
pub(super) struct Paid {
    settlement: String,
    settlement_id: SettlementId,
    attorney_id: AttorneyId,
    first: Told,
    /// The retry of those who were let down; nothing where nobody was.
    retry: Option<Told>,
    available_cents: i64,
    paid_cents: i64,
    log_entries: u64,
    findings: usize,
}

/// What became of a batch.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    report: Reconciliation,
    check: String,
    transfers: Vec<TransferLine>,
}

/// Somebody who is paid, with how much.
struct Claimant {
    user_id: UserId,
    money: Money,
}

/// Who tells the chapter, and of what.
pub(super) struct Chapter<'a> {
    pub(super) payme: &'a Payme,
    pub(super) random: &'a DemoRandom,
    pub(super) names: BTreeMap<UserId, String>,
    pub(super) settlement_id: SettlementId,
    pub(super) title: String,
}

impl Chapter<'_> {
    /// Pays the people, the first of them with the attorney, and says what became of it.
    pub(super) async fn tell(&self, people: &[UserId]) -> Result<(String, Paid), CliError> {
        let gateway = self.payme.gateway();
        let attorney_id = self.register(people).await?;
        self.random.step(2);
        let account = NewAccount {
            settlement: self.settlement_id,
            currency: Currency::USD,
            bank_name: "Bank of Nowhere".to_owned(),
            account_ref: Secret::new("000000000 made up".to_owned()),
            opening: Some(OPENING),
        };
        gateway.link(attorney_id, account).await?;

        let claimants: Vec<Claimant> = (0..)
            .zip(people.iter().take(PEOPLE_MAX))
            .map(|(place, user_id)| {
                let cents = AMOUNT_CENTS.0 + AMOUNT_CENTS.1 * place;
                Claimant { user_id: *user_id, money: Money::usd_cents(cents) }
            })
            .collect();
        for (step, claimant) in (100..).zip(&claimants) {
            self.random.step(step);
            self.file(claimant.user_id).await?;
        }
        let first = self.pay(attorney_id, &claimants, ("demo-payday", 3)).await?;
        let unpaid: Vec<Claimant> = first
            .transfers
            .iter()
            .filter(|line| line.status == TransferState::Failed)
            .map(|line| Claimant {
                user_id: line.user_id,
                money: Money::usd_cents(line.amount_cents),
            })
            .collect();
        let retry = match unpaid.is_empty() {
            true => None,
            false => Some(self.pay(attorney_id, &unpaid, ("demo-payday-again", 4)).await?),
        };

        self.payme.audit().seal().await?;
        let audit = self.payme.audit().verify(|_| {}).await?;
        let balances = gateway.balances(attorney_id).await?;
        let (available_cents, paid_cents) =
            balances.first().map_or((0, 0), |(_, balance)| (balance.available, balance.paid));
        let paid = Paid {
            settlement: self.title.clone(),
            settlement_id: self.settlement_id,
            attorney_id,
            first,
            retry,
            available_cents,
            paid_cents,
            log_entries: audit.facts,
            findings: audit.findings.len(),
        };
        Ok((self.text(&paid), paid))
    }

    /// Registers the attorney: a person like any other.
    async fn register(&self, people: &[UserId]) -> Result<AttorneyId, CliError> {
        self.random.step(1);
        let profile = AttorneyProfile {
            name: "Paula Payer".to_owned(),
            email: "paula.payer@example.com".to_owned(),
            firm_name: "Made Up LLP".to_owned(),
        };
        let user = people.first().copied().ok_or_else(|| super::bundled(&"people"))?;
        match self.payme.gateway().register(user, profile).await? {
            Registration::New(attorney) | Registration::Stood(attorney) => Ok(attorney.id),
        }
    }

    /// Opens and files a person's claim, unless that was done.
    async fn file(&self, user: UserId) -> Result<(), CliError> {
        let (gateway, settlement) = (self.payme.gateway(), self.settlement_id);
        let claim = gateway.claim(user, settlement).await?;
        let state = claim.map_or(ClaimState::Matched, |claim| claim.state);
        if state == ClaimState::Matched {
            gateway.open_claim(user, settlement).await?;
        }
        if matches!(state, ClaimState::Matched | ClaimState::Opened) {
            gateway.submit_claim(user, settlement, Filing::default()).await?;
        }
        Ok(())
    }

    /// Approves people, pays them in one batch, and says what became of it. `step` is the place of
    /// its ids.
    async fn pay(
        &self,
        attorney: AttorneyId,
        claimants: &[Claimant],
        (key, step): (&str, u64),
    ) -> Result<Told, CliError> {
        let gateway = self.payme.gateway();
        let key = RequestKey::new(key).map_err(|error| super::bundled(&error))?;
        let known = gateway.payouts().store().payout_batch_of(attorney, &key).await?;
        let batch = match known {
            Some(batch) if batch.is_sealed => batch,
            _ => {
                for (place, claimant) in (step * 100 + 100..).zip(claimants) {
                    self.random.step(place);
                    let Claimant { user_id, money } = *claimant;
                    let settlement = self.settlement_id;
                    gateway.approve(attorney, settlement, user_id, Some(money), None).await?;
                }
                self.random.step(step * 10);
                gateway.create_batch(attorney, self.settlement_id, &key).await?.batch
            }
        };
        gateway.execute(attorney, batch.id, ExecuteOptions::default(), |_| {}).await?;
        let mut transfers = Vec::new();
        let report = gateway.reconcile(attorney, batch.id, |line| transfers.push(line)).await?;
        Ok(Told { check: report.check_line(), report, transfers })
    }

    fn text(&self, paid: &Paid) -> String {
        let name = |user: &UserId| self.names.get(user).cloned().unwrap_or_default();
        let table = |told: &Told| {
            let rows = told.transfers.iter().map(|line| {
                vec![
                    format!("  {}", name(&line.user_id)),
                    Money::usd_cents(line.amount_cents).to_string(),
                    line.status.to_string(),
                    line.failure_reason.clone().unwrap_or_default().replace('_', " "),
                ]
            });
            let table = output::table(&["  claimant", "amount", "transfer", ""], rows);
            format!("{table}\n  batch {}: {}", told.report.status, told.check)
        };
        let count = paid.first.transfers.len();
        let mut lines = vec![
            format!(
                "Who pays? An attorney links an account of {OPENING} to {} and approves {count} \
                 people, who have filed. The mock rail moves no money.",
                self.title
            ),
            table(&paid.first),
        ];
        if let Some(retry) = &paid.retry {
            lines.push("Whoever was let down is approved once more, and paid anew:".to_owned());
            lines.push(table(retry));
        }
        let Paid { available_cents, paid_cents, log_entries, findings, .. } = paid;
        let wrong = match findings {
            0 => "and rebuild every row".to_owned(),
            n => format!("and {n} things are wrong"),
        };
        lines.push(format!(
            "{} are paid, {} are left. The {log_entries} entries of the log hang together {wrong}.",
            Money::usd_cents(*paid_cents),
            Money::usd_cents(*available_cents)
        ));
        lines.join("\n")
    }
}
