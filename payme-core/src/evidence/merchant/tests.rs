//! The rules of merchant resolution: a table of descriptors, and laws over any text.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::types::{FeatureKey, Instant};

const NAMES: [(&str, &[&str]); 38] = [
    ("Blue Bottle Coffee", &[]),
    ("Starbucks", &[]),
    ("McDonald's", &["Mickey D's"]),
    ("7-Eleven", &[]),
    ("AT&T", &[]),
    ("Forever 21", &[]),
    ("Forever", &[]),
    ("Amazon", &["AMZN"]),
    ("Netflix", &[]),
    ("Spotify", &[]),
    ("Walmart", &["Wal-Mart Supercenter"]),
    ("Target", &[]),
    ("Uber", &[]),
    ("Uber Eats", &[]),
    ("DoorDash", &[]),
    ("Home Depot", &["The Home Depot"]),
    ("Trader Joe's", &[]),
    ("Whole Foods Market", &[]),
    ("Delta Air Lines", &[]),
    ("Holiday Inn", &[]),
    ("Holiday Inn Express", &[]),
    ("Max & Co", &[]),
    ("Pier 1 Imports", &[]),
    ("SP Plus", &[]),
    ("BP", &[]),
    ("Hulu", &[]),
    ("Chipotle Mexican Grill", &["Chipotle"]),
    ("First National Bank", &[]),
    ("Caf\u{e9} Amaretto", &[]),
    ("Fyfe's Bakery", &[]),
    ("Quillhaven Hardware", &[]),
    ("Lamar Motors", &["Twins"]),
    ("Orben Motors", &["Twins"]),
    ("Google", &[]),
    ("Grubhub", &[]),
    ("Instacart", &[]),
    ("Wells Fargo", &[]),
    ("Venmo", &[]),
];

fn merchants() -> Vec<Merchant> {
    let merchant = |(name, aliases): &(&str, &[&str])| Merchant {
        name: (*name).to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
    };
    NAMES.iter().map(merchant).collect()
}

fn directory() -> &'static MerchantDirectory {
    static DIRECTORY: LazyLock<MerchantDirectory> =
        LazyLock::new(|| MerchantDirectory::new(merchants(), LearnedAliases::default()).unwrap());
    &DIRECTORY
}

fn told(resolution: &Resolution) -> String {
    match resolution {
        Resolution::Resolved(resolved) => format!("{} {:?}", resolved.merchant, resolved.tier),
        Resolution::Abstained(abstained) => format!("- {:?}", abstained.why),
    }
}

