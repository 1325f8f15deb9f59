//! The merchants file, and what in it looks like the same business twice.
//!
//! In: a JSON array of `{"name", "aliases"?}`. Out: [`Merchant`]s, with a refusal for each row
//! that is wrong; and [`near_duplicates`], pairs of names of different merchants that are more
//! similar than [`NEAR_DUPLICATE`]. Such pairs are told and not refused.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::text::TrigramIndex;
use crate::types::json::{self as reader, Fault, Node, RawRow, Refusal, Rows};
use crate::types::{FeatureKey, FeatureKeyError, FeatureKind};

/// Names more similar than this are told as near duplicates.
pub const NEAR_DUPLICATE: f32 = 0.8;
/// For each name so many of the others are told at most.
const NEIGHBOURS_MAX: usize = 20;

/// A business that descriptors may mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Merchant {
    /// Its name.
    pub name: String,
    /// Other names of it.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// Why a directory of merchants could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerchantError {
    /// The rules for descriptors are not what they must be.
    #[error("descriptor rules: {0}")]
    Rules(#[from] Refusal),
    /// A name has no key.
    #[error("merchant: {0}")]
    Key(#[from] FeatureKeyError),
}

impl MerchantError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rules(_) => "descriptor_rules",
            Self::Key(_) => "merchant_key",
        }
    }
}

impl Merchant {
    /// The key of its name, `merchant:<slug>`.
    ///
    /// # Errors
    /// [`FeatureKeyError`] when nothing or too much is left of the name.
    pub fn key(&self) -> Result<FeatureKey, FeatureKeyError> {
        FeatureKey::new(FeatureKind::Merchant, &self.name)
    }

    /// The merchant as the file has it.
    pub fn to_json(&self) -> Value {
        json!({"name": self.name, "aliases": self.aliases})
    }

    /// Takes in what is told of the same merchant elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        let least = other.name.as_str().min(&self.name).to_owned();
        self.aliases.extend([std::mem::replace(&mut self.name, least), other.name]);
        self.aliases.extend(other.aliases);
        self.aliases.sort_unstable();
        self.aliases.dedup();
        self.aliases.retain(|alias| *alias != self.name);
    }

    pub(super) fn sorted(mut self) -> Self {
        self.aliases.sort_unstable();
        self.aliases.dedup();
        self
    }
}

/// Reads a merchants file. A merchant that is wrong, or whose key was seen before, is refused;
/// the others are taken.
///
/// # Errors
/// A [`Refusal`] when the bytes as a whole are not UTF-8 or not one JSON array.
/// ```
/// use payme_core::evidence::parse_merchants;
/// let rows = parse_merchants(br#"[{"name": "Blue Bottle Coffee", "aliases": ["Blue Bottle"]},
///     {"name": "blue bottle COFFEE"}, {"name": "Hulu", "alias": "x"}]"#)?;
/// assert_eq!(rows.taken[0].name, "Blue Bottle Coffee");
/// let codes: Vec<_> = rows.refused.iter().map(|refusal| refusal.code).collect();
/// assert_eq!(codes, ["duplicate_merchant", "unknown_field"]);
/// # Ok::<(), payme_core::types::json::Refusal>(())
/// ```
pub fn parse_merchants(bytes: &[u8]) -> Result<Rows<Merchant>, Refusal> {
    let mut rows = Rows::default();
    let mut seen: HashMap<FeatureKey, (usize, u64)> = HashMap::new();
    for row in reader::array(reader::utf8(bytes)?, "merchants")? {
        rows.push(parse_row(&row).and_then(|(key, merchant)| {
            if let Some((index, line)) = seen.get(&key) {
                let message = format!(
                    "merchant {} on line {line} and merchant {} on line {} have one key, {key}: \
                     keep one and write the name of the other in its `aliases`, or spell one of \
                     them otherwise where they are two businesses",
                    index + 1,
                    row.index + 1,
                    row.line
                );
                let path = format!("$[{}].name", row.index);
                let code = "duplicate_merchant";
                return Err(Refusal { line: row.line, path, code, message });
            }
            seen.insert(key, (row.index, row.line));
            Ok(merchant)
        }));
    }
    Ok(rows)
}

