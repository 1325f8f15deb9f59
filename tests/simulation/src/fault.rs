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

            /// How often in a thousand chances it happens, where a seed has it.
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
    /// The store refuses: nothing was written.
    StoreFails = "store_fails" at 20,
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
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often each fault happened, in the order of [`Fault::ALL`].
pub type Fired = [u32; Fault::ALL.len()];

/// The faults of a seed.
#[derive(Debug, Clone)]
pub struct Faults {
    enabled: [bool; Fault::ALL.len()],
    fired: Fired,
    is_on: bool,
}

impl Faults {
    /// A random half of all faults, without those that are left out.
    pub fn draw(rng: &mut Rng, without: &[Fault]) -> Self {
        let mut enabled = [false; Fault::ALL.len()];
        for (one, fault) in enabled.iter_mut().zip(Fault::ALL) {
            *one = rng.once_in(500) && !without.contains(fault);
        }
        Self { enabled, fired: [0; Fault::ALL.len()], is_on: true }
    }

    /// Lets nothing go wrong any more.
    pub const fn stop(&mut self) {
        self.is_on = false;
    }

    /// Whether this goes wrong now; counted if so.
    pub fn strikes(&mut self, fault: Fault, rng: &mut Rng) -> bool {
        let at = fault as usize;
        let is_enabled = self.is_on && self.enabled.get(at).copied().unwrap_or(false);
        let strikes = is_enabled && rng.once_in(fault.permille());
        if strikes && let Some(count) = self.fired.get_mut(at) {
            *count = count.saturating_add(1);
        }
        strikes
    }

    /// How often each happened.
    pub const fn fired(&self) -> &Fired {
        &self.fired
    }
}
