//! What phrases mean: one line for each, in our own words.

use super::*;
use crate::types::{State, StateSet};

/// Fails with every line of a table that means something else.
#[track_caller]
fn hold<'a>(table: impl IntoIterator<Item = (&'a str, &'a str)>, read: impl Fn(&str) -> String) {
    let wrong: Vec<String> = table
        .into_iter()
        .filter(|(text, expected)| read(text) != *expected)
        .map(|(text, expected)| format!("{text:?}: {:?} and not {expected:?}", read(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A payout on one line: `kind min max unit things`, `_` for what is not stated.
fn payout(text: &str) -> String {
    let payout = read_payout(text);
    let cents = |cents: Option<i64>| cents.map_or("_".to_owned(), |cents| cents.to_string());
    let mut line =
        format!("{} {} {}", payout.kind.as_str(), cents(payout.min_cents), cents(payout.max_cents));
    for part in payout.unit.iter().map(String::as_str).chain(payout.non_cash) {
        line = format!("{line} {part}");
    }
    line
}

#[test]
fn payouts_mean_what_the_table_says() {
    #[rustfmt::skip]
    let table = [
        ("$12",                                       "exact 1200 1200"),
        ("$7.45",                                     "exact 745 745"),
        ("$1,208.30",                                 "exact 120830 120830"),
        ("A check for $40",                           "exact 4000 4000"),
        ("$25 each",                                  "exact 2500 2500"),
        ("$15 per household",                         "exact 1500 1500"),
        ("$9 per claimant",                           "exact 900 900"),
        ("$20 - $80",                                 "range 2000 8000"),
        ("$20-$80",                                   "range 2000 8000"),
        ("between $20 and $80",                       "range 2000 8000"),
        ("$20 to $1,080.50",                          "range 2000 108050"),
        ("$20 or $80",                                "range 2000 8000"),
        ("$20 \u{2013} $80+",                         "range 2000 _"),
        ("$80 - $20",                                 "unknown _ _"),
        ("$5+",                                       "floor 500 _"),
        ("at least $60",                              "floor 6000 _"),
        ("$60 or more",                               "floor 6000 _"),
        ("a minimum of $3",                           "floor 300 _"),
        ("Up to $90",                                 "cap _ 9000"),
        ("as much as $90",                            "cap _ 9000"),
        ("a maximum of $2,500",                       "cap _ 250000"),
        ("Up to $90+",                                "cap _ _"),
        ("Up to $90 - $300+",                         "cap _ _"),
        ("Up to $90 or $300",                         "cap _ 30000"),
        ("$50 flat, or up to $4,000 with receipts",   "cap _ 400000"),
        ("Up to $700 and three years of monitoring",  "cap _ 70000 monitoring"),
        ("$30, Monitoring",                           "exact 3000 3000 monitoring"),
        ("$11 per ticket",                            "per_unit 1100 1100 ticket"),
        ("$11 - $14 for each bottle",                 "per_unit 1100 1400 bottle"),
        ("$4 a month",                                "per_unit 400 400 month"),
        ("$3/box",                                    "per_unit 300 300 box"),
        ("Est. $210",                                 "estimate 21000 21000"),
        ("$210 (est.)",                               "estimate 21000 21000"),
        ("about $30 to $45",                          "estimate 3000 4500"),
        ("Average payment of $64",                    "estimate 6400 6400"),
        ("$10 gift card",                             "non_cash _ _ gift_card"),
        ("$6 credit",                                 "non_cash _ _ credit"),
        ("$3 off coupon",                             "non_cash _ _ coupon"),
        ("two vouchers",                              "non_cash _ _ voucher"),
        ("Credit monitoring",                         "non_cash _ _ monitoring"),
        ("a free replacement part",                   "unknown _ _"),
        ("$8 plus a $3 voucher",                      "unknown _ _ voucher"),
        ("Pro rata",                                  "pro_rata _ _"),
        ("An equal share of what is left",            "pro_rata _ _"),
        ("$6.5 million",                              "fund _ _"),
        ("$6.5M settlement fund",                     "fund _ _"),
        ("$750K",                                     "fund _ _"),
        ("$87,500,000",                               "fund _ _"),
        ("A fund of $80,000",                         "fund _ _"),
        ("$40 each from a $2 million fund",           "exact 4000 4000"),
        ("Varies",                                    "unknown _ _"),
        ("TBD",                                       "unknown _ _"),
        ("",                                          "unknown _ _"),
        ("20 dollars-ish",                            "unknown _ _"),
        ("\u{a3}40",                                  "unknown _ _"),
        ("CA$40",                                     "unknown _ _"),
        ("$0",                                        "unknown _ _"),
        ("$1,2",                                      "unknown _ _"),
        ("$12.345",                                   "unknown _ _"),
        ("$99999999999999999999",                     "unknown _ _"),
        // Everybody's money, a plaintiff's, a lawyer's, or none.
        ("Settlement of $50,000",                     "unknown _ _"),
        ("Class members will split $95,000",          "unknown _ _"),
        ("$90,000 to be divided among claimants",     "unknown _ _"),
        ("$45,000 will be shared by all",             "unknown _ _"),
        ("Everyone shares $55,000",                   "unknown _ _"),
        ("A sum of $70,000 for the whole class",      "unknown _ _"),
        ("settled for $60,000",                       "unknown _ _"),
        ("Company agreed to pay $75,000",             "unknown _ _"),
        ("non-reversionary $85,000",                  "unknown _ _"),
        ("$80,000 (before fees)",                     "unknown _ _"),
        ("$99,999",                                   "unknown _ _"),
        ("$95K",                                      "unknown _ _"),
        ("$30K settlement",                           "fund _ _"),
        ("Attorneys' fees of $30,000",                "unknown _ _"),
        ("$5,000 service award to the plaintiff",     "unknown _ _"),
        ("$25 after $30,000 in fees",                 "unknown _ _"),
        ("$50 or $30,000 total",                      "unknown _ _"),
        ("You won't get $50",                         "unknown _ _"),
        ("less than $10",                             "unknown _ _"),
        ("under $10",                                 "unknown _ _"),
        ("nearly $100",                               "unknown _ _"),
        ("$5 minus fees",                             "unknown _ _"),
        ("no cap, $5 each",                           "unknown _ _"),
        ("$9 million divided among 100,000 people = $90", "unknown _ _"),
        ("$5-10",                                     "range 500 1000"),
        ("$5-10 million",                             "unknown _ _"),
        ("$5-2 years of monitoring",                  "unknown _ _ monitoring"),
        ("Cash payment ($40) and 2 years monitoring", "exact 4000 4000 monitoring"),
        ("$20 per class member",                      "exact 2000 2000"),
        ("$20 to class members",                      "fund _ _"),
    ];
    hold(table, payout);
}

/// Every period on one line: `kind start..end`, behind it whom it holds for.
fn periods(text: &str) -> String {
    let day = |day: Option<crate::types::Date>| day.map_or(String::new(), |day| day.to_string());
    let all: Vec<String> = read_periods(text)
        .iter()
        .map(|period| {
            let kind = format!("{:?}", period.kind).to_lowercase();
            let group = period.group.as_ref().map_or(String::new(), |group| format!(" [{group}]"));
            format!("{kind} {}..{}{group}", day(period.start), day(period.end))
        })
        .collect();
    all.join("; ")
}

#[test]
fn periods_mean_what_the_table_says() {
    #[rustfmt::skip]
    let table = [
        ("bought a lamp between June 3, 2018 and May 9, 2020",      "class 2018-06-03..2020-05-09"),
        ("bought a lamp from June 3, 2018 through May 9, 2020",     "class 2018-06-03..2020-05-09"),
        ("from June 3 2018 to the present",                         "class 2018-06-03.."),
        ("between June 3, 2018, and May 9, 2020",                   "class 2018-06-03..2020-05-09"),
        ("June 3, 2018 - May 9, 2020",                              "class 2018-06-03..2020-05-09"),
        ("between March and May 2020",                              "class 2020-03-01..2020-05-31"),
        ("between March 2 and May 9, 2020",                         "class 2020-03-02..2020-05-09"),
        ("between February 2019 and February 2020",                 "class 2019-02-01..2020-02-29"),
        ("paid a toll between 2015 and 2017",                       "class 2015-01-01..2017-12-31"),
        ("between 2018-06-03 and 2020-05-09",                       "class 2018-06-03..2020-05-09"),
        ("between 6/3/2018 and 5/9/2020",                           "class 2018-06-03..2020-05-09"),
        ("on or after June 3, 2018",                                "class 2018-06-03.."),
        ("since June 3, 2018",                                      "class 2018-06-03.."),
        ("after June 3, 2018",                                      "class 2018-06-04.."),
        ("after 2018",                                              "class 2019-01-01.."),
        ("before June 3, 2018",                                     "class ..2018-06-02"),
        ("prior to June 2018",                                      "class ..2018-05-31"),
        ("on or before June 3, 2018",                               "class ..2018-06-03"),
        ("shopped here through June 3, 2018",                       "class ..2018-06-03"),
        ("rode the ferry on June 3, 2018",                          "class 2018-06-03..2018-06-03"),
        ("bought a lamp in 2021",                                   "class 2021-01-01..2021-12-31"),
        ("bought a lamp in 2021 or 2022",                           ""),
        ("not between May 1, 2020 and June 1, 2020",                ""),
        ("between May 1, 2020 and June 1, 2020, except between May 10, 2020 and May 12, 2020", "class 2020-05-01..2020-06-01"),
        ("before January 1, 1900",                                  ""),
        ("outside of between May 1, 2020 and June 1, 2020",         ""),
        ("lived outside Ohio between May 1, 2020 and June 1, 2020", "class 2020-05-01..2020-06-01"),
        ("before 1900",                                             ""),
        ("after 9999-12-31",                                        ""),
        ("had a pass in the 2021 season",                           ""),
        ("enrolled for the Spring 2021 semester",                   ""),
        ("owned a 2014-2018 Falcon hatchback",                      ""),
        ("at various times between 2010 and 2014",                  ""),
        ("between May 9, 2020 and June 3, 2018",                    ""),
        ("drove between 20,000 and 30,000 miles",                   ""),
        ("as of June 3, 2018",                                      "asof 2018-06-03..2018-06-03"),
        ("lamps manufactured between June 2018 and May 2020",       "made 2018-06-01..2020-05-31"),
        ("a breach that occurred between June 3, 2018 and June 9, 2018", "event 2018-06-03..2018-06-09"),
        ("claims must be submitted between June 3, 2018 and May 9, 2020", ""),
        ("file a claim on or before May 9, 2020",                   ""),
        ("flew between May 2011 and May 2012 with Blue Air and between May 2011 and July 2012 with Red Air",
            "class 2011-05-01..2012-05-31 [with Blue Air]; class 2011-05-01..2012-07-31 [with Red Air]"),
        ("June 3, 2018 to May 9, 2020 in UT or NV, or July 4, 2018 to May 9, 2020 anywhere else",
            "class 2018-06-03..2020-05-09 [in UT or NV]; class 2018-07-04..2020-05-09 [anywhere else]"),
    ];
    hold(table, periods);
}

/// Every deadline on one line.
fn deadlines(text: &str) -> String {
    let all: Vec<String> = read_deadlines(text)
        .iter()
        .map(|one| {
            let day = one.day.map_or("_".to_owned(), |day| day.to_string());
            format!("{:?} {day}", one.kind)
        })
        .collect();
    all.join("; ")
}

#[test]
fn deadlines_mean_what_the_table_says() {
    #[rustfmt::skip]
    let table = [
        ("Claims have to be filed by June 3, 2026.",                         "Claim 2026-06-03"),
        ("Submit your form no later than June 3, 2026.",                     "Claim 2026-06-03"),
        ("The deadline to file a claim is June 3, 2026.",                    "Claim 2026-06-03"),
        ("Claim deadline: 6/3/2026",                                         "Claim 2026-06-03"),
        ("Claim forms must be postmarked by June 3, 2026",                   "Claim 2026-06-03"),
        ("Claim by June 2026",                                               "Claim _"),
        ("You can opt out until June 3, 2026.",                              "OptOut 2026-06-03"),
        ("Exclusion deadline: June 3, 2026",                                 "OptOut 2026-06-03"),
        ("To exclude yourself, write by June 3, 2026.",                      "OptOut 2026-06-03"),
        ("You must object by June 3, 2026.",                                 "Objection 2026-06-03"),
        ("Opt out or object by June 3, 2026.",                               "OptOut 2026-06-03; Objection 2026-06-03"),
        ("File a claim by June 3, 2026, and opt out by May 4, 2026.",        "Claim 2026-06-03; OptOut 2026-05-04"),
        ("Opt out by May 4, 2026. Claims are due by June 3, 2026.",          "OptOut 2026-05-04; Claim 2026-06-03"),
        ("The final hearing is on June 3, 2026.",                            ""),
        ("The claim was announced on June 3, 2026.",                         ""),
        ("Payments will be mailed by June 3, 2026.",                         ""),
        ("You bought a lamp by June 3, 2026.",                               ""),
        ("June 3, 2026",                                                     ""),
        ("Claims must be filed by Friday, May 9, 2026.",                     "Claim 2026-05-09"),
        ("File your claim by Friday May 9, 2026.",                           "Claim 2026-05-09"),
        ("The claim deadline was extended from May 1, 2026 to June 5, 2026.", "Claim 2026-06-05"),
        ("The lawsuit, filed by consumers on May 9, 2020, claims fraud.",    ""),
        ("Claims filed by consumers on May 9, 2020 allege fraud.",           ""),
        ("Anyone who filed a lawsuit before May 9, 2020 is in.",             ""),
        ("To file a claim you must have been a customer on or before May 9, 2020.", ""),
        ("You may claim if your account was closed by May 9, 2020.",         ""),
        ("You can file a claim if your account was closed by May 9, 2020.",  ""),
        ("Charged a fee, you may be part of it. Opt out by May 4, 2026.",    "OptOut 2026-05-04"),
        ("You were charged for it. Opt out by May 4, 2026.",                 "OptOut 2026-05-04"),
        ("Claims submitted before May 9, 2026 were paid.",                   ""),
        ("Must have registered the product before May 9, 2020 to claim.",    ""),
        ("File a claim if you bought by May 9, 2020",                        ""),
        ("Do not file a claim after May 9, 2026.",                           ""),
        ("The deadline to file a claim is not May 9, 2026 but June 9, 2026.", ""),
        ("Automatic payments were disabled by the bank.",                    ""),
        ("You don't need to file a claim if you already did.",               ""),
        ("No claim is needed unless you moved.",                             ""),
        ("Subscribers who were paid automatically may file.",                ""),
        ("Automatic payments will be sent.",                                 "Automatic _"),
        ("No claim form is needed.",                                         "Automatic _"),
        ("Members are paid automatically.",                                  "Automatic _"),
        ("You don't need to file a claim to be paid.",                       "Automatic _"),
        ("Payments are not sent automatically.",                             ""),
    ];
    hold(table, deadlines);
}

#[test]
fn proofs_mean_what_the_table_says() {
    #[rustfmt::skip]
    let table = [
        ("No proof of purchase is required.",                 "none"),
        ("You can claim without a receipt.",                  "none"),
        ("Receipts are not needed.",                          "none"),
        ("You do not need any proof.",                        "none"),
        ("Proof of purchase required",                        "required"),
        ("You must submit documentation.",                    "required"),
        ("The form requires receipts.",                       "required"),
        ("With or without proof",                             "optional"),
        ("You get more with receipts.",                       "optional"),
        ("No receipts needed for $5, proof is required above that.", "optional"),
        ("The settlement is fair.",                           "_"),
        ("Claims without proof are rejected.",                "_"),
        ("Claims without receipts will not be paid.",         "_"),
        ("There is no evidence that anybody was hurt.",       "_"),
        ("The company has no documents.",                     "_"),
        ("You can't claim without proof of purchase.",        "_"),
        ("You do not have proof of purchase.",                "_"),
        ("Proof is required unless you ask for less than $5.", "_"),
        ("A claim without proof is rejected.",                "_"),
        ("You don't have to provide any proof.",              "none"),
    ];
    hold(table, |text| read_proof(text).map_or("_", |(proof, _)| proof.as_str()).to_owned());
}

#[test]
fn places_mean_what_the_table_says() {
    let codes = |set: StateSet| set.iter().map(State::code).collect::<Vec<_>>().join(" ");
    #[rustfmt::skip]
    let table = [
        // text                                                in        out      home   named
        ("bought a lamp in Oregon",                            "OR",     "",      false, ""),
        ("bought a lamp in Oregon, Utah, or New York",         "NY OR UT", "",    false, ""),
        ("bought a lamp in OR or UT",                          "OR UT",  "",      false, ""),
        ("residents of Ohio who bought a lamp",                "OH",     "",      true,  ""),
        ("an Ohio resident who bought a lamp",                 "OH",     "",      true,  ""),
        ("if you live in West Virginia",                       "WV",     "",      true,  ""),
        // Where somebody lived once is not where they live.
        ("if you lived in West Virginia",                      "WV",     "",      false, ""),
        ("if you were a resident of Ohio",                     "OH",     "",      false, ""),
        ("if you were an Ohio resident",                       "OH",     "",      false, ""),
        ("shipped to an Ohio address",                         "OH",     "",      false, ""),
        ("bought a lamp outside of Ohio",                      "",       "OH",    false, ""),
        ("everywhere except Ohio and Utah",                    "",       "OH UT", false, ""),
        ("lived outside of Ohio",                              "",       "OH",    false, ""),
        ("a lamp shop in Salt Lake City, Utah",                "UT",     "",      false, ""),
        ("Lamp Lovers (Ohio, Utah)",                           "OH UT",  "",      false, ""),
        ("an Ohio auto insurance policy",                      "OH",     "",      false, ""),
        ("had tickets of the Ohio Otters",                     "",       "",      false, "OH"),
        ("a student of the University of Southern Utah",       "",       "",      false, "UT"),
        ("Lamps of Maine sold it",                             "",       "",      false, "ME"),
        ("sold in Utah Tigers shops",                          "",       "",      false, "UT"),
        ("ME TOO OR ELSE",                                     "",       "",      false, ""),
        ("residents in CA/NV",                                 "CA NV",  "",      true,  ""),
        ("NY residents who bought a lamp",                     "NY",     "",      true,  ""),
        ("bought outside California or Nevada",                "",       "CA NV", false, ""),
        ("live in Kansas City, Missouri",                      "MO",     "",      true,  "KS"),
        ("bought in Washington County, Oregon",                "OR",     "",      false, "WA"),
        ("lived in New York City",                             "",       "",      false, "NY"),
        ("a claim under California law",                       "",       "",      false, "CA"),
        // Any negation in the sentence, or a town of the same name: nothing is sure.
        ("lived in Indiana, Pennsylvania",                     "",       "",      false, "IN PA"),
        ("stayed in Nevada, Missouri",                         "",       "",      false, "MO NV"),
        ("non-California residents",                           "",       "",      false, "CA"),
        ("Residents of Arizona are not eligible",              "",       "",      false, "AZ"),
        ("Bought a lamp. Residents of Arizona aren't eligible", "",      "",      false, "AZ"),
        ("California residents are excluded",                  "",       "",      false, "CA"),
        // What is excepted right before a state is that state alone.
        ("excluding residents of California",                  "",       "CA",    true,  ""),
        ("residents, except California",                       "",       "CA",    false, ""),
        ("anyone except people who live in Ohio or Utah",      "",       "OH UT", true,  ""),
        ("anyone except Ohio residents",                       "",       "OH",    true,  ""),
        ("nobody except residents of Ohio",                    "",       "",      false, "OH"),
        ("residents of Ohio, except residents of Ohio",        "",       "",      false, "OH"),
        ("residents who bought it in Ohio",                    "OH",     "",      false, ""),
        ("residents of Utah who bought it in Ohio",            "OH UT",  "",      false, ""),
        ("residents of the State of Ohio",                     "OH",     "",      true,  ""),
        ("not in California",                                  "",       "",      false, "CA"),
        ("who do not reside in Texas",                         "",       "",      false, "TX"),
        ("not a resident of Texas",                            "",       "",      false, "TX"),
        ("no Texas residents",                                 "",       "",      false, "TX"),
        ("residents of any state other than Texas",            "",       "",      false, "TX"),
        ("all states but Texas",                               "",       "",      false, "TX"),
        ("who never lived in Maine",                           "",       "",      false, "ME"),
        ("who no longer live in Utah",                         "",       "",      false, "UT"),
        ("in California (but not Los Angeles) stores",         "",       "",      false, "CA"),
        ("not outside of Ohio",                                "",       "",      false, "OH"),
        ("all states except CA, NY and IL",                    "",       "CA IL NY", false, ""),
        ("citizens of Illinois who lived outside Ohio",        "",       "",      false, "IL OH"),
        ("Residents of Ohio. Residents of Utah are ineligible", "",      "",      false, "OH UT"),
    ];
    for (text, within, outside, is_home, named) in table {
        let found = read_places(text);
        let all = (codes(found.within), codes(found.outside), found.is_home, codes(found.named));
        let expected = (within.to_owned(), outside.to_owned(), is_home, named.to_owned());
        assert_eq!(all, expected, "{text}");
    }
    assert!(read_places("worked in OH, or anywhere else in the US").is_everywhere);
}

#[test]
fn audiences_mean_what_the_table_says() {
    #[rustfmt::skip]
    let table = [
        ("people who bought a lamp",                                    "shopper"),
        ("anyone charged a late fee by a gym",                          "shopper"),
        ("you made a purchase in the app",                              "shopper"),
        ("you worked for Lamp Lovers as a cashier",                     "employee"),
        ("employees who bought lamps",                                  "employee"),
        ("you applied for a job with Lamp Lovers",                      "applicant"),
        ("your details were in the Lamp Lovers data breach",            "breach_victim"),
        ("patients whose personal information was exposed",             "breach_victim"),
        ("you received text messages from Lamp Lovers",                 "call_recipient"),
        ("you got a prerecorded voicemail",                             "call_recipient"),
        ("you logged into the portal",                                  "visitor"),
        ("you owned or leased a Falcon",                                "vehicle_owner"),
        ("you bought or leased a Falcon",                               "vehicle_owner"),
        ("you own a building with their pipes",                         "property_owner"),
        ("you were a tenant and paid a late fee",                       "tenant"),
        ("a student who paid tuition",                                  "student"),
        ("former patients who paid a bill",                             "patient"),
        ("you bought shares in Lamp Lovers",                            "investor"),
        ("you were in the Lamp Lovers Employee Savings Plan",           "investor"),
        ("you purchased an insurance policy",                           "insured"),
        ("you paid fees on a mortgage",                                 "borrower"),
        ("shops that bought lamps for resale",                          "business"),
        ("bought lamps for their home and not for resale",              "shopper"),
        ("you were held and detained there",                            "detained"),
        ("see the website for who is in it",                            "unknown"),
    ];
    hold(table, |text| read_audience(text).0.as_str().to_owned());
}
