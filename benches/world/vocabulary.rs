//! The names of a world: merchants by popularity, categories, subscriptions.

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
    merchants: usize,
    merchant_ranks: Zipf,
    category_ranks: Zipf,
    subscription_ranks: Zipf,
}

/// A feature key and, for a merchant, the name that people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The feature key.
    pub(crate) key: String,
    /// The merchant's name.
    pub(crate) merchant: Option<String>,
}

impl Vocabulary {
    /// A vocabulary with so many merchants.
    pub(crate) fn new(merchants: usize) -> Self {
        Self {
            merchants,
            merchant_ranks: Zipf::new(merchants),
            category_ranks: Zipf::new(CATEGORIES.len()),
            subscription_ranks: Zipf::new(SUBSCRIPTIONS.len()),
        }
    }

    /// A word: a merchant in 85 of 100 draws, a category in 10, a subscription in 5; within each
    /// kind the lower ranks are the likelier.
    pub(crate) fn draw(&self, stream: &mut Stream) -> Word {
        let plain = |key: String| Word { key, merchant: None };
        match stream.below(100) {
            0..85 => merchant(self.merchant_ranks.draw(stream)),
            85..95 => plain(format!("category:{}", CATEGORIES[self.category_ranks.draw(stream)])),
            _ => {
                let rank = self.subscription_ranks.draw(stream);
                plain(format!("subscription:{}", SUBSCRIPTIONS[rank]))
            }
        }
    }

    /// How many different words there are.
    pub(crate) const fn len(&self) -> usize {
        self.merchants + CATEGORIES.len() + SUBSCRIPTIONS.len()
    }
}

/// The merchant of a rank: two words, and a number from the 769th on.
fn merchant(rank: usize) -> Word {
    let (first, second) = (FIRST[rank % FIRST.len()], SECOND[rank / FIRST.len() % SECOND.len()]);
    let name = match rank / (FIRST.len() * SECOND.len()) {
        0 => format!("{first} {second}"),
        more => format!("{first} {second} {}", more + 1),
    };
    let slug: String = name
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_");
    Word { key: format!("merchant:{slug}"), merchant: Some(name) }
}
