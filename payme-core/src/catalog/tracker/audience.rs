//! Audiences: what made somebody a member of the class.
//!
//! In: a text. Out: one kind of membership, or unknown. Only a shopper's shows in a bank account;
//! every other kind has to be asked for, whatever else the text says.
//! Rules: `docs/rules/trackers.md`.

use super::places::is_negation;
use super::words::Words;

/// What made somebody a member of the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// They bought or paid for something.
    Shopper,
    /// They worked there.
    Employee,
    /// They applied for a job there.
    Applicant,
    /// Their data was in a breach.
    BreachVictim,
    /// They were called or sent texts.
    CallRecipient,
    /// They used a site, an app or a portal.
    Visitor,
    /// They owned or leased a vehicle.
    VehicleOwner,
    /// They owned a home, a building or land.
    PropertyOwner,
    /// They rented a home.
    Tenant,
    /// They studied there.
    Student,
    /// They were treated there.
    Patient,
    /// They invested, traded or saved for retirement there.
    Investor,
    /// They were insured there.
    Insured,
    /// They borrowed there.
    Borrower,
    /// They are a business.
    Business,
    /// They were held there.
    Detained,
    /// Nothing says it, or not clearly.
    Unknown,
}

impl Audience {
    /// The word used in provenance.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopper => "shopper",
            Self::Employee => "employee",
            Self::Applicant => "applicant",
            Self::BreachVictim => "breach_victim",
            Self::CallRecipient => "call_recipient",
            Self::Visitor => "visitor",
            Self::VehicleOwner => "vehicle_owner",
            Self::PropertyOwner => "property_owner",
            Self::Tenant => "tenant",
            Self::Student => "student",
            Self::Patient => "patient",
            Self::Investor => "investor",
            Self::Insured => "insured",
            Self::Borrower => "borrower",
            Self::Business => "business",
            Self::Detained => "detained",
            Self::Unknown => "unknown",
        }
    }

    /// The audience of a word.
    pub(super) fn of_word(word: &str) -> Self {
        PHRASES
            .iter()
            .map(|(audience, _)| *audience)
            .chain([Self::Shopper])
            .find(|audience| audience.as_str() == word)
            .unwrap_or(Self::Unknown)
    }
}

