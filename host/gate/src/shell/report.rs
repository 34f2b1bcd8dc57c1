//! What has been found out about a line so far. Findings only ever raise it.

use anteroom_api::Tier;

/// Most reasons a person is shown.
const MAX_REASONS: usize = 8;

#[derive(Debug)]
pub(super) struct Report {
    pub(super) tier: Tier,
    pub(super) hard_block: Option<String>,
    pub(super) reasons: Vec<String>,
    pub(super) always_asks: bool,
    pub(super) is_resolved: bool,
    pub(super) commands: Vec<Vec<String>>,
    /// The first command known to reach the network.
    pub(super) sends: Option<String>,
    /// The first command nobody knows.
    pub(super) may_send: Option<String>,
    /// The first thing it brings in from outside.
    pub(super) brings: Option<String>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            tier: Tier::Read,
            hard_block: None,
            reasons: Vec::new(),
            always_asks: false,
            is_resolved: true,
            commands: Vec::new(),
            sends: None,
            may_send: None,
            brings: None,
        }
    }

    pub(super) fn raise(&mut self, tier: Tier) {
        self.tier = self.tier.max(tier);
    }

    pub(super) fn execute(&mut self, reason: impl Into<String>) {
        self.raise(Tier::Execute);
        self.say(reason.into());
    }

    pub(super) fn destructive(&mut self, reason: impl Into<String>) {
        self.raise(Tier::Destructive);
        self.say(reason.into());
    }

    /// Something is not known before the line runs.
    pub(super) fn unresolved(&mut self, reason: impl Into<String>) {
        self.is_resolved = false;
        self.may_send("a part of the command that is not known before it runs");
        self.execute(reason);
    }

    /// A command reaches the network: data can leave with it, and what it prints comes from outside.
    pub(super) fn sends(&mut self, what: &str) {
        self.only_sends(what);
        self.brings
            .get_or_insert_with(|| format!("{what}, which reaches the network"));
    }

    /// A command reaches the network, and brings nothing back.
    pub(super) fn only_sends(&mut self, what: &str) {
        self.sends
            .get_or_insert_with(|| format!("{what} reaches the network"));
    }

    /// Nobody knows whether a command reaches the network.
    pub(super) fn may_send(&mut self, what: &str) {
        if self.may_send.is_none() {
            self.may_send = Some(format!("{what} may reach the network"));
        }
    }

    /// Something from outside the workspace enters.
    pub(super) fn brings(&mut self, what: String) {
        self.brings.get_or_insert(what);
    }

    /// A part of it is not known, which is worth a mark but no words.
    pub(super) fn unknown(&mut self) {
        self.is_resolved = false;
        self.may_send("a part of the command that is not known before it runs");
        self.raise(Tier::Execute);
    }

    /// Touches what is sensitive or outside the workspace.
    pub(super) fn ask_always(&mut self, tier: Tier, reason: impl Into<String>) {
        self.always_asks = true;
        self.raise(tier);
        self.say(reason.into());
    }

    pub(super) fn block(&mut self, reason: impl Into<String>) {
        self.raise(Tier::Destructive);
        self.hard_block.get_or_insert_with(|| reason.into());
    }

    fn say(&mut self, reason: String) {
        if self.reasons.len() < MAX_REASONS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}