fn parse_row(row: &RawRow<'_>) -> Result<(FeatureKey, Merchant), Refusal> {
    let value = reader::strict(row.text, row.line).map_err(|mut refusal| {
        refusal.path = format!("$[{}]", row.index);
        refusal
    })?;
    merchant(&Node::row(&value, row.index)).map_err(|fault| fault.on_line(row.line))
}

fn merchant(node: &Node<'_>) -> Result<(FeatureKey, Merchant), Fault> {
    let members = node.members(&["name", "aliases"])?;
    let name = members.need("name")?;
    let text = name.filled_text()?;
    let key = FeatureKey::new(FeatureKind::Merchant, &text).map_err(|error| match error {
        FeatureKeyError::Slug => name.fault(
            error.code(),
            "a key is made of Latin letters without accents and of digits, and this name has \
             none: write how Americans spell it as `name`, and this one in `aliases`",
        ),
        FeatureKeyError::Kind | FeatureKeyError::Long(_) => {
            name.fault(error.code(), error.to_string())
        }
    })?;
    let aliases = members
        .map("aliases", |node| node.items()?.map(|item| item.filled_text()).collect())?
        .unwrap_or_default();
    Ok((key, Merchant { name: text, aliases }))
}

/// Two names of different merchants that may be one business.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct NearDuplicate {
    /// A name or an alias of the merchant that comes first.
    pub first: String,
    /// The position of that merchant.
    pub first_merchant: usize,
    /// A name or an alias of the other.
    pub second: String,
    /// The position of the other merchant.
    pub second_merchant: usize,
    /// How similar the two are, above [`NEAR_DUPLICATE`].
    pub similarity: f32,
}

/// The pairs of names and aliases of different merchants that are more similar than
/// [`NEAR_DUPLICATE`], by position. For each name at most 20 others are told, the most similar.
///
/// ```
/// use payme_core::evidence::{Merchant, near_duplicates};
/// let merchant = |name: &str| Merchant { name: name.to_owned(), aliases: Vec::new() };
/// let found = near_duplicates(&[merchant("Blue Bottle Coffee"), merchant("Hulu"),
///     merchant("Blue Bottle Coffees")]);
/// assert_eq!((found[0].first_merchant, found[0].second_merchant), (0, 2));
/// assert_eq!(found.len(), 1);
/// ```
pub fn near_duplicates(merchants: &[Merchant]) -> Vec<NearDuplicate> {
    let names: Vec<(usize, &str)> = merchants
        .iter()
        .enumerate()
        .flat_map(|(at, one)| {
            let aliases = one.aliases.iter().map(String::as_str);
            std::iter::once(one.name.as_str()).chain(aliases).map(move |name| (at, name))
        })
        .collect();
    let texts: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
    let index = TrigramIndex::new(&texts);
    let mut pairs = BTreeMap::new();
    for (at, name) in texts.iter().enumerate() {
        for hit in index.top(name, NEIGHBOURS_MAX, NEAR_DUPLICATE) {
            let other = usize::try_from(hit.number).unwrap_or(usize::MAX);
            pairs.insert((at.min(other), at.max(other)), hit.similarity);
        }
    }
    let told = |((first, second), similarity): ((usize, usize), f32)| {
        let (first_merchant, first) = *names.get(first)?;
        let (second_merchant, second) = *names.get(second)?;
        let (first, second) = (first.to_owned(), second.to_owned());
        let pair = NearDuplicate { first, first_merchant, second, second_merchant, similarity };
        (first_merchant != second_merchant).then_some(pair)
    };
    pairs.into_iter().filter_map(told).collect()
}
