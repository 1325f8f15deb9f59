//! The mock rail's rule: which transfers it lets through.

use super::TransferKey;

/// Of 256 keys so many arrive.
const ARRIVE_OF_256: u8 = 230;
/// Why the others fail.
const REASON: &str = "mock_bank_decline";

/// What the mock rail does with a transfer: it arrives when the last byte of the SHA-256 of its key
/// is below 230 (230 of 256, 89.84 %).
///
/// # Errors
/// The reason of the failure, `mock_bank_decline`.
///
/// ```
/// use payme_core::payouts::{TransferKey, mock_outcome};
/// let id = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
/// let arrive = |n: &u32| {
///     let key = TransferKey::new(id(1).parse().unwrap(), id(*n).parse().unwrap());
///     mock_outcome(&key).is_ok()
/// };
/// let arrived = (0..1_000).filter(arrive).count();
/// assert!((870..930).contains(&arrived), "{arrived}");
/// ```
pub fn mock_outcome(key: &TransferKey) -> Result<(), &'static str> {
    let [.., last] = key.sha256();
    if last < ARRIVE_OF_256 { Ok(()) } else { Err(REASON) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_follow_the_last_byte() {
        // printf 'transfer:...:...' | sha256sum: the last two digits.
        #[rustfmt::skip]
        let table = [
            (1, 36, true),
            (2, 22, true),
            (394, 230, false),
            (413, 229, true),
            (76, 255, false),
            (93, 0, true),
        ];
        for (n, last, arrives) in table {
            let id = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
            let key = TransferKey::new(id(1).parse().unwrap(), id(n).parse().unwrap());
            assert_eq!(key.sha256()[31], last, "{n}");
            assert_eq!(mock_outcome(&key), if arrives { Ok(()) } else { Err(REASON) }, "{n}");
        }
    }
}
