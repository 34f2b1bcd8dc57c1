//! What a call wants to do, shown whole: no sign of it hidden, nothing cut. Pure.

use crate::clean::{reveal, reveal_lines};
use anteroom_api::{EffectKind, EffectView, ToolContent};

/// The effect beyond its one line: the whole command or arguments, and what would be written.
pub(crate) fn lines(effect: &EffectView) -> Vec<String> {
    let mut lines = Vec::new();
    match &effect.detail {
        Some(detail) => lines.extend(reveal_lines(detail)),
        None if effect.kind == EffectKind::Process => lines.extend(reveal_lines(&effect.summary)),
        None => {}
    }
    match &effect.preview {
        Some(ToolContent::Diff { unified, .. }) => lines.extend(reveal_lines(unified)),
        Some(ToolContent::Text { text }) => lines.extend(reveal_lines(text)),
        Some(ToolContent::Json { value }) => {
            let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
            lines.extend(reveal_lines(&text));
        }
        Some(ToolContent::Image { media_type, .. }) => {
            lines.push(format!("[{}]", reveal(media_type)));
        }
        None => {}
    }
    lines
}