#[test]
fn descriptors_resolve_or_abstain() {
    #[rustfmt::skip]
    let table = [
        // Payment processors.
        ("SQ *BLUE BOTTLE 123 OAKLAND CA",                                            "Blue Bottle Coffee Prefix"),
        ("TST* BLUE BOTTLE COFFEE - OAKL",                                            "- TooUnlike"),
        ("PAYPAL *SPOTIFY 4029357733",                                                "Spotify Exact"),
        ("PY *FYFES BAKERY",                                                          "Fyfe's Bakery Exact"),
        ("CKE*FYFES BAKERY 12",                                                       "Fyfe's Bakery Exact"),
        // Who delivers is who charges.
        ("DD *DOORDASH CHIPOTLE",                                                     "DoorDash Exact"),
        ("DD DOORDASH CHIPOTLE 855-973-1040 CA",                                      "DoorDash Exact"),
        ("DD *CHIPOTLE",                                                              "DoorDash Exact"),
        ("DD *CHIPOTLE 2211 OAKLAND CA",                                              "DoorDash Exact"),
        ("DOORDASH*CHIPOTLE",                                                         "DoorDash Exact"),
        ("GRUBHUB*CHIPOTLE",                                                          "Grubhub Exact"),
        ("GRUBHUB *CHIPOTLE GRUBHUB.COM NY",                                          "Grubhub Exact"),
        ("INSTACART*TARGET",                                                          "Instacart Exact"),
        ("IC* TARGET BY INSTACAR 888-246-7822 CA",                                    "Instacart Exact"),
        ("INSTACART",                                                                 "Instacart Exact"),
        ("SP QUILLHAVEN HARDWARE",                                                    "Quillhaven Hardware Exact"),
        ("SQ *WHOLE FOODS MKT 217 PHOENIX AZ",                                        "Whole Foods Market Trigram"),
        ("SQ *QUILLHAVEN HARDWORE",                                                   "Quillhaven Hardware Trigram"),
        ("SP PLUS 0412 SEATTLE WA",                                                   "SP Plus Exact"),
        ("GOOGLE *NETFLIX",                                                           "Netflix Exact"),
        ("GOOGLE *2K3AB19",                                                           "Google Exact"),
        ("QZV*QUILLHAVEN HARDWARE",                                                   "Quillhaven Hardware Exact"),
        ("IZ *STARBUCKS 0421",                                                        "Starbucks Exact"),
        // What banks put before and behind.
        ("AMZN Mktp US*2K3AB1 AMZN.COM/BILL WA",                                      "Amazon Exact"),
        ("AMZN MKTP US",                                                              "Amazon Exact"),
        ("AMAZON.COM*M44KD0 SEATTLE WA",                                              "Amazon Exact"),
        ("POS DEBIT WALMART 1234 AUSTIN TX",                                          "Walmart Exact"),
        ("CHECKCARD 0412 TARGET 00012345 PORTLAND OR",                                "Target Exact"),
        ("RECURRING PAYMENT AUTHORIZED ON 03/14 HULU 877-824-4858 CA CARD 1234",      "Hulu Exact"),
        ("PURCHASE AUTHORIZED ON 03/14 TRADER JOES #123 RENO NV",                     "Trader Joe's Exact"),
        ("ACH DEBIT AT&T PAYMENT",                                                    "AT&T Exact"),
        ("ATT BILL PAYMENT",                                                          "AT&T Exact"),
        ("VISA DDA PUR 482112 NETFLIX.COM",                                           "Netflix Exact"),
        ("NETFLIX.COM LOS GATOS CA",                                                  "Netflix Exact"),
        ("WWW.NETFLIX.COM",                                                           "Netflix Exact"),
        ("03/14 STARBUCKS 10:30",                                                     "Starbucks Exact"),
        ("STARBUCKS STORE 04521 XXXX1234",                                            "Starbucks Exact"),
        ("UBER *TRIP HELP.UBER.COM",                                                  "Uber Exact"),
        ("UBER *EATS",                                                                "Uber Eats Exact"),
        ("UBER EATS",                                                                 "Uber Eats Exact"),
        ("STARBUCKS USA",                                                             "Starbucks Exact"),
        // Numbers that are names, and numbers that are shops.
        ("7-ELEVEN 34321 SAN JOSE CA",                                                "7-Eleven Exact"),
        ("7 ELEVEN",                                                                  "7-Eleven Exact"),
        ("FOREVER 21 #79 RENO NV",                                                    "Forever 21 Exact"),
        ("FOREVER 8812 RENO NV",                                                      "Forever Exact"),
        ("PIER 1 IMPORTS 332 DENVER CO",                                              "Pier 1 Imports Exact"),
        ("BP#8871234 MIAMI FL",                                                       "BP Exact"),
        // Places.
        ("TARGET WEEHAWKEN NJ",                                                       "Target Exact"),
        ("STARBUCKS SALT LAKE CITY UT",                                               "Starbucks Exact"),
        ("STARBUCKS NEWYORKNY",                                                       "Starbucks Exact"),
        ("HOLIDAY INN EXPRESS KALISPELL MT",                                          "Holiday Inn Express Exact"),
        ("QUILLHAVEN HARDWARE #04 LITTLE OSRIC OR",                                   "Quillhaven Hardware Exact"),
        ("QUILLHAVEN HARDWARE 0412 LITTLE OSRIC OR",                                  "Quillhaven Hardware Exact"),
        ("TARGET ST LOUIS MO",                                                        "Target Exact"),
        ("TARGET N LAS VEGAS NV",                                                     "Target Exact"),
        ("TARGET RANCHO CUCAMO CA",                                                   "Target Exact"),
        ("TARGET NEW BEDFOJD MA",                                                     "Target Exact"),
        ("WELLS FARGO ND",                                                            "Wells Fargo Exact"),
        // Another word before a state is no place, and the name and the word another business.
        ("TARGET OAKLAND NY",                                                         "- TooUnlike"),
        ("SPOTIFY JOHN MD",                                                           "- TooUnlike"),
        ("WALMART TILE CO",                                                           "- TooUnlike"),
        ("HULU ATTORNEY PA",                                                          "- TooCommon"),
        ("TARGET ARENA WA",                                                           "- TooUnlike"),
        ("NETFLIX CHRISTIAN VA",                                                      "- TooUnlike"),
        ("TARGET JACKSON FL",                                                         "- TooUnlike"),
        ("FOREVER 21 CAMERA PA",                                                      "- TooUnlike"),
        ("WALMART INDIGOME",                                                          "- TooUnlike"),
        ("MAX & CO DENVER CO",                                                        "Max & Co Exact"),
        // Legal forms, accents, apostrophes, blanks.
        ("Hulu LLC",                                                                  "Hulu Exact"),
        ("CAFE AMARETTO INC",                                                         "Caf\u{e9} Amaretto Exact"),
        ("MCDONALDS F1234",                                                           "McDonald's Exact"),
        ("MICKEY DS 22",                                                              "McDonald's Alias"),
        ("THE HOME DEPOT #0612",                                                      "Home Depot Exact"),
        ("BLUEBOTTLECOFFEE",                                                          "Blue Bottle Coffee Exact"),
        ("WAL-MART SUPERCENTER 22",                                                   "Walmart Alias"),
        // Cut off and spoilt.
        ("HOLIDAY INN EXPR",                                                          "Holiday Inn Express Prefix"),
        ("QUILLHAVEN HARD",                                                           "Quillhaven Hardware Prefix"),
        ("WHOLE FOODS MAR",                                                           "Whole Foods Market Prefix"),
        ("STRBCKS 221",                                                               "Starbucks Trigram"),
        ("STARBUKCS SEATTLE WA",                                                      "Starbucks Trigram"),
        ("NETFFLIX",                                                                  "Netflix Trigram"),
        ("QUILHAVEN HARDWARE",                                                        "Quillhaven Hardware Trigram"),
        ("CHIPOTLE MEXCIAN GRILL",                                                    "Chipotle Mexican Grill Trigram"),
        // Not enough, or not this.
        ("",                                                                          "- Empty"),
        ("*** ###",                                                                   "- Empty"),
        ("\u{1f600}\u{1f355}",                                                        "- Empty"),
        ("A",                                                                         "- TooShort"),
        ("7",                                                                         "- TooShort"),
        ("HOL",                                                                       "- TooCommon"),
        ("COFFEE",                                                                    "- TooUnlike"),
        ("FIRST NATIO",                                                               "- TooUnlike"),
        ("BLUE HERON COFFEE OAKLAND CA",                                              "- TooUnlike"),
        ("TARGET OPTICAL",                                                            "- TooUnlike"),
        ("HOME DECOR",                                                                "- TooUnlike"),
        ("DELTA DENTAL",                                                              "- TooUnlike"),
        ("HULA GRILL",                                                                "- TooUnlike"),
        ("FROST NATIONAL BANK",                                                       "- TooUnlike"),
        ("TWINS 12",                                                                  "- Ambiguous"),
        ("QUILLMERE PHARMACY TAMPA FL",                                               "- TooUnlike"),
        ("ZELLE TO JANE ROE",                                                         "- Payee"),
        ("ZELLE TO 5551234",                                                          "- Payee"),
        ("ZELLE TO TARGET",                                                           "- Payee"),
        ("VENMO PAYMENT 1032",                                                        "- Payee"),
        ("VENMO PAYMENT",                                                             "- Payee"),
        ("VENMO *OMAR ABARA",                                                         "- Payee"),
        ("JANE ROE",                                                                  "- TooUnlike"),
        ("CHECK 1021",                                                                "- TooUnlike"),
        ("\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}OAKLAND CA",                           "- TooUnlike"),
    ];
    let directory = directory();
    for (descriptor, expected) in table {
        assert_eq!(told(&directory.resolve(descriptor)), expected, "{descriptor}");
    }
}

