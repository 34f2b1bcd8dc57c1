//! Sampling: a server asks for an answer of the model. A person sees what the model would read, each time.

use crate::digest::hex;
use crate::gate::{Gate, scopes};
use crate::question::Asked;
use crate::visible::{visible, visible_block};
use crate::why::Why;
use anteroom_api::{EffectKind, EffectView, Tier};

impl Gate {
    /// The question whether the model may answer a server, in so many tokens at most. Its digest is over all that the
    /// model would read.
    #[must_use]
    pub fn sampling_question(&self, server: &str, text: &str, most_tokens: u64) -> Asked {
        let masked = self.masker().mask(text);
        let effect = EffectView {
            kind: EffectKind::Sample,
            summary: format!(
                "let the model answer the MCP server {} in {most_tokens} {} at most",
                visible(server),
                if most_tokens == 1 { "token" } else { "tokens" }
            ),
            detail: Some(visible_block(&masked)),
            preview: None,
        };
        let mut why = Why::default();
        why.say("what a server has the model answer is shown each time");
        Asked {
            digest: hex(&[
                b"sampling",
                server.as_bytes(),
                &most_tokens.to_be_bytes(),
                text.as_bytes(),
            ]),
            effect,
            tier: Tier::Execute,
            reasons: vec!["the server reads the answer, and your endpoint counts it".to_owned()],
            scopes: scopes(None),
            why,
        }
    }
}
