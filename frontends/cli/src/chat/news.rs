//! What is told beside the conversation: tools and servers that come, change and go. Nothing of it keeps a chat from working.

use crate::context::Context;
use crate::follow::{Follower, Told};
use anteroom_api::{Envelope, Event, Topic};

/// The host's topic, as far as it concerns a chat.
#[derive(Default)]
pub(super) struct News(Option<Follower>);

impl News {
    /// Everything from now on.
    pub(super) async fn follow(context: &Context) -> Self {
        let now = context.host.read().host_seq().await.ok();
        Self(now.map(|seq| Follower::new(&context.host, Topic::Host, seq)))
    }

    /// The next fact about a module or an MCP server; never comes once the host has stopped. Cancel safe.
    pub(super) async fn next(&mut self) -> Envelope {
        while let Some(follower) = &mut self.0 {
            match follower.next().await {
                Some(Told::Fact(envelope))
                    if matches!(envelope.event, Event::Module(_) | Event::Mcp(_)) =>
                {
                    return *envelope;
                }
                Some(_) => {}
                None => self.0 = None,
            }
        }
        std::future::pending().await
    }
}
