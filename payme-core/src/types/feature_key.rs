//! Feature keys: `merchant:<slug>`, `category:<slug>`, `subscription:<slug>`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest feature key in bytes. Longer names are noise, not merchants.
pub const FEATURE_KEY_BYTES_MAX: usize = 200;

/// The slug of a name: lower-case, each run outside `[a-z0-9]` one `_`, none at the ends.
///
/// A name without a single letter or digit of that range has the empty slug.
/// ```
/// use payme_core::types::slug;
/// assert_eq!(slug("AT&T"), "at_t");
/// assert_eq!(slug("McDonald's"), "mcdonald_s");
/// assert_eq!(slug(" --- "), "");
/// ```
pub fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c);
        } else {
            gap = true;
        }
    }
    out
}

/// What a feature speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureKind {
    /// A business the person dealt with.
    Merchant,
    /// A kind of spending.
    Category,
    /// Something paid for again and again.
    Subscription,
}

impl FeatureKind {
    /// Every kind, in the order of this list.
    pub const ALL: [Self; 3] = [Self::Merchant, Self::Category, Self::Subscription];

    /// The word before the colon.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Category => "category",
            Self::Subscription => "subscription",
        }
    }
}

/// The name of one fact about a person's dealings, such as `merchant:at_t`.
///
/// Cheap to clone; ordered and equal by its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FeatureKey(Arc<str>);

/// Why a text is not a feature key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeatureKeyError {
    /// The word before the colon is missing or unknown.
    #[error("a feature key starts with merchant:, category: or subscription:")]
    Kind,
    /// The part behind the colon is not the slug of anything.
    #[error(
        "the part behind the colon is not a slug \
         (lower-case letters and digits, single underscores between them)"
    )]
    Slug,
    /// The key is too long.
    #[error("a feature key has at most {FEATURE_KEY_BYTES_MAX} bytes, this one has {0}")]
    Long(usize),
}

impl FeatureKeyError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Kind => "feature_key_kind",
            Self::Slug => "feature_key_slug",
            Self::Long(_) => "feature_key_long",
        }
    }
}

impl FeatureKey {
    /// The key of a name: its kind and its slug.
    ///
    /// # Errors
    /// [`FeatureKeyError::Slug`] when nothing is left of the name, [`FeatureKeyError::Long`]
    /// when too much is.
    /// ```
    /// use payme_core::types::{FeatureKey, FeatureKind};
    /// let key = FeatureKey::new(FeatureKind::Merchant, "McDonald's")?;
    /// assert_eq!(key.as_str(), "merchant:mcdonald_s");
    /// assert!(FeatureKey::new(FeatureKind::Merchant, "***").is_err());
    /// # Ok::<(), payme_core::types::FeatureKeyError>(())
    /// ```
    pub fn new(kind: FeatureKind, name: &str) -> Result<Self, FeatureKeyError> {
        let slug = slug(name);
        if slug.is_empty() {
            return Err(FeatureKeyError::Slug);
        }
        let text = format!("{}:{slug}", kind.prefix());
        if text.len() > FEATURE_KEY_BYTES_MAX {
            return Err(FeatureKeyError::Long(text.len()));
        }
        Ok(Self(text.into()))
    }

    /// The whole key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the key speaks of.
    pub fn kind(&self) -> FeatureKind {
        FeatureKind::ALL
            .into_iter()
            .find(|kind| self.0.starts_with(kind.prefix()))
            .unwrap_or(FeatureKind::Merchant)
    }

    /// The part behind the colon.
    pub fn slug(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, slug)| slug)
    }
}

impl FromStr for FeatureKey {
    type Err = FeatureKeyError;

    fn from_str(text: &str) -> Result<Self, FeatureKeyError> {
        let (prefix, rest) = text.split_once(':').ok_or(FeatureKeyError::Kind)?;
        if !FeatureKind::ALL.iter().any(|kind| kind.prefix() == prefix) {
            return Err(FeatureKeyError::Kind);
        }
        if text.len() > FEATURE_KEY_BYTES_MAX {
            return Err(FeatureKeyError::Long(text.len()));
        }
        if rest.is_empty() || slug(rest) != rest {
            return Err(FeatureKeyError::Slug);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for FeatureKey {
    type Error = FeatureKeyError;

    fn try_from(text: String) -> Result<Self, FeatureKeyError> {
        text.parse()
    }
}

impl From<FeatureKey> for String {
    fn from(key: FeatureKey) -> Self {
        key.0.as_ref().to_owned()
    }
}

impl fmt::Display for FeatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FeatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_follow_the_rule() {
        let table = [
            ("AT&T", "at_t"),
            ("McDonald's", "mcdonald_s"),
            ("  Sams Club  Sam's Club", "sams_club_sam_s_club"),
            ("CREDIT CARD 3333 PAYMENT *//", "credit_card_3333_payment"),
            ("ÉCOLE", "cole"),
            ("caf\u{e9} 24", "caf_24"),
            ("\u{212a}elvin", "kelvin"),
            ("7-Eleven", "7_eleven"),
            ("***", ""),
            ("", ""),
        ];
        for (name, expected) in table {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn parsing_refuses_what_is_not_a_key() {
        use FeatureKeyError::{Kind, Slug};
        let table = [
            ("merchant", Kind),
            ("shop:uber", Kind),
            ("Merchant:uber", Kind),
            ("merchant:", Slug),
            ("merchant:Uber", Slug),
            ("merchant:_uber", Slug),
            ("merchant:at__t", Slug),
            ("merchant:uber ", Slug),
            ("category:a:b", Slug),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<FeatureKey>(), Err(expected), "{text}");
        }
        let long = format!("merchant:{}", "a".repeat(FEATURE_KEY_BYTES_MAX));
        assert_eq!(long.parse::<FeatureKey>(), Err(FeatureKeyError::Long(209)));
    }

    proptest! {
        #[test]
        fn a_slug_is_its_own_slug(name in ".{0,40}") {
            let once = slug(&name);
            prop_assert_eq!(&slug(&once), &once);
            prop_assert!(once.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        }

        #[test]
        fn a_made_key_parses_back(name in ".{0,40}") {
            if let Ok(key) = FeatureKey::new(FeatureKind::Category, &name) {
                prop_assert_eq!(key.as_str().parse::<FeatureKey>(), Ok(key.clone()));
                prop_assert_eq!(key.kind(), FeatureKind::Category);
                prop_assert_eq!(key.slug(), slug(&name));
            }
        }
    }
}
