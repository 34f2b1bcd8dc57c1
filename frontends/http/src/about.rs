//! What a route says of itself besides its types.

/// Which security headers an answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Policy {
    /// The page's own policy: nothing from elsewhere, no inline code, Trusted Types.
    #[default]
    Page,
    /// A document that strangers wrote, for a sandboxed frame of our page: no scripts, no requests.
    Sandbox,
}

/// A route's name, what it is for, and what it may cost.
#[derive(Clone, Debug)]
pub struct About {
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) accepts: Option<&'static str>,
    pub(crate) media: Option<&'static str>,
    pub(crate) body_limit: Option<usize>,
    pub(crate) policy: Policy,
    pub(crate) is_costly: bool,
    pub(crate) is_stream: bool,
    pub(crate) is_door: bool,
    pub(crate) is_listed: bool,
}

impl About {
    /// `id` is the operation's name in the OpenAPI document, unique among all routes; `summary` one line on it.
    #[must_use]
    pub const fn new(id: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            summary,
            accepts: None,
            media: None,
            body_limit: None,
            policy: Policy::Page,
            is_costly: false,
            is_stream: false,
            is_door: false,
            is_listed: true,
        }
    }

    /// The media type an [`crate::Upload`] takes; `application/octet-stream` unless said.
    #[must_use]
    pub const fn accepts(mut self, media: &'static str) -> Self {
        self.accepts = Some(media);
        self
    }

    /// The media type of a [`crate::Raw`] answer, for the document.
    #[must_use]
    pub const fn media(mut self, media: &'static str) -> Self {
        self.media = Some(media);
        self
    }

    /// How many bytes a body may have; 15 MB unless said.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// The headers of its answers.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// It asks much of the machine or of somebody else: 120 a minute for one session, or for one peer.
    #[must_use]
    pub const fn costly(mut self) -> Self {
        self.is_costly = true;
        self
    }

    /// It lets in whoever shows what nobody guesses. What is shown is looked at however often others tried in vain;
    /// its 401 is what counts as a try.
    #[must_use]
    pub(crate) const fn door(mut self) -> Self {
        self.is_door = true;
        self
    }

    /// Its answer goes on until somebody leaves: counted among the streams of its session, ended with it.
    #[must_use]
    pub const fn stream(mut self) -> Self {
        self.is_stream = true;
        self
    }

    /// Not part of the API: left out of the OpenAPI document.
    #[must_use]
    pub const fn unlisted(mut self) -> Self {
        self.is_listed = false;
        self
    }
}
