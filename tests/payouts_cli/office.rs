//! An office that pays: people, settlements, an attorney with linked accounts, and the command.
//!
//! Everything that the command prints is kept, so that a test can look for what may not be in it.

use std::cell::RefCell;
use std::process::Command;

use serde_json::Value;

use crate::support::{Place, Ran};

/// Settlements with a least payout, without one, and one that nobody links.
pub(crate) const SETTLEMENTS: &str = r#"[
  {"id": "00000000-0000-4000-8000-00000000aaa1", "title": "Lamps", "payout_min_cents": 150,
   "eligibility": {"required_features": ["merchant:lamps"], "states": []}},
  {"id": "00000000-0000-4000-8000-00000000aaa2", "title": "Chairs",
   "eligibility": {"required_features": ["merchant:chairs"], "states": []}},
  {"id": "00000000-0000-4000-8000-00000000aaa3", "title": "Tables",
   "eligibility": {"required_features": ["merchant:tables"], "states": []}}
]"#;
pub(crate) const LAMPS: &str = "00000000-0000-4000-8000-00000000aaa1";
pub(crate) const CHAIRS: &str = "00000000-0000-4000-8000-00000000aaa2";
pub(crate) const TABLES: &str = "00000000-0000-4000-8000-00000000aaa3";
pub(crate) const NOBODY: &str = "00000000-0000-4000-8000-00000000ffff";
/// 32 bytes that guard nothing.
pub(crate) const KEYS: &str = "test:dGhpcyB0ZXN0IGtleSBndWFyZHMgbm8gc2VjcmV0cy4=";
pub(crate) const NEWER: &str = "bmV3ZXIga2V5IHRoYXQgZ3VhcmRzIG5vIHNlY3JldHM=";
/// What may be seen nowhere.
pub(crate) const ACCOUNT_REF: &str = "8273645190-planted";
pub(crate) const TOKEN: &str = "access-planted-55aa";
pub(crate) const LEGAL_NAME: &str = "Plantagenet Planted";

/// Rows of a file of items: a person, a settlement and an amount.
pub(crate) type Rows<'a> = &'a [(usize, &'a str, &'a str)];

pub(crate) fn user(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// A place with people, an attorney and two linked settlements.
pub(crate) struct Office {
    pub(crate) place: Place,
    pub(crate) attorney: String,
    /// Everything that was printed.
    pub(crate) printed: RefCell<String>,
}

impl Office {
    /// An office that knows so many people.
    pub(crate) fn new(people: usize) -> Self {
        let place = Place::new();
        let office = Self { place, attorney: String::new(), printed: RefCell::default() };
        let settlements = office.place.write("settlements.json", SETTLEMENTS);
        office.run(&["import", "settlements", &settlements]).ok();
        let people =
            (1..=people).map(|n| format!("{{\"user_id\": \"{}\", \"features\": []}}\n", user(n)));
        let people = office.place.write("people.jsonl", people.collect::<String>());
        office.run(&["import", "features", &people]).ok();
        let attorney = office.register(1, "Jane Doe")["attorney_id"].as_str().unwrap().to_owned();
        let office = Self { attorney, ..office };
        for settlement in [LAMPS, CHAIRS] {
            office.link(settlement, &[]).ok();
        }
        office
    }

    pub(crate) fn register(&self, person: usize, name: &str) -> Value {
        let user = user(person);
        let arguments = [
            "attorney",
            "register",
            "--user",
            &user,
            "--name",
            name,
            "--email",
            "jane@example.com",
            "--firm",
            "Doe LLP",
        ];
        self.run(&arguments).ok().json()
    }

    pub(crate) fn link(&self, settlement: &str, more: &[&str]) -> Ran {
        let file = self.place.write("account.txt", format!("{ACCOUNT_REF}\n"));
        let arguments = [
            "attorney",
            "link",
            settlement,
            "--attorney",
            &self.attorney,
            "--bank-name",
            "First Bank",
            "--account-ref-file",
            &file,
        ];
        self.run(&[&arguments[..], more].concat())
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = self.place.command();
        for name in ["PLAID_PAYOUTS_ENABLED", "PAYME_ATTORNEY_KEY"] {
            command.env_remove(name);
        }
        command.env("PAYME_VAULT_KEYS", KEYS);
        command
    }

    pub(crate) fn keep(&self, ran: Ran) -> Ran {
        self.printed.borrow_mut().push_str(&format!("{}{}", ran.stdout, ran.stderr));
        ran
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.keep(self.command().args(arguments).output().unwrap().into())
    }

    /// The command as the attorney.
    pub(crate) fn act(&self, arguments: &[&str]) -> Ran {
        self.run(&[arguments, &["--attorney", &self.attorney]].concat())
    }

    /// The same with an API key in place of the attorney's id.
    pub(crate) fn with_key(&self, key: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command();
        self.keep(command.env("PAYME_ATTORNEY_KEY", key).args(arguments).output().unwrap().into())
    }

    /// Files the claims of people.
    pub(crate) fn file(&self, people: impl IntoIterator<Item = usize>, settlement: &str) {
        for person in people {
            let user = user(person);
            self.run(&["claim", "open", "--user", &user, settlement]).ok();
            self.run(&["claim", "submit", "--user", &user, settlement]).ok();
        }
    }

    /// A file of items.
    pub(crate) fn items(&self, rows: Rows<'_>) -> String {
        let lines = rows
            .iter()
            .map(|(n, settlement, amount)| format!("{},{settlement},{amount}\n", user(*n)));
        let text = format!("user_id,settlement_id,amount\n{}", lines.collect::<String>());
        self.place.write("items.csv", text)
    }

    /// Everything that is stored of payouts, as the command tells it.
    pub(crate) fn stored(&self) -> [Value; 3] {
        let log = self.run(&["audit", "log", "--limit", "100000"]).ok().json();
        [
            log,
            self.act(&["payout", "balance"]).ok().json(),
            self.act(&["payout", "history"]).ok().json(),
        ]
    }

    pub(crate) fn claim(&self, person: usize, settlement: &str) -> String {
        let ran = self.run(&["claim", "show", "--user", &user(person), settlement]).ok();
        ran.json()["state"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_else(|| panic!("no {name} in {value}"))
}