#[test]
fn long_and_hostile_descriptors_end() {
    let directory = directory();
    for descriptor in [
        "STARBUCKS ".repeat(1_000),
        "*".repeat(10_240),
        "\u{202e}".repeat(3_000) + "STARBUCKS",
        "SQ *".repeat(2_000),
        "CA ".repeat(3_000),
        "\0\u{7}\u{1b}[31mSTARBUCKS\u{85}".to_owned(),
    ] {
        let resolution = directory.resolve(&descriptor);
        let probability = resolution.resolved().map_or(0.0, |resolved| resolved.probability);
        assert!((0.0..=1.0).contains(&probability));
    }
    let escaped = "\0\u{7}\u{1b}[31m STARBUCKS\u{85}";
    assert_eq!(directory.rules().clean(escaped).text, "31m starbucks");
}

#[test]
fn what_was_removed_is_told_by_rule() {
    let rules = DescriptorRules::built_in().unwrap();
    let cleaned = rules.clean("CHECKCARD 0412 SQ *FYFES BAKERY LLC #12 SALEM OR 415-555-0100 USA");
    let removed: Vec<(&str, &str)> =
        cleaned.removed.iter().map(|one| (one.rule.as_str(), one.text.as_str())).collect();
    #[rustfmt::skip]
    let expected = [
        ("bank_words", "checkcard 0412"), ("square", "sq *"), ("phone", "415-555-0100"), ("country", "usa"),
        ("state", "or"), ("city", "salem"), ("store_number", "12"), ("legal_form", "llc"),
    ];
    assert_eq!(removed, expected);
    assert_eq!(cleaned.text, "fyfes bakery");
    assert!(!format!("{cleaned:?}").contains("fyfes"));
}

