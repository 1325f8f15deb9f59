//! What can go wrong, which of it a seed lets go wrong, and how often it did.

use std::fmt;

use crate::random::Rng;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal at $permille:literal),+ $(,)?) => {
        /// Something that goes wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[$doc])* $name),+
        }

        impl Fault {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in tables.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// How often in a thousand chances it happens, where a seed has it. 0 for what is not
            /// drawn: it follows from other faults, and is counted where it is seen.
            const fn permille(self) -> u64 {
                match self { $(Self::$name => $permille),+ }
            }
        }
    };
}

faults! {
    /// A process dies before something it was about to do.
    CrashBefore = "crash_before" at 12,
    /// A process dies after something was done and before it heard of it.
    CrashAfter = "crash_after" at 12,
    /// A process stops for longer than its lease, and goes on.
    Pause = "pause" at 25,
    /// A request is lost on its way to the rail.
    RailLostRequest = "rail_lost_request" at 60,
    /// The answer of the rail is lost: it happened.
    RailLostAnswer = "rail_lost_answer" at 60,
    /// The rail has had too many requests.
    RailLater = "rail_later" at 60,
    /// The rail declines.
    RailDeclines = "rail_declines" at 120,
    /// The rail wants the claimant to do something.
    RailUserAction = "rail_user_action" at 80,
    /// The rail agrees without having checked.
    RailUnchecked = "rail_unchecked" at 80,
    /// The rail refuses to send what it agreed to.
    RailRefusesToSend = "rail_refuses_to_send" at 80,
    /// The rail refuses, and does not say whether that will pass.
    RailUnclear = "rail_unclear" at 30,
    /// The rail answers with a transfer that another approval was paid with.
    RailNamesAnother = "rail_names_another" at 60,
    /// The rail has no money for a while: it declines, and refuses what it agreed to.
    RailOutOfMoney = "rail_out_of_money" at 60,
    /// An authorization runs out before it is used.
    AuthorizationExpired = "authorization_expired" at 0,
    /// The rail has forgotten a key, and agrees anew under it.
    KeyForgotten = "key_forgotten" at 0,
    /// A transfer fails on its way.
    TransferFails = "transfer_fails" at 200,
    /// A transfer is cancelled at the rail.
    TransferCancelled = "transfer_cancelled" at 60,
    /// A transfer comes back after it had arrived.
    TransferReturns = "transfer_returns" at 200,
    /// A page of events ends anywhere.
    EventsSplit = "events_split" at 400,
    /// Events are told twice.
    EventsTwice = "events_twice" at 200,
    /// Events are told in another order than they happened.
    EventsReordered = "events_reordered" at 150,
    /// An event of a kind that nobody knows.
    EventUnknownKind = "event_unknown_kind" at 150,
    /// An event about a transfer that nobody knows.
    EventUnknownTransfer = "event_unknown_transfer" at 150,
    /// The rail tells events from a place before the one it was asked for.
    EventsFromBefore = "events_from_before" at 150,
    /// A webhook is lost.
    WebhookLost = "webhook_lost" at 300,
    /// A webhook comes twice.
    WebhookTwice = "webhook_twice" at 200,
    /// A webhook comes after those that were sent later.
    WebhookReordered = "webhook_reordered" at 200,
    /// A webhook comes a day late.
    WebhookLate = "webhook_late" at 150,
    /// Somebody else sends a webhook.
    WebhookForged = "webhook_forged" at 20,
    /// Somebody sends an old webhook again.
    WebhookReplayed = "webhook_replayed" at 20,
    /// The store fails: nothing was read or written.
    StoreFails = "store_fails" at 20,
    /// Another process holds the store when a change is to be written: nothing was.
    StoreBusy = "store_busy" at 20,
    /// The disk is full, for a while: nothing can be written.
    StoreFull = "store_full" at 8,
    /// A question is answered from rows that were changed since.
    StoreStale = "store_stale" at 50,
    /// A change that rests on such an answer is refused.
    StaleRefused = "stale_refused" at 0,
    /// Another process took a key between the question and the change.
    KeyTaken = "key_taken" at 0,
    /// The store wrote, and the answer was lost.
    StoreLostAnswer = "store_lost_answer" at 20,
    /// The connection broke before the store wrote.
    StoreLostRequest = "store_lost_request" at 20,
    /// Somebody else changed a row in between.
    StoreConflict = "store_conflict" at 40,
    /// The clock goes back by up to ten minutes.
    ClockBack = "clock_back" at 15,
    /// The clock goes on by up to ten minutes.
    ClockAhead = "clock_ahead" at 25,
    /// More than an hour passes, which is how long an authorization lives.
    ClockHour = "clock_hour" at 60,
    /// Two days and an hour pass, so that the rail forgets keys.
    ClockJump = "clock_jump" at 30,
    /// A claimant is approved again while a transfer stands.
    ApprovedAgain = "approved_again" at 150,
    /// A batch is asked for again, under the same key.
    BatchAgain = "batch_again" at 150,
    /// A batch is asked for under a new key.
    BatchOtherKey = "batch_other_key" at 150,
    /// Two processes ask for the same at the same time.
    RequestRaced = "request_raced" at 200,
    /// Two processes make batches of the same people under two keys at the same time.
    BatchRaced = "batch_raced" at 200,
    /// The account cannot cover a batch: an earlier one took the money, or it was never there.
    FundsTaken = "funds_taken" at 0,
    /// A claimant is due nearly as much as fits in 64 bits.
    AmountHuge = "amount_huge" at 100,
    /// A deposit does not fit beside what was put in.
    FundOverflows = "fund_overflows" at 150,
    /// The amounts of a batch do not fit in 64 bits together.
    BatchOverflows = "batch_overflows" at 100,
    /// A deposit is in another currency than the account.
    FundOtherCurrency = "fund_other_currency" at 150,
    /// An approval is in another currency than the account.
    ApproveOtherCurrency = "approve_other_currency" at 150,
    /// The account is closed while approved claimants wait.
    AccountCloses = "account_closes" at 150,
    /// Somebody asks the rail to cancel a transfer that is on its way. All that is drawn for this
    /// comes from numbers of its own, so that a seed without it is the seed that it was before.
    CancelAsked = "cancel_asked" at 25,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often each fault happened, in the order of [`Fault::ALL`].
pub type Fired = [u32; Fault::ALL.len()];

/// In so many of a thousand seeds transfers are cancelled.
const CANCELS_PERMILLE: u64 = 250;

/// The faults of a seed.
#[derive(Debug, Clone)]
pub struct Faults {
    enabled: [bool; Fault::ALL.len()],
    fired: Fired,
    /// One in so many chances is taken.
    rarer: u64,
    is_on: bool,
}

impl Faults {
    /// A quarter or a half of all faults, drawn at random, without those that are left out. Whether
    /// something is cancelled is drawn from `cancels`.
    pub fn draw(rng: &mut Rng, cancels: &mut Rng, without: &[Fault]) -> Self {
        let mut enabled = [false; Fault::ALL.len()];
        let permille = if rng.once_in(500) { 250 } else { 500 };
        for (one, fault) in enabled.iter_mut().zip(Fault::ALL) {
            let is_drawn = match fault {
                Fault::CancelAsked => cancels.once_in(CANCELS_PERMILLE),
                _ => rng.once_in(permille),
            };
            *one = is_drawn && !without.contains(fault);
        }
        Self { enabled, fired: [0; Fault::ALL.len()], rarer: 1, is_on: true }
    }

    /// Lets only these go wrong, each of them, in one of so many chances that there were before.
    pub fn keep(&mut self, faults: &[Fault], rarer: u64) {
        for (one, fault) in self.enabled.iter_mut().zip(Fault::ALL) {
            *one = faults.contains(fault);
        }
        self.rarer = rarer;
    }

    /// Lets nothing go wrong any more.
    pub const fn stop(&mut self) {
        self.is_on = false;
    }

    /// Whether this can go wrong now.
    pub fn has(&self, fault: Fault) -> bool {
        self.is_on && self.enabled.get(fault as usize).copied().unwrap_or(false)
    }

    /// Whether this goes wrong now; counted if so.
    pub fn strikes(&mut self, fault: Fault, rng: &mut Rng) -> bool {
        let strikes = self.has(fault) && rng.below(1_000 * self.rarer) < fault.permille();
        if strikes {
            self.saw(fault);
        }
        strikes
    }

    /// Counts what was seen to happen.
    pub fn saw(&mut self, fault: Fault) {
        if let Some(count) = self.fired.get_mut(fault as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// How often each happened.
    pub const fn fired(&self) -> &Fired {
        &self.fired
    }
}
