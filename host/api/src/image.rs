//! Which images models look at, told by how a file begins; a name can lie.

/// Larger ones are refused by endpoints, in bytes.
pub const IMAGE_BYTES_MAX: u64 = 5 << 20;

/// The media types of images that models look at.
pub const IMAGE_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The media type of an image by its first 12 bytes; one of [`IMAGE_TYPES`].
#[must_use]
pub fn image_type(head: &[u8]) -> Option<&'static str> {
    let [png, jpeg, gif, webp] = IMAGE_TYPES;
    match head {
        _ if head.starts_with(b"\x89PNG\r\n\x1a\n") => Some(png),
        _ if head.starts_with(b"\xff\xd8\xff") => Some(jpeg),
        _ if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") => Some(gif),
        _ if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") => Some(webp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_what_its_bytes_are() {
        let rows: [(&[u8], Option<&str>); 8] = [
            (b"\x89PNG\r\n\x1a\nrest", Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF87a", Some("image/gif")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF0000WEBPVP8 ", Some("image/webp")),
            (b"RIFF0000WAVEfmt ", None),
            (b"GIF", None),
            (b"#!/bin/sh", None),
        ];
        for (head, wanted) in rows {
            assert_eq!(image_type(head), wanted);
        }
    }
}