#[test]
fn a_resolution_says_what_it_rests_on_and_what_would_have_changed_it() {
    let directory = directory();
    let resolution = directory.resolve("HOLIDAY INN EXPR 12 RENO NV");
    let explanation = resolution.explanation();
    let first = &explanation.candidates[0];
    assert_eq!((first.entry.as_str(), first.entry_kind), ("Holiday Inn Express", EntryKind::Name));
    assert_eq!(explanation.candidates[1].merchant, "Holiday Inn");
    assert!(explanation.margin.is_some_and(|margin| margin > 0.0));
    let change =
        "Without the name \"Holiday Inn Express\" Holiday Inn would be the best candidate.";
    assert_eq!(explanation.change, change);
    let json = serde_json::to_string(&resolution).unwrap();
    assert!(
        json.starts_with(r#"{"outcome":"resolved","merchant":"Holiday Inn Express""#),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Resolution>(&json).unwrap(), resolution);
    let silent = directory.resolve("TWINS");
    assert!(silent.explanation().change.starts_with("Lamar Motors and Orben Motors are as good"));
    assert!(!format!("{silent:?}").contains("twins"));
    // Not even by way of a merchant that is called as the descriptor is.
    assert!(
        !format!("{:?}", directory.resolve("SQ *STARBUCKS")).to_lowercase().contains("starbucks")
    );
}

#[test]
fn learned_aliases_serve_everybody_and_a_person_s_own_word_that_person() {
    let hulu: FeatureKey = "merchant:hulu".parse().unwrap();
    let learned = LearnedAliases {
        aliases: [
            ("hlstream".to_owned(), hulu.clone()),
            ("x y".to_owned(), "merchant:gone".parse().unwrap()),
        ]
        .into(),
        ..LearnedAliases::default()
    };
    let directory = MerchantDirectory::new(merchants(), learned).unwrap();
    assert_ne!(&directory, self::directory());
    let resolution = directory.resolve("SQ *HLSTREAM 22");
    assert_eq!(resolution.resolved().map(|one| (&one.key, one.tier)), Some((&hulu, Tier::Alias)));
    assert_eq!(resolution.explanation().candidates[0].entry_kind, EntryKind::Learned);
    assert!(directory.resolve("X Y").resolved().is_none());
    let user = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    let correction = NamedDescriptor {
        user_id: user,
        normal_form: directory.rules().clean("SQ *HLSTREAM 22").text,
        merchant: "My Streaming".to_owned(),
        at: Instant::parse("2026-01-01T00:00:00Z").unwrap(),
    };
    let own = personal_aliases(&[correction], user);
    let resolution = directory.resolve_for("SQ *HLSTREAM 31", &own);
    assert_eq!(resolution.resolved().map(|one| one.key.as_str()), Some("merchant:my_streaming"));
    assert_eq!(resolution.explanation().candidates[1].key, hulu);
    assert!(!format!("{resolution:?} {own:?}").contains("treaming"));
    assert_eq!(directory.resolve("SQ *HLSTREAM 31").resolved().map(|one| &one.key), Some(&hulu));
}

#[test]
fn an_empty_directory_abstains() {
    for descriptor in ["", "STARBUCKS", "SQ *BLUE BOTTLE 123 OAKLAND CA"] {
        assert!(MerchantDirectory::empty().resolve(descriptor).resolved().is_none());
        assert_eq!(MerchantDirectory::empty().candidates(descriptor, 5), []);
    }
    let nameless = Merchant { name: "***".to_owned(), aliases: Vec::new() };
    let error = MerchantDirectory::new([nameless], LearnedAliases::default()).unwrap_err();
    assert_eq!(error.code(), "merchant_key");
    let damaged = MerchantError::from(DescriptorRules::parse("{}").unwrap_err());
    assert_eq!(damaged.code(), "descriptor_rules");
}

#[test]
fn merchants_of_one_key_become_one() {
    let named = |name: &str| Merchant { name: name.to_owned(), aliases: Vec::new() };
    let both = [named("Fyfe's Bakery"), named("FYFE S BAKERY")];
    let directory = MerchantDirectory::new(both, LearnedAliases::default()).unwrap();
    let merged = directory.get(&"merchant:fyfe_s_bakery".parse().unwrap()).unwrap();
    assert_eq!(
        (merged.name.as_str(), merged.aliases.as_slice()),
        ("FYFE S BAKERY", &["Fyfe's Bakery".to_owned()][..])
    );
    assert_eq!(directory.len(), 1);
}

#[test]
fn the_merchants_file_is_read_strictly() {
    #[rustfmt::skip]
    let table = [
        (r#"[{"name": " "}]"#,                             "empty_text",         "$[0].name"),
        (r#"[{"aliases": []}]"#,                           "missing_field",      "$[0]"),
        (r#"[{"name": "***"}]"#,                           "feature_key_slug",   "$[0].name"),
        (r#"[{"name": "a\u0007b"}]"#,                      "control_character",  "$[0].name"),
        (r#"[{"name": "A", "name": "B"}]"#,                "duplicate_member",   "$[0]"),
        (r#"[{"name": "A", "aliases": ["B", 1]}]"#,        "wrong_type",         "$[0].aliases[1]"),
        (r#"[{"name": "AT&T"}, {"name": "at t"}]"#,        "duplicate_merchant", "$[1].name"),
        (r#"[3]"#,                                         "wrong_type",         "$[0]"),
    ];
    for (text, code, path) in table {
        let refused = parse_merchants(text.as_bytes()).unwrap().refused;
        assert_eq!((refused[0].code, refused[0].path.as_str()), (code, path), "{text}");
    }
    let said = |text: &str| parse_merchants(text.as_bytes()).unwrap().refused[0].message.clone();
    let both = said("[{\"name\": \"AT&T\"},\n {\"name\": \"Hulu\"}, {\"name\": \"at t\"}]");
    assert!(
        both.starts_with(
            "merchant 1 on line 1 and merchant 3 on line 2 have one key, merchant:at_t:"
        ),
        "{both}"
    );
    assert!(said(r#"[{"name": "\u5bff\u53f8"}]"#).contains("Latin letters"));
    assert_eq!(parse_merchants(b"{}").unwrap_err().code, "wrong_type");
    let text = serde_json::json!(merchants().iter().map(Merchant::to_json).collect::<Vec<_>>())
        .to_string();
    assert_eq!(parse_merchants(text.as_bytes()).unwrap().all().unwrap(), merchants());
}

#[test]
fn near_duplicates_are_those_above_the_bound_of_different_merchants() {
    let merchant = |name: &str, aliases: &[&str]| Merchant {
        name: name.to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
    };
    let all = [
        merchant("Quillhaven Hardware", &["Quillhaven Hardwares"]),
        merchant("Hulu", &[]),
        merchant("Quillhaven  Hardware!", &["HULU"]),
    ];
    let found: Vec<_> = near_duplicates(&all)
        .into_iter()
        .map(|pair| (pair.first, pair.first_merchant, pair.second, pair.second_merchant))
        .collect();
    let pair = |a: &str, at: usize, b: &str, other: usize| (a.to_owned(), at, b.to_owned(), other);
    assert_eq!(
        found,
        [
            pair("Quillhaven Hardware", 0, "Quillhaven  Hardware!", 2),
            pair("Quillhaven Hardwares", 0, "Quillhaven  Hardware!", 2),
            pair("Hulu", 1, "HULU", 2),
        ]
    );
}

/// Texts of parts that rules look for, and any others.
fn any_descriptor() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "SQ *",
        "SP ",
        "PAYPAL ",
        "STARBUCKS",
        "BLUE BOTTLE",
        "HOLIDAY INN",
        "Hulu",
        "AT&T",
        "TWINS",
        " ",
        " ",
        "#12",
        "0412",
        "03/14",
        "OAKLAND",
        "WALLA WALLA",
        "CA",
        "CO",
        "INC",
        ".com",
        "*",
        "&",
        "'",
        "415-555-0100",
        "xxxx12",
        "AMZN MKTP",
        "ZELLE TO ",
        "the",
        "and",
        "e\u{301}",
        "\u{df}",
        "\u{130}",
        "\u{202e}",
        "K9Z81Q2",
        "\u{ff33}\u{ff31} \u{ff0a}",
    ]);
    // Words of rules, numbers, places and states, with blanks between them.
    let words = prop::sample::select(vec![
        "SQ",
        "*",
        "SP",
        "PAYPAL",
        "DD",
        "IC",
        "GRUBHUB",
        "CHECKCARD",
        "POS",
        "DEBIT",
        "AMZN",
        "MKTP",
        "US",
        "VENMO",
        "PAYMENT",
        "ZELLE",
        "TO",
        "TRANSFER",
        "FROM",
        "WWW.X.COM",
        "X.CO",
        "STORE",
        "#",
        "REF",
        "ID",
        "CARD",
        "ON",
        "03/14",
        "12:30",
        "415-555-0100",
        "XXXX12",
        "7",
        "21",
        "0412",
        "5551234",
        "T-0412",
        "K9Z81Q2",
        "&",
        "AND",
        "CO",
        "INC",
        "LLC",
        "USA",
        "AUTOPAY",
        "RECURRING",
        "NEW",
        "YORK",
        "OAKLAND",
        "ST",
        "LOUIS",
        "SALT",
        "LAKE",
        "CITY",
        "KING",
        "NY",
        "CA",
        "MO",
        "OR",
        "IN",
        "ME",
        "NEWYORKNY",
        "STARBUCKS",
        "BLUE",
        "BOTTLE",
        "7-ELEVEN",
        "AT&T",
        "THE",
    ]);
    prop_oneof![
        prop::collection::vec(words, 0..9).prop_map(|words| words.join(" ")),
        prop::collection::vec(parts, 0..9).prop_map(|parts| parts.concat()),
        "\\PC{0,40}",
        any::<String>()
    ]
}

#[test]
fn words_that_come_together_are_read_together() {
    let rules = directory().rules();
    for descriptor in
        ["NEW YORK NY & 12:30 CO VENMO", "MAX & 12:30 CO", "ZELLE TO 5551234 & REF 5551234 CO"]
    {
        let text = rules.clean(descriptor).text;
        assert_eq!(rules.clean(&text).text, text, "{descriptor}");
    }
}

#[test]
fn what_is_sent_to_a_payee_leaves_no_number() {
    let rules = directory().rules();
    for (descriptor, text) in [
        ("VENMO PAYMENT 1032", "venmo"),
        ("ZELLE TO 5551234", "zelle to"),
        ("ZELLE TO JANE ROE", "jane roe"),
    ] {
        let cleaned = rules.clean(descriptor);
        assert_eq!((cleaned.text.as_str(), cleaned.is_payee), (text, true), "{descriptor}");
    }
}

#[test]
fn a_name_that_ends_in_and_co_keeps_it() {
    for descriptor in ["MAX & CO", "MAX AND CO.", "MAX &CO", "max andco"] {
        assert_eq!(directory().rules().clean(descriptor).text, "max andco", "{descriptor}");
    }
    assert_eq!(directory().rules().clean("&CO.com").text, "andco");
}

proptest! {
    #[test]
    fn the_normal_form_of_a_normal_form_is_itself(descriptor in any_descriptor()) {
        let rules = directory().rules();
        let text = rules.clean(&descriptor).text;
        prop_assert_eq!(&rules.clean(&text).text, &text, "{}", descriptor);
        prop_assert!(text.split(' ').all(|word| word.chars().all(char::is_alphanumeric)), "{}", text);
    }

    #[test]
    fn candidates_come_by_tier_then_score_each_merchant_once(descriptor in any_descriptor(), k in 0_usize..9) {
        let all = directory().candidates(&descriptor, usize::MAX);
        for two in all.windows(2) {
            let order = two[0].tier.cmp(&two[1].tier).then(two[1].score.total_cmp(&two[0].score));
            prop_assert!(order.is_le(), "{:?}", two);
        }
        let keys: std::collections::BTreeSet<_> = all.iter().map(|one| &one.key).collect();
        prop_assert_eq!(keys.len(), all.len());
        for one in &all {
            let is_in_range = match one.tier {
                Tier::Trigram => one.score > SIMILARITY_MIN && one.score <= 1.0,
                tier => one.score.to_bits() == tier.score().to_bits(),
            };
            prop_assert!(is_in_range, "{:?}", one);
        }
        prop_assert_eq!(&directory().candidates(&descriptor, k)[..], &all[..k.min(all.len())]);
    }

    #[test]
    fn the_order_of_merchants_does_not_matter(descriptor in any_descriptor(), turn in 0_usize..34) {
        let mut turned = merchants();
        turned.reverse();
        turned.rotate_left(turn);
        let turned = MerchantDirectory::new(turned, LearnedAliases::default()).unwrap();
        prop_assert_eq!(&turned, directory());
        prop_assert_eq!(turned.resolve(&descriptor), directory().resolve(&descriptor));
    }

    #[test]
    fn the_short_way_decides_as_the_explained_one_does(descriptor in any_descriptor(), own in any::<bool>()) {
        let directory = directory();
        let mut said = PersonalAliases::default();
        if own {
            said.0.insert(directory.rules().clean(&descriptor).text, "My Shop".to_owned());
        }
        let resolution = directory.resolve_for(&descriptor, &said);
        let expected = match resolution.resolved() {
            Some(resolved) => Ok(resolved.merchant.clone()),
            None => Err(resolution.explanation().cleaned.clone()),
        };
        prop_assert_eq!(directory.merchant_or_normal_form(&descriptor, &said), expected);
    }

    #[test]
    fn an_answer_is_the_first_candidate_and_never_a_payee(descriptor in any_descriptor()) {
        let directory = directory();
        if let Some(resolved) = directory.resolve(&descriptor).resolved() {
            let first = &directory.candidates(&descriptor, 1)[0];
            prop_assert_eq!((&first.key, first.tier), (&resolved.key, resolved.tier));
            prop_assert!(!directory.rules().clean(&descriptor).is_payee);
        }
    }
}