/// What names each audience, the ones that decide first. Being a shopper is decided last: an
/// employee of a shop, a patient who paid and a borrower who was charged are none.
const PHRASES: [(Audience, &[&str]); 15] = [
    (
        Audience::BreachVictim,
        &[
            "data|security|cybersecurity breach|breaches|incident",
            "data breaches",
            "breach that * * * discovered",
            "personal|private|confidential information|data was|were|may|had|is",
            "personal|private|confidential information|data exposed|compromised",
            "information may have been exposed|accessed|compromised",
        ],
    ),
    (
        Audience::Applicant,
        &[
            "applied for|to a|an|at? * job|jobs|position|opening",
            "applied for a|an? * job|employment",
            "job|employment application|applicant|applicants|applications",
            "applied for a|any job|position",
            "applied for employment|jobs|work",
            "job opening|openings",
            "applied for at least one job",
            "applied to a|any job",
        ],
    ),
    (
        Audience::CallRecipient,
        &[
            "text message|messages",
            "telemarketing call|calls",
            "unwanted call|calls|text|texts",
            "prerecorded|recorded|artificial|automated call|calls|voicemail|voice?",
            "robocall|robocalls|ringless call|calls|voicemail|voice?",
            "receiving|received texts|text|calls|call",
            "do - not - call",
            "do not call registry|list",
            "received a|an|more? * * call|calls|text|texts|voicemail|message|messages",
            "received * call|calls|voicemail|texts",
            "unsolicited calls|texts|faxes|fax",
        ],
    ),
    (Audience::Detained, &["incarcerated|detained|imprisoned|inmate|inmates|jailed"]),
    (
        Audience::Investor,
        &[
            "retirement|savings|pension|investment plan|plans",
            "margin account|accounts",
            "shareholder|shareholders|stockholder|stockholders|investor|investors",
            "participant|participants or|in in? beneficiary|beneficiaries|the?",
            "placed * * trades|orders",
            "bought|purchased|acquired|held|owned shares|stock|securities|bonds|tokens|nfts",
            "trades between",
            "qualifying trades",
            "common stock",
            "plan between",
            "purchased * * nfts|tokens",
        ],
    ),
    (
        Audience::Employee,
        &[
            "worked|working|works for|at|in|as",
            "employee|employees",
            "employed by|at|with",
            "employment with|at",
            "independent contractor|contractors",
            "hired by",
            "your|final paycheck|paychecks|wages",
            "hourly paid? worker|workers",
            "nurse|nurses who",
            "delivery|truck driver|drivers",
            "completed at least one delivery",
            "unpaid wages|overtime",
            "driver|drivers whose license",
        ],
    ),
    (
        Audience::Business,
        &[
            "for resale",
            "resellers|reseller|wholesalers|distributors",
            "a|your business",
            "merchants|merchant acquirers?",
            "commercial|industrial or? industrial? customer|customers",
            "you or your business",
            "affiliate * program",
        ],
    ),
    (
        Audience::Student,
        &["student|students", "enrolled in|at * * * semester|program", "tuition", "enrolled at"],
    ),
    (
        Audience::Insured,
        &[
            "policyholder|policyholders|insured|insureds",
            "insurance policy|policies",
            "coverage with",
            "motorist coverage|claim",
            "life insurance",
            "insurance benefits|claim|claims",
            "injury protection benefits",
        ],
    ),
    (
        Audience::Borrower,
        &["mortgage|mortgages", "borrower|borrowers|obligor|obligors", "loan|loans"],
    ),
    (
        Audience::Tenant,
        &[
            "tenant|tenants",
            "rental|lease forms|agreement|property|unit|application",
            "apartment|apartments",
            "security deposit",
            "lived in a|an|the? condominium|unit|apartment",
            "rented a|an|at|from",
        ],
    ),
    (
        Audience::VehicleOwner,
        &[
            "owned or leased",
            "own or lease",
            "bought|purchased or|, leased",
            "owners|owner and|or lessees|lessee",
            "vehicle|vehicles|truck|trucks|forklift|forklifts",
            "leased or? purchased|bought?",
            "drivers who bought|leased|owned",
            "from a * - authorized dealer",
            "car|cars|suv|suvs|motorcycle",
            "model year",
        ],
    ),
    (
        Audience::PropertyOwner,
        &[
            "own|owned|owns or? owned? a|an|the? building|home|house|property|buildings|homes|land",
            "owners of|or a|the? building|buildings|homes|home|property|properties",
            "structure that",
            "homeowner|homeowners",
            "owned a property",
            "residence or building",
            "bought|purchased a|the residence|house|home|building|condominium|property",
        ],
    ),
    (
        Audience::Patient,
        &[
            "patient|patients",
            "member|members and|who",
            "were|was vaccinated",
            "treated at|by",
            "sought or? received? treatment|care",
            "treatment by|at",
            "health plan",
            "medical examination",
            "were|was|are|is|former|current a|an? * * member|members",
        ],
    ),
    (
        Audience::Visitor,
        &[
            "logged|log|signed in|into|on",
            "accessed|visited|browsed * * * website|site|app|online",
            "visited|accessed|used the|its? website|site|app|platform",
            "website|site visitor|visitors|users",
            "held|had an|a active? account",
            "used an|a|the|your * * device|phone|website|app|platform",
            "used * * to schedule",
            "using the company's website",
            "patient portal",
            "accessed * website",
            "accessed * * online",
            "watched|viewed * * video|videos",
            "used an|a|your * mobile? device",
        ],
    ),
];

/// How many places of a phrase are looked at: a text that names one more often repeats itself.
const PLACES_MAX: usize = 16;

const SHOPPER: [&str; 16] = [
    "bought|buy|buys|purchased|purchase|purchases|purchasers|purchaser|purchasing|buyers|buyer",
    "paid|pay|pays",
    "ordered|order|orders|orderer",
    "subscribed|subscriber|subscribers|subscription",
    "were|was|been|and charged|billed",
    "billed by",
    "made a|an|any|at? * purchase|order|booking|reservation",
    "booked|reserved",
    "rented|renewed",
    "customer|customers",
    "signed up for",
    "enrolled into|in a|an?",
    "shopped|spent",
    "ticketholder|ticketholders|tickets",
    "charged a|an|for|by|any",
    "stayed at|in",
];

/// What made somebody a member of the class, as a text says it, and the words that say so.
/// ```
/// use payme_core::catalog::tracker::{Audience, read_audience};
/// assert_eq!(read_audience("if you bought a toaster").0, Audience::Shopper);
/// assert_eq!(read_audience("worked at a shop, bought a toaster").0, Audience::Employee);
/// assert_eq!(read_audience("see the site").0, Audience::Unknown);
/// ```
pub fn read_audience(text: &str) -> (Audience, String) {
    audience_of(&Words::of(text))
}

/// The same of words.
pub(super) fn audience_of(words: &Words<'_>) -> (Audience, String) {
    let phrases = PHRASES.iter().map(|(audience, phrases)| (*audience, *phrases));
    phrases
        .chain([(Audience::Shopper, SHOPPER.as_slice())])
        .find_map(|(audience, phrases)| {
            let first = words.find(phrases);
            let all = std::iter::successors(first, |at| words.find_from(at.end, phrases));
            let mut all = all.take(PLACES_MAX);
            // "Not for resale" is said of those who are no business.
            let is_said = |at: &std::ops::Range<usize>| {
                audience != Audience::Business
                    || !(at.start.saturating_sub(4)..at.start)
                        .any(|here| is_negation(words.low(here)))
            };
            Some((audience, words.slice(all.find(is_said)?).to_owned()))
        })
        .unwrap_or((Audience::Unknown, String::new()))
}
