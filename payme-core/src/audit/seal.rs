//! Seals: the ends of all logs, bound together under one hash.
//!
//! In: the newest seal and the logs that grew since. Out: the next [`Seal`]. The log of an account
//! alone does not show that its end was cut off; a seal does, and whoever keeps the root of the
//! newest seal elsewhere holds every log to it. Each account has a log of its own, so that no row
//! is written by everybody; seals are made from time to time.

use sha2::{Digest as _, Sha256};

use super::chain::{Hash, Head, part};
use crate::types::{AccountId, Instant};

/// The form of the bytes that are hashed. It is not that of a link.
const FORM: u8 = 0x81;

/// The ends of logs at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Its place among the seals, from 1.
    pub sequence: u64,
    /// When it was made.
    pub at: Instant,
    /// The logs that grew since the seal before, by account, each with where it ends.
    pub heads: Vec<(AccountId, Head)>,
    /// The hash of all of this and of the root before.
    pub root: Hash,
}

/// Why a seal is not what was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealBroken {
    /// The root is not that of the seal and the one before.
    #[error("seal {0} was changed, or one before it")]
    Root(u64),
    /// A place is missing or there twice.
    #[error("seal {0} is missing")]
    Sequence(u64),
    /// A log does not have the entry that was sealed.
    #[error("seal {seal} holds another entry {sequence} of the log of account {account_id}")]
    Log {
        /// The seal.
        seal: u64,
        /// The account.
        account_id: AccountId,
        /// The place in its log.
        sequence: u64,
    },
}

impl SealBroken {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Root(_) => "seal_root",
            Self::Sequence(_) => "seal_sequence",
            Self::Log { .. } => "seal_log",
        }
    }
}

impl Seal {
    /// The seal behind the newest one, over logs that grew. `None` where none did.
    pub fn after(
        before: Option<&Self>,
        at: Instant,
        mut heads: Vec<(AccountId, Head)>,
    ) -> Option<Self> {
        if heads.is_empty() {
            return None;
        }
        heads.sort_unstable_by_key(|(account_id, _)| *account_id);
        let (sequence, root) =
            before.map_or((0, Hash::default()), |seal| (seal.sequence, seal.root));
        let sequence = sequence.saturating_add(1);
        let root = root_of(&root, sequence, at, &heads);
        Some(Self { sequence, at, heads, root })
    }

    /// Holds a seal against the one before it.
    ///
    /// # Errors
    /// [`SealBroken::Sequence`], [`SealBroken::Root`].
    pub fn follows(&self, before: Option<&Self>) -> Result<(), SealBroken> {
        let (sequence, root) =
            before.map_or((0, Hash::default()), |seal| (seal.sequence, seal.root));
        let sequence = sequence.saturating_add(1);
        if self.sequence != sequence {
            return Err(SealBroken::Sequence(sequence));
        }
        if root_of(&root, sequence, self.at, &self.heads) != self.root {
            return Err(SealBroken::Root(sequence));
        }
        Ok(())
    }
}

/// SHA-256 over the form, the root before, the place, the time in microseconds, the number of logs,
/// and of each log its account, its length and its last hash; each with its length in front,
/// numbers with the highest byte first.
fn root_of(before: &Hash, sequence: u64, at: Instant, heads: &[(AccountId, Head)]) -> Hash {
    let mut hash = Sha256::new_with_prefix([FORM]);
    let count = u64::try_from(heads.len()).unwrap_or(u64::MAX).to_be_bytes();
    for bytes in [before.as_slice(), &sequence.to_be_bytes(), &at.as_micros().to_be_bytes(), &count]
    {
        part(&mut hash, bytes);
    }
    for (account_id, head) in heads {
        part(&mut hash, account_id.uuid().as_bytes());
        part(&mut hash, &head.sequence.to_be_bytes());
        part(&mut hash, &head.hash);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::hex;

    fn account(n: u128) -> AccountId {
        AccountId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn seals() -> Vec<Seal> {
        let at = |second: i64| Instant::EPOCH.plus_micros(second * 1_000_000);
        let head = |sequence, byte| Head { sequence, hash: [byte; 32] };
        let first =
            Seal::after(None, at(1), vec![(account(2), head(5, 2)), (account(1), head(3, 1))]);
        let first = first.unwrap();
        let second = Seal::after(Some(&first), at(2), vec![(account(2), head(9, 3))]).unwrap();
        assert_eq!(Seal::after(Some(&second), at(3), vec![]), None);
        vec![first, second]
    }

    fn verify(seals: &[Seal]) -> Result<(), SealBroken> {
        let before = std::iter::once(None).chain(seals.iter().map(Some));
        seals.iter().zip(before).try_for_each(|(seal, before)| seal.follows(before))
    }

    #[test]
    fn whatever_is_changed_in_a_seal_is_found() {
        assert_eq!(verify(&seals()), Ok(()));
        let change = |change: &dyn Fn(&mut Vec<Seal>)| {
            let mut seals = seals();
            change(&mut seals);
            verify(&seals)
        };
        assert_eq!(change(&|seals| seals[0].heads[0].1.sequence = 4), Err(SealBroken::Root(1)));
        assert_eq!(change(&|seals| seals[1].heads[0].1.hash[0] ^= 1), Err(SealBroken::Root(2)));
        assert_eq!(change(&|seals| seals[0].heads.truncate(1)), Err(SealBroken::Root(1)));
        assert_eq!(change(&|seals| seals[0].heads.swap(0, 1)), Err(SealBroken::Root(1)));
        assert_eq!(change(&|seals| seals[0].at = Instant::EPOCH), Err(SealBroken::Root(1)));
        assert_eq!(change(&|seals| seals[0].root[31] ^= 1), Err(SealBroken::Root(1)));
        assert_eq!(change(&|seals| drop(seals.remove(0))), Err(SealBroken::Sequence(1)));
    }

    #[test]
    fn the_root_is_over_the_documented_bytes() {
        // Made by a second implementation, in Python: hashlib over the bytes as documented.
        assert_eq!(hex(&seals()[0].root), ROOT);
    }

    const ROOT: &str = "a088aa9c15f2f5db411c3af50a0092b3052db3162c6176f1650bdf3d767cecd0";
}
