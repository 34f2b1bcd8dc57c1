//! Identifiers and clocks as they travel: UUIDv7 ids, sequence numbers, UTC milliseconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "uuid" })
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(&self.0, f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Uuid::parse_str(text).map(Self) }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
    )*};
}

ids! {
    /// One submitted wish. What an op creates (a conversation, a turn) takes the op's own id.
    OpId,
    /// A lasting sequence of turns.
    ConversationId,
    /// From one user input until the agent stops.
    TurnId,
    /// One piece of a turn.
    ItemId,
    /// One question of the gate to a person.
    ApprovalId,
    /// One question of a tool to a person.
    ElicitationId,
    /// A text that grows beside the conversation.
    CanvasId,
    /// A folder that people put conversations in.
    FolderId,
    /// What conversations of one undertaking belong to.
    ProjectId,
    /// A browser that is signed in.
    SessionId,
}

impl From<OpId> for ConversationId {
    fn from(op: OpId) -> Self {
        Self(op.0)
    }
}

impl From<OpId> for FolderId {
    fn from(op: OpId) -> Self {
        Self(op.0)
    }
}

impl From<OpId> for ProjectId {
    fn from(op: OpId) -> Self {
        Self(op.0)
    }
}

impl From<OpId> for TurnId {
    fn from(op: OpId) -> Self {
        Self(op.0)
    }
}

/// Position of an event in its topic: starts at 1 and rises by one. `Seq(0)` means "from the start".
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The position after this one. Positions come from requests too: there is none after the last.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This moment plus `milliseconds`, saturating.
    #[must_use]
    pub fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Year, month and day in UTC, by the civil calendar.
    ///
    /// Source: <https://howardhinnant.github.io/date_algorithms.html>.
    #[must_use]
    pub fn date(self) -> (i64, i64, i64) {
        let days = self.0.div_euclid(86_400_000) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // Counted from March, so that the leap day is the last.
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, month, day)
    }
}

#[cfg(test)]
mod tests {
    use super::{Seq, UnixMillis};

    #[test]
    fn a_moment_has_a_date() {
        let day = 86_400_000;
        let rows = [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (59 * day - 1, (1970, 2, 28)),
            (59 * day, (1970, 3, 1)),
            (11_016 * day, (2000, 2, 29)),
            (20_778 * day + 1, (2026, 11, 21)),
            (47_540 * day, (2100, 2, 28)),
            (47_541 * day, (2100, 3, 1)),
        ];
        for (at, date) in rows {
            assert_eq!(UnixMillis(at).date(), date, "{at}");
        }
    }

    #[test]
    fn no_position_comes_before_itself() {
        assert_eq!(Seq(1).next(), Seq(2));
        assert_eq!(Seq(u64::MAX).next(), Seq(u64::MAX));
    }
}
