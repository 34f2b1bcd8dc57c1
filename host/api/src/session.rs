//! Web sessions: who may speak to this host through a browser. Only hashes of secrets come here, never a secret.
//!
//! A session is a cookie, which all tabs of a browser share, and a secret of each tab, without which the cookie is
//! good for nothing. Hashes are SHA-256 in lower-case hex of secrets of at least 128 random bits; whoever makes the
//! secrets (a frontend) hashes them.

use crate::{OpId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionView {
    /// Its id.
    pub id: crate::SessionId,
    /// What it calls itself, for example the browser's name.
    pub label: String,
    /// How it was opened.
    pub how: SessionHow,
    /// When it was opened.
    pub opened_at: UnixMillis,
    /// When it was last used, within a few minutes.
    pub used_at: UnixMillis,
    /// When it ends unless it is used before; never later than `app.session_days` after its beginning.
    pub ends_at: UnixMillis,
}

/// How a session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionHow {
    /// With a link that this installation made.
    Launch,
    /// With the password.
    Password,
}

/// What somebody shows who wants a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum SessionWay {
    /// A launch token that [`SessionOp::Invite`] announced; it is used up by this.
    Launch {
        /// The token's hash.
        hash: String,
    },
    /// The password. The host itself compares it with `app.password_hash`; no frontend can vouch for it.
    Password {
        /// As it was typed.
        password: Password,
    },
}

/// A password on its way in. It is never shown and never written: what serializes it gets `***`.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// Wishes about web sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum SessionOp {
    /// Lets whoever shows the token within 60 seconds open one session, at whichever process of this installation.
    /// Nothing is told.
    Invite {
        /// The token's hash.
        hash: String,
    },
    /// Opens a session, whose id is the op's; answered by [`SessionEvent::Opened`]. Rejected with
    /// [`crate::ProblemCode::Denied`] if the token is unknown, used or too old, or the password is wrong or there
    /// is none.
    Open {
        /// What is shown.
        way: SessionWay,
        /// The cookie's hash.
        cookie_hash: String,
        /// The hash of the first tab's secret.
        tab_hash: String,
        /// What the browser calls itself; cut to 120 characters.
        #[serde(default)]
        label: String,
        /// Address and port of a listener without TLS: see [`SessionOp::Attend`]. None with TLS.
        #[serde(default)]
        place: Option<String>,
    },
    /// Says that the listener of sessions that were opened at this place is there, every minute or so. Where it says
    /// that it has just begun and nobody was there for five minutes, somebody else may have been, and shown what
    /// browsers send: the place's sessions end, each answered by [`SessionEvent::Ended`].
    Attend {
        /// Address and port, as in [`SessionOp::Open`].
        place: String,
        /// Whether it has just begun.
        is_new: bool,
    },
    /// Lets another tab of the same browser in. Nothing is told. Of more than 64 the oldest is forgotten.
    Tab {
        /// Which session.
        session: crate::SessionId,
        /// The hash of the tab's secret.
        tab_hash: String,
    },
    /// Says that it was used; stored every few minutes at most, nothing is told.
    Used {
        /// Which.
        session: crate::SessionId,
    },
    /// Ends one; answered by [`SessionEvent::Ended`]. One that has ended already is no mistake.
    End {
        /// Which.
        session: crate::SessionId,
    },
    /// Ends all, and makes launch tokens void; answered by [`SessionEvent::Ended`] for each.
    EndAll,
    /// Sets the password of sessions, or takes it away: writes `app.password_hash` into the user's config file.
    /// Answered by [`crate::SettingEvent::Changed`]. Sessions that were opened with a password end.
    SetPassword {
        /// The new one, 12 characters at least; none: no session is opened with a password any more.
        #[serde(default)]
        password: Option<Password>,
    },
}

/// Facts about web sessions, on the host's topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum SessionEvent {
    /// A browser is signed in.
    Opened {
        /// The session.
        session: SessionView,
    },
    /// It is signed out. One that merely ran out is not told.
    Ended {
        /// Which.
        session: crate::SessionId,
    },
}

impl From<OpId> for crate::SessionId {
    fn from(op: OpId) -> Self {
        Self(op.0)
    }
}
