//! The chain: each fact of an account is linked to the one before it by a hash.
//!
//! In: the last link of an account's log and a fact. Out: the next [`Link`]. To change, drop, add
//! or move an earlier one changes every hash behind it.

use sha2::{Digest as _, Sha256};

use crate::payouts::PayoutEvent;
use crate::types::{AccountId, Instant};

/// The form of the bytes that are hashed.
const FORM: u8 = 1;

/// A SHA-256.
pub type Hash = [u8; 32];

/// A fact in the log of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The account.
    pub account_id: AccountId,
    /// Its place in the log of the account, from 1.
    pub sequence: u64,
    /// When it happened.
    pub at: Instant,
    /// The fact, as the JSON text that is hashed.
    pub body: String,
    /// The hash of all of this and of the link before.
    pub hash: Hash,
}

impl std::fmt::Debug for Link {
    /// Without the fact: it is about one person's money.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = f.debug_struct("Link");
        told.field("sequence", &self.sequence).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Where the log of an account ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The place of the last link; 0 in an empty log.
    pub sequence: u64,
    /// Its hash; zeros in an empty log.
    pub hash: Hash,
}

/// Why a log is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The hash is not that of the link and the one before.
    #[error("entry {0} of the log was changed, or one before it")]
    Hash(u64),
    /// A place is missing or there twice.
    #[error("entry {0} of the log is missing")]
    Sequence(u64),
    /// The fact cannot be read.
    #[error("entry {0} of the log cannot be read")]
    Body(u64),
}

impl Broken {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hash(_) => "audit_hash",
            Self::Sequence(_) => "audit_sequence",
            Self::Body(_) => "audit_body",
        }
    }

    /// The first place that is wrong.
    pub const fn sequence(self) -> u64 {
        match self {
            Self::Hash(at) | Self::Sequence(at) | Self::Body(at) => at,
        }
    }
}

impl Link {
    /// The link of a fact behind the last one.
    pub fn after(head: Head, account_id: AccountId, at: Instant, event: &PayoutEvent) -> Self {
        // A fact holds ids, numbers and texts: writing it as JSON cannot fail.
        let body = serde_json::to_string(event).unwrap_or_default();
        let sequence = head.sequence.saturating_add(1);
        let hash = hash(&head.hash, account_id, sequence, at, &body);
        Self { account_id, sequence, at, body, hash }
    }

    /// Its place among the facts of all logs, ordered by time.
    pub const fn place(&self) -> LogPlace {
        LogPlace { at: self.at, account_id: self.account_id, sequence: self.sequence }
    }

    /// Where the log ends with this link.
    pub const fn head(&self) -> Head {
        Head { sequence: self.sequence, hash: self.hash }
    }

    /// The fact.
    ///
    /// # Errors
    /// [`Broken::Body`].
    pub fn event(&self) -> Result<PayoutEvent, Broken> {
        serde_json::from_str(&self.body).map_err(|_| Broken::Body(self.sequence))
    }

    /// Holds links, in their order, against what comes before them, and says where the log ends.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn verify<'a>(
        head: Head,
        links: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Head, Broken> {
        links.into_iter().try_fold(head, |head, link| {
            let expected = head.sequence.saturating_add(1);
            if link.sequence != expected {
                return Err(Broken::Sequence(expected));
            }
            let hash = hash(&head.hash, link.account_id, link.sequence, link.at, &link.body);
            if hash == link.hash { Ok(link.head()) } else { Err(Broken::Hash(link.sequence)) }
        })
    }
}

/// SHA-256 over the form, the hash before, the account, the place, the time in microseconds, and
/// the body, each with its length in front, numbers with the highest byte first.
fn hash(before: &Hash, account_id: AccountId, sequence: u64, at: Instant, body: &str) -> Hash {
    let mut hash = Sha256::new_with_prefix([FORM]);
    let uuid = account_id.uuid();
    let (sequence, at) = (sequence.to_be_bytes(), at.as_micros().to_be_bytes());
    let parts: [&[u8]; 5] = [before, uuid.as_bytes(), &sequence, &at, body.as_bytes()];
    for bytes in parts {
        part(&mut hash, bytes);
    }
    hash.finalize().into()
}

/// Bytes with their length in front, so that what follows cannot be read as part of them.
pub(super) fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(bytes);
}

/// Which facts of the logs are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogFilter {
    /// Those of one account; `None` for all.
    pub account_id: Option<AccountId>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before this.
    pub to: Option<Instant>,
}

/// The place of a fact among those of all logs, ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPlace {
    /// When it happened.
    pub at: Instant,
    /// In whose log it stands.
    pub account_id: AccountId,
    /// Its place there.
    pub sequence: u64,
}

impl LogFilter {
    /// Whether a fact is wanted.
    pub fn lets(&self, link: &Link) -> bool {
        self.account_id.is_none_or(|id| id == link.account_id)
            && self.from.is_none_or(|from| link.at >= from)
            && self.to.is_none_or(|to| link.at < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payouts::{Amount, RequestKey};

    fn log() -> Vec<Link> {
        let account_id = AccountId::from_uuid(uuid::Uuid::nil());
        let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        let mut head = Head::default();
        let mut links = Vec::new();
        for cents in 1..6 {
            let event = PayoutEvent::PayoutAccountFunded {
                account_id,
                key: RequestKey::new(format!("k{cents}")).unwrap(),
                amount_cents: Amount::new(cents).unwrap(),
            };
            let link = Link::after(head, account_id, at, &event);
            assert_eq!(link.event().unwrap(), event);
            head = link.head();
            links.push(link);
        }
        links
    }

    #[test]
    fn whatever_is_changed_is_found_at_its_place() {
        let good = log();
        let verify = |links: &[Link]| Link::verify(Head::default(), links);
        assert_eq!(verify(&good), Ok(good[4].head()));
        let change = |change: &dyn Fn(&mut Vec<Link>)| {
            let mut links = good.clone();
            change(&mut links);
            verify(&links)
        };
        assert_eq!(change(&|links| links[2].body = links[1].body.clone()), Err(Broken::Hash(3)));
        assert_eq!(change(&|links| links[2].at = links[2].at.plus_micros(1)), Err(Broken::Hash(3)));
        assert_eq!(change(&|links| links[0].hash[31] ^= 1), Err(Broken::Hash(1)));
        assert_eq!(change(&|links| links.swap(1, 2)), Err(Broken::Sequence(2)));
        assert_eq!(change(&|links| drop(links.remove(3))), Err(Broken::Sequence(4)));
        assert_eq!(change(&|links| links.insert(1, good[0].clone())), Err(Broken::Sequence(2)));
        // What is cut off at the end shows only against a head that was kept elsewhere.
        assert_eq!(change(&|links| drop(links.pop())), Ok(good[3].head()));
    }

    #[test]
    fn the_hash_is_over_the_documented_bytes() {
        // Made by a second implementation, in Python: hashlib over the bytes as documented.
        let hex: String = log()[0].hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "be3579fd01fd8378edd3772ad9ba6366a1d61120e552711fc48eb94238c0ea0c");
    }
}
