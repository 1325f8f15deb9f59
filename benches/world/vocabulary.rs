//! The names of a world: merchants by popularity, categories, subscriptions.

use payme_core::types::{FeatureKey, FeatureKind};

use super::Shape;
use super::random::{Stream, Zipf};

const FIRST: [&str; 32] = [
    "Amber",
    "Birch",
    "Cobalt",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbor",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lantern",
    "Maple",
    "Northwind",
    "Orchid",
    "Pioneer",
    "Quartz",
    "Ridge",
    "Summit",
    "Timber",
    "Upland",
    "Velvet",
    "Willow",
    "Xenia",
    "Yarrow",
    "Zephyr",
    "Bluebird",
    "Cedar",
    "Driftwood",
    "Evergreen",
    "Fox & Hare",
    "O'Neil's",
];

const SECOND: [&str; 24] = [
    "Bakery",
    "Airlines",
    "Mobile",
    "Coffee",
    "Outfitters",
    "Insurance",
    "Streaming",
    "Pharmacy",
    "Grocers",
    "Hotels",
    "Motors",
    "Fitness",
    "Toys",
    "Electronics",
    "Bank",
    "Books",
    "Rides",
    "Pizza",
    "Energy",
    "Cosmetics",
    "Furniture",
    "Games",
    "Tickets",
    "Shoes",
];

const CATEGORIES: [&str; 12] = [
    "food_and_drink",
    "general_merchandise",
    "transportation",
    "entertainment",
    "travel",
    "rent_and_utilities",
    "medical",
    "personal_care",
    "home_improvement",
    "bank_fees",
    "loan_payments",
    "gambling",
];

const SUBSCRIPTIONS: [&str; 6] =
    ["active", "prime", "paramount_plus", "music", "cloud_storage", "news"];

/// Everything a settlement can require and a user can have.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    shape: Shape,
    words: Vec<Word>,
    merchants: usize,
    merchant_ranks: Zipf,
    category_ranks: Zipf,
    subscription_ranks: Zipf,
}

/// A feature key and, for a merchant, the name that people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The feature key.
    pub(crate) key: FeatureKey,
    /// The merchant's name.
    pub(crate) merchant: Option<String>,
}

impl Vocabulary {
    /// A vocabulary with so many merchants, as popular as the shape says.
    pub(crate) fn new(shape: Shape, merchants: usize) -> Self {
        let ranks = |count| match shape {
            Shape::Steep => Zipf::new(count),
            Shape::Flat => Zipf::flat(count),
        };
        let plain = |kind, name| Word { key: key(kind, name), merchant: None };
        let categories = CATEGORIES.map(|name| plain(FeatureKind::Category, name));
        let subscriptions = SUBSCRIPTIONS.map(|name| plain(FeatureKind::Subscription, name));
        Self {
            shape,
            words: (0..merchants).map(merchant).chain(categories).chain(subscriptions).collect(),
            merchants,
            merchant_ranks: ranks(merchants),
            category_ranks: ranks(CATEGORIES.len()),
            subscription_ranks: ranks(SUBSCRIPTIONS.len()),
        }
    }

    /// The number of a word, of a kind by the shares of [`super::World`]; within each kind the
    /// lower ranks are the likelier.
    pub(crate) fn draw(&self, stream: &mut Stream) -> usize {
        let [merchants, categories] = match self.shape {
            Shape::Steep => [85, 10],
            Shape::Flat => [90, 7],
        };
        match stream.below(100) {
            of if of < merchants => self.merchant_ranks.draw(stream),
            of if of < merchants + categories => self.merchants + self.category_ranks.draw(stream),
            _ => self.merchants + CATEGORIES.len() + self.subscription_ranks.draw(stream),
        }
    }

    /// The words, at their numbers: the merchants by rank, the categories, the subscriptions.
    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }
}

/// The merchant of a rank: two words, and a number from the 769th on.
fn merchant(rank: usize) -> Word {
    let (first, second) = (FIRST[rank % FIRST.len()], SECOND[rank / FIRST.len() % SECOND.len()]);
    let name = match rank / (FIRST.len() * SECOND.len()) {
        0 => format!("{first} {second}"),
        more => format!("{first} {second} {}", more + 1),
    };
    Word { key: key(FeatureKind::Merchant, &name), merchant: Some(name) }
}

fn key(kind: FeatureKind, name: &str) -> FeatureKey {
    FeatureKey::new(kind, name).expect("a name with letters")
}
