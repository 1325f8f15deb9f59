//! Bytes as hexadecimal text.

use std::fmt::Write as _;

/// Two lower-case digits for each byte.
///
/// ```
/// assert_eq!(payme_core::types::hex(&[0x0a, 0xff]), "0aff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
