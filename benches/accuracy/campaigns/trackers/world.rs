//! Made-up settlements, and how made-up sources write about them.
//!
//! In: a number. Out: a settlement whose facts are known, and rows that describe it: with other
//! titles, links and words, with facts left out, with the menu of a page in place of a text.

use payme_core::catalog::tracker::Audience;
use serde_json::{Value, json};

/// Numbers that are the same on every machine: `SplitMix64`.
pub(super) struct Stream(u64);

impl Stream {
    pub(super) const fn new(seed: u64, number: usize) -> Self {
        Self(seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n - 1`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let scaled = u128::from(self.next()) * n as u128;
        usize::try_from(scaled >> 64).unwrap_or(0)
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

const FIRST: [&str; 20] = [
    "Alder",
    "Bramble",
    "Cobalt",
    "Dunmore",
    "Eastfield",
    "Fennimore",
    "Granby",
    "Hollow",
    "Ivory",
    "Jasper",
    "Kirkwood",
    "Lindale",
    "Moss",
    "Northgate",
    "Opal",
    "Pinnacle",
    "Quarry",
    "Rowan",
    "Sterling",
    "Thistle",
];
const SECOND: [&str; 16] = [
    "Outfitters",
    "Dental",
    "Motors",
    "Foods",
    "Fitness",
    "Credit Union",
    "Media",
    "Logistics",
    "Pharmacy",
    "Hotels",
    "Telecom",
    "University",
    "Games",
    "Airways",
    "Furniture",
    "Clinics",
];
const STATES: [(&str, &str); 8] = [
    ("California", "CA"),
    ("New York", "NY"),
    ("Illinois", "IL"),
    ("Washington", "WA"),
    ("Texas", "TX"),
    ("New Jersey", "NJ"),
    ("Ohio", "OH"),
    ("West Virginia", "WV"),
];
const MONTHS: [(&str, &str); 12] = [
    ("January", "Jan."),
    ("February", "Feb."),
    ("March", "Mar."),
    ("April", "Apr."),
    ("May", "May"),
    ("June", "June"),
    ("July", "July"),
    ("August", "Aug."),
    ("September", "Sept."),
    ("October", "Oct."),
    ("November", "Nov."),
    ("December", "Dec."),
];
const HOSTS: [&str; 4] = ["daily.example", "watch.example", "refunds.example", "notes.example"];

/// A day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Day(usize, usize, usize);

impl Day {
    fn draw(stream: &mut Stream, years: (usize, usize)) -> Self {
        let year = years.0 + stream.below(years.1 - years.0 + 1);
        Self(year, 1 + stream.below(12), 1 + stream.below(28))
    }

    pub(super) fn iso(self) -> String {
        format!("{}-{:02}-{:02}", self.0, self.1, self.2)
    }

    fn written(self, stream: &mut Stream) -> String {
        let Self(year, month, day) = self;
        let (long, short) = MONTHS[month - 1];
        match stream.below(5) {
            0 => format!("{short} {day}, {year}"),
            1 => format!("{month}/{day}/{year}"),
            2 => self.iso(),
            _ => format!("{long} {day}, {year}"),
        }
    }
}

/// A settlement whose facts are known.
pub(super) struct Truth {
    company: String,
    /// The number of its matter among those a company can have.
    matter: usize,
    site: String,
    deadline: Option<Day>,
    pub(super) period: Option<(Day, Day)>,
    state: Option<(&'static str, &'static str)>,
    is_outside: bool,
    /// The payout: least and most in dollars, and how it is meant.
    payout: (usize, usize, usize),
    proof: Option<bool>,
}

/// Matters: how titles call them, how a class is described, what makes somebody a member.
type Matter = (&'static [&'static str], &'static [&'static str], Audience, bool);
const MATTERS: [Matter; 7] = [
    (
        &["Data Breach", "2024 Data Breach"],
        &[
            "your personal information was exposed in a data breach at #",
            "you received notice of the # data breach",
        ],
        Audience::BreachVictim,
        false,
    ),
    (
        &["Unpaid Wages", "Employee Overtime"],
        &["you worked for #@%", "you were an hourly employee of #@%"],
        Audience::Employee,
        true,
    ),
    (
        &["Junk Fees", "Hidden Fees"],
        &["you bought products from #@%", "you made a purchase through #@%"],
        Audience::Shopper,
        true,
    ),
    (
        &["Unwanted Texts", "Unwanted Calls"],
        &[
            "you received text messages from #%",
            "you received more than one telemarketing call from #%",
        ],
        Audience::CallRecipient,
        true,
    ),
    (
        &["Job Postings", "Job Application"],
        &["you applied for a job with #@%"],
        Audience::Applicant,
        true,
    ),
    (
        &["Price Labels", "Advertised Sales"],
        &[
            "you bought at least two damaged products from #@% and were not refunded",
            "you purchased products from #@% after seeing a sign",
        ],
        Audience::Shopper,
        true,
    ),
    (
        &["Website Tracking", "Data Privacy"],
        &["you logged into the # website@%", "you visited the # website@%"],
        Audience::Visitor,
        true,
    ),
];

/// A row, and what it says.
pub(super) struct Written {
    pub(super) row: Value,
    /// Whether its text is about the settlement.
    pub(super) has_text: bool,
}

impl Truth {
    /// The settlement of a number.
    pub(super) fn draw(seed: u64, number: usize) -> Self {
        let mut stream = Stream::new(seed, number);
        // One company in three has another settlement, in two of five cases of the same matter.
        let of = if number % 3 == 2 { number - 1 } else { number };
        let mut company = Stream::new(seed ^ 0xc0, of);
        let mut name = format!("{} {}", company.pick(&FIRST), company.pick(&SECOND));
        if company.percent(60) {
            name = format!("{} {name}", company.pick(&FIRST));
        }
        let mut matter = company.below(MATTERS.len());
        if number % 3 == 2 && stream.percent(60) {
            matter = (matter + 1 + stream.below(MATTERS.len() - 1)) % MATTERS.len();
        }
        let slug: String = name.to_lowercase().split(' ').collect();
        let site = match stream.below(10) {
            0 | 1 => format!("admin-{}.example/{slug}{number}", of % 5),
            _ => format!("{slug}{number}settlement.example"),
        };
        let end = Day::draw(&mut stream, (2022, 2025));
        let start = Day::draw(&mut stream, (2012, 2021));
        let least = 5 + stream.below(60);
        Self {
            company: name,
            matter,
            site,
            deadline: stream.percent(85).then(|| Day::draw(&mut stream, (2026, 2026))),
            period: (MATTERS[matter].3 && stream.percent(80)).then_some((start, end)),
            state: stream.percent(35).then(|| stream.pick(&STATES)),
            is_outside: stream.percent(15),
            payout: (least, least + 10 + stream.below(4_000), stream.below(9)),
            proof: [None, Some(true), Some(false)][stream.below(3)],
        }
    }

    /// Whether the members are described by where they live or bought.
    pub(super) fn states(&self) -> (Option<&'static str>, Option<&'static str>) {
        let code = self.state.map(|(_, code)| code);
        let has_place = MATTERS[self.matter].1.iter().all(|text| text.contains('@'));
        match (has_place, self.is_outside) {
            (false, _) => (None, None),
            (true, false) => (code, None),
            (true, true) => (None, code),
        }
    }

    pub(super) const fn audience(&self) -> Audience {
        MATTERS[self.matter].2
    }

    /// Whether a purchase alone makes somebody a member.
    pub(super) const fn is_plain(&self) -> bool {
        self.matter == 2
    }

    pub(super) fn deadline(&self) -> Option<String> {
        self.deadline.map(Day::iso)
    }

    /// The payout as the least and the most cents of one claim, where a text can say them.
    pub(super) const fn cents(&self) -> (Option<usize>, Option<usize>) {
        let (least, most, kind) = self.payout;
        match kind {
            0 => (Some(least * 100), Some(least * 100)),
            1 | 2 => (Some(least * 100), Some(most * 100)),
            3 => (Some(least * 100), None),
            4 => (None, Some(most * 100)),
            _ => (None, None),
        }
    }

    fn payout_text(&self, stream: &mut Stream) -> String {
        let (least, most, kind) = self.payout;
        let most = if most >= 1_000 && stream.percent(70) {
            format!("{},{:03}", most / 1_000, most % 1_000)
        } else {
            most.to_string()
        };
        if stream.percent(5) {
            return format!("{least} dollars, more or less");
        }
        let texts: Vec<String> = match kind {
            0 => {
                vec![format!("${least}"), format!("${least}.00"), format!("${least} per claimant")]
            }
            1 | 2 => vec![
                format!("${least} - ${most}"),
                format!("${least} to ${most}"),
                format!("between ${least} and ${most}"),
                format!("${least}-${most}, Monitoring"),
            ],
            3 => vec![
                format!("${least}+"),
                format!("at least ${least}"),
                format!("${least} or more"),
            ],
            4 => vec![
                format!("Up to ${most}"),
                format!("up to ${most} with receipts"),
                format!("a maximum of ${most}"),
            ],
            5 => vec![format!("${least} per ticket"), format!("${least} for each box")],
            6 => vec![
                format!("Est. ${least}"),
                format!("${least} (est.)"),
                format!("about ${least}"),
            ],
            7 => vec![
                format!("${least} gift card"),
                format!("${least} voucher"),
                "a coupon".to_owned(),
            ],
            _ => vec![
                format!("${least} million"),
                format!("${least}.5M fund"),
                format!("${least},000,000"),
                "Pro rata".to_owned(),
            ],
        };
        texts[stream.below(texts.len())].clone()
    }

    fn title(&self, stream: &mut Stream) -> String {
        let about = stream.pick(MATTERS[self.matter].0);
        let (company, place) = (&self.company, self.state.filter(|_| self.states().0.is_some()));
        let place = place.map_or(String::new(), |(name, _)| format!(" ({name})"));
        match stream.below(4) {
            0 => format!("{company} - {about}{place} Class Action Settlement"),
            1 => format!("{company} {about}{place} Settlement"),
            2 => format!("{company} {about} Class Action Settlement is Open to Claims"),
            _ => format!("{company} \u{2013} {about}{place} Class Action Settlement"),
        }
    }

    fn text(&self, stream: &mut Stream) -> String {
        let period = self.period.map_or(String::new(), |(start, end)| {
            // Words that no reader knows.
            if stream.percent(5) {
                return format!(" from early {} until late {}", start.0, end.0);
            }
            let (from, to) = (start.written(stream), end.written(stream));
            match stream.below(3) {
                0 => format!(" from {from} through {to}"),
                1 => format!(" from {from} to {to}"),
                _ => format!(" between {from} and {to}"),
            }
        });
        let place = self.state.map_or(String::new(), |(name, _)| match self.is_outside {
            true => format!(" outside of {name}"),
            false => format!(" in {name}"),
        });
        let class = stream.pick(MATTERS[self.matter].1);
        let class = class.replace('#', &self.company).replace('@', &place).replace('%', &period);
        match stream.below(3) {
            0 => format!("You may be included in this settlement if {class}."),
            1 => format!("If {class}, you may be covered by this settlement."),
            _ => format!("You may be able to claim a piece of this settlement if {class}."),
        }
    }

    /// What one source writes about it.
    pub(super) fn write(&self, seed: u64, number: usize, source: usize) -> Written {
        let mut stream = Stream::new(seed ^ 0xf00d, number * 8 + source);
        let site = match stream.below(5) {
            0 => format!("http://www.{}", self.site),
            1 => format!("https://www.{}/", self.site),
            2 if !self.site.contains('/') => format!("https://{}/home", self.site),
            3 if stream.percent(40) => String::new(),
            _ => format!("https://{}", self.site),
        };
        let is_menu = stream.percent(8);
        let menu = "Sofa SettlementDeadline: May 1, 2026Submit Claim$9M Lamp \
                    SettlementDeadline: June 2, 2026Submit ClaimRead more";
        let deadline = self.deadline.filter(|_| !is_menu && stream.percent(90));
        // Now and then a source has another day.
        let deadline = deadline.map(|day| match stream.percent(3) {
            true => Day(day.0, day.1, 1 + day.2 % 28),
            false => day,
        });
        let text = if is_menu { menu.to_owned() } else { self.text(&mut stream) };
        let has_payout = !is_menu && stream.percent(80);
        let payout = if has_payout { self.payout_text(&mut stream) } else { "Varies".to_owned() };
        let row = json!({
            "id": format!("s{number}-{source}"),
            "title": self.title(&mut stream),
            "defendant": self.company,
            "description": text,
            "deadline": deadline.map(Day::iso),
            "claim_url": site,
            "source_url": format!("https://{}/{number}", HOSTS[(number + source) % HOSTS.len()]),
            "estimated_payout": payout,
            "proof_required": self.proof,
            "active": true,
            "last_verified": "2026-03-01",
        });
        Written { row, has_text: !is_menu }
    }
}
