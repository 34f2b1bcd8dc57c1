//! What servers answer as what the host keeps: texts cleaned, pictures checked, everything else told of in words.

use super::clean;
use anteroom_api::ToolContent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{ContentBlock, ResourceContents};

/// Bytes of all parts of an answer together.
pub(super) const ANSWER_MAX_BYTES: usize = 8 << 20;
/// Images of one answer; each costs the model more than its bytes tell.
const IMAGES_MAX: usize = 16;
/// Images that endpoints take.
const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// Characters of an address or a name.
const NAME_CHARS: usize = 300;

/// The parts of an answer.
///
/// # Errors
/// That it is too much, in words for the model.
pub(super) fn parts(blocks: Vec<ContentBlock>) -> Result<Vec<ToolContent>, String> {
    let mut bytes = 0;
    let mut images = 0;
    let mut parts = Vec::with_capacity(blocks.len());
    for block in blocks {
        let part = part(block);
        bytes += match &part {
            ToolContent::Text { text } => text.len(),
            ToolContent::Image { data, .. } => {
                images += 1;
                data.len()
            }
            ToolContent::Json { .. } | ToolContent::Diff { .. } => 0,
        };
        if bytes > ANSWER_MAX_BYTES {
            return Err(too_long());
        }
        if images > IMAGES_MAX {
            return Err(format!(
                "the result has more than {IMAGES_MAX} images. Ask for fewer at once"
            ));
        }
        parts.push(part);
    }
    Ok(parts)
}

/// That an answer is too long, in words for the model.
pub(super) fn too_long() -> String {
    format!("the result has more than {ANSWER_MAX_BYTES} bytes. Ask for less at once")
}

fn part(block: ContentBlock) -> ToolContent {
    match block {
        ContentBlock::Text(text) => told(clean::text(&text.text)),
        ContentBlock::Image(image) => picture(&image.mime_type, image.data),
        ContentBlock::Audio(sound) => told(format!(
            "[a sound, {}, {} bytes of base64: left out]",
            name(&sound.mime_type),
            sound.data.len()
        )),
        ContentBlock::Resource(embedded) => resource(embedded.resource),
        ContentBlock::ResourceLink(link) => {
            let description = link.description.as_deref().unwrap_or_default();
            let description = clean::block(description, 2_000);
            let space = if description.is_empty() { "" } else { " " };
            told(format!(
                "[resource {}: {}]{space}{description}",
                name(&link.uri),
                name(link.title.as_deref().unwrap_or(&link.name))
            ))
        }
        _ => told("[something of an unknown kind was left out]".to_owned()),
    }
}

fn resource(contents: ResourceContents) -> ToolContent {
    match contents {
        ResourceContents::TextResourceContents { uri, text, .. } => {
            told(format!("[resource {}]\n{}", name(&uri), clean::text(&text)))
        }
        ResourceContents::BlobResourceContents {
            uri,
            mime_type,
            blob,
            ..
        } => {
            let kind = mime_type.unwrap_or_default();
            if IMAGES.contains(&kind.as_str()) {
                return picture(&kind, blob);
            }
            told(format!(
                "[resource {}, {}, {} bytes of base64: left out]",
                name(&uri),
                name(&kind),
                blob.len()
            ))
        }
        _ => told("[a resource of an unknown kind was left out]".to_owned()),
    }
}

/// An image, if it is one of a kind that can be shown.
fn picture(media_type: &str, data: String) -> ToolContent {
    let is_known = IMAGES.contains(&media_type);
    if is_known && STANDARD.decode(&data).is_ok() {
        return ToolContent::Image {
            media_type: media_type.to_owned(),
            data,
        };
    }
    told(format!(
        "[an image, {}, {} bytes of base64: left out]",
        name(media_type),
        data.len()
    ))
}

fn told(text: String) -> ToolContent {
    ToolContent::Text { text }
}

fn name(from_outside: &str) -> String {
    clean::line(from_outside, NAME_CHARS)
}
