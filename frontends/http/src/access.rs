//! Who may ask: every route is registered with one of these, and there is none to fall back on.

use anteroom_api::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// Anybody who reaches the listener by a name it knows: assets, and what opens a session.
#[derive(Clone, Copy, Debug)]
pub struct Public;

/// A browser that is signed in: its cookie and the secret of one of its tabs.
#[derive(Clone, Copy, Debug)]
pub struct Session;

/// A program with a key, in `Authorization: Bearer`. Cookies are not looked at.
#[derive(Clone)]
pub struct Bearer(Arc<dyn Keys>);

impl Bearer {
    /// Keys that this check knows.
    pub fn new(keys: impl Keys + 'static) -> Self {
        Self(Arc::new(keys))
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}

/// Knows keys of programs.
pub trait Keys: Send + Sync {
    /// The name of whoever holds the key; none if nobody does.
    fn holder(&self, key: String) -> BoxFuture<'_, Option<String>>;
}

/// What a route was registered with. Sealed: there are no other ways in.
pub trait Access: sealed::Sealed {
    /// As a value.
    fn class(self) -> Class;
}

/// An access class as a value.
#[derive(Clone, Debug)]
pub enum Class {
    /// [`Public`].
    Public,
    /// [`Session`].
    Session,
    /// [`Bearer`].
    Bearer(Bearer),
}

impl Class {
    /// Who holds a key that was shown.
    pub(crate) async fn holder(&self, key: &str) -> Option<String> {
        match self {
            Self::Bearer(Bearer(keys)) => keys.holder(key.to_owned()).await,
            Self::Public | Self::Session => None,
        }
    }
}

impl Access for Public {
    fn class(self) -> Class {
        Class::Public
    }
}

impl Access for Session {
    fn class(self) -> Class {
        Class::Session
    }
}

impl Access for Bearer {
    fn class(self) -> Class {
        Class::Bearer(self)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Public {}
    impl Sealed for super::Session {}
    impl Sealed for super::Bearer {}
}
