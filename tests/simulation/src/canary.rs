//! Broken builds on purpose: the simulation has to catch each of them.

/// A way to break the engine that once paid twice, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canary {
    /// Money is sent before the authorization is stored.
    CreateBeforeStored,
    /// Each executor keeps an authorization of its own, whatever is stored.
    OwnAuthorization,
    /// An authorization that ran out is given up without asking whether it was used.
    ReauthorizeWithoutProbe,
    /// Money that came back is told as money that arrived.
    ReturnedAsSettled,
    /// Whatever the rail does not answer is taken for a refusal.
    SilenceIsFailure,
}

impl Canary {
    /// Every one of them.
    pub const ALL: [Self; 5] = [
        Self::CreateBeforeStored,
        Self::OwnAuthorization,
        Self::ReauthorizeWithoutProbe,
        Self::ReturnedAsSettled,
        Self::SilenceIsFailure,
    ];
}
