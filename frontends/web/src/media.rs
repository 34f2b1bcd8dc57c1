//! What somebody says that bytes are, compared with how they begin.

use anteroom_api::{IMAGE_TYPES, Problem, ProblemCode, image_type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a WebAssembly component begins: the magic word, version 13 and layer 1.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// How a core module begins.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// Base64 of what is looked at: more than the longest beginning.
const LOOKED_AT: usize = 24;

/// Checks that base64 holds an image of the type it is said to be.
///
/// # Errors
/// Says what it is instead, or that it is no image.
pub(crate) fn check_image(media_type: &str, data: &str) -> Result<(), Problem> {
    if !IMAGE_TYPES.contains(&media_type) {
        return Err(wrong(format!(
            "`{}` is no image that can be sent",
            shown(media_type)
        ))
        .hint(format!("send one of {}", IMAGE_TYPES.join(", "))));
    }
    let head = data.get(..LOOKED_AT.min(data.len())).unwrap_or_default();
    let is_base64 = data.len().is_multiple_of(4) && data.bytes().all(is_base64);
    let Some(bytes) = STANDARD.decode(head).ok().filter(|_| is_base64) else {
        return Err(wrong("the image is not base64".into()).hint("send the file's bytes as base64"));
    };
    match image_type(&bytes) {
        Some(found) if found == media_type => Ok(()),
        Some(found) => Err(wrong(format!(
            "the image is said to be {media_type}, and is {found}"
        ))
        .hint(format!("send it as `{found}`"))),
        None => Err(
            wrong(format!("what is said to be {media_type} is no image"))
                .hint("send a PNG, JPEG, GIF or WebP file"),
        ),
    }
}

/// Checks that bytes begin like a component.
///
/// # Errors
/// Says what they are instead.
pub(crate) fn check_component(head: &[u8]) -> Result<(), Problem> {
    if head.starts_with(COMPONENT) {
        return Ok(());
    }
    let error = match head.starts_with(CORE_MODULE) {
        true => "the file is a WebAssembly module, and no component",
        false => "the file is no WebAssembly component",
    };
    Err(wrong(error.into()).hint("build it for `wasm32-wasip2`, as `examples/hello-tool` shows"))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

fn wrong(error: String) -> Problem {
    Problem::new(ProblemCode::InvalidInput, error)
}

/// At most 60 characters of what somebody sent, without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(media_type: &str, bytes: &[u8]) -> Result<(), String> {
        check_image(media_type, &STANDARD.encode(bytes)).map_err(|problem| problem.error)
    }

    #[test]
    fn an_image_is_what_it_is_said_to_be() {
        let png = b"\x89PNG\r\n\x1a\nand more of it";
        let gif = b"GIF89a, and more of it";
        let webp = b"RIFF\0\0\0\0WEBPVP8 and more";
        let wave = b"RIFF\0\0\0\0WAVEfmt and more";
        let jpeg = b"\xff\xd8\xff\xe0 and more of it";
        let rows: [(&str, &[u8], Result<(), &str>); 10] = [
            ("image/png", png, Ok(())),
            ("image/gif", gif, Ok(())),
            ("image/webp", webp, Ok(())),
            ("image/jpeg", jpeg, Ok(())),
            (
                "image/png",
                gif,
                Err("the image is said to be image/png, and is image/gif"),
            ),
            (
                "image/webp",
                wave,
                Err("what is said to be image/webp is no image"),
            ),
            (
                "image/png",
                b"<svg onload=alert(1)>",
                Err("what is said to be image/png is no image"),
            ),
            (
                "image/png",
                b"",
                Err("what is said to be image/png is no image"),
            ),
            (
                "image/svg+xml",
                b"<svg/>",
                Err("`image/svg+xml` is no image that can be sent"),
            ),
            (
                "text/html",
                png,
                Err("`text/html` is no image that can be sent"),
            ),
        ];
        for (media_type, bytes, wanted) in rows {
            assert_eq!(
                check(media_type, bytes),
                wanted.map_err(str::to_owned),
                "{media_type} {bytes:?}"
            );
        }
    }

    #[test]
    fn what_is_not_base64_is_no_image() {
        for data in ["iVBORw0KGgo", "iVBORw0KGgo\n", "iVBORw0KGg€=", "%%%%"] {
            let problem = check_image("image/png", data).unwrap_err();
            assert_eq!(problem.error, "the image is not base64", "{data}");
        }
    }

    #[test]
    fn a_component_is_told_from_a_module_and_from_anything_else() {
        let error = |bytes: &[u8]| check_component(bytes).map_err(|problem| problem.error);
        assert_eq!(error(b"\0asm\x0d\0\x01\0rest"), Ok(()));
        assert_eq!(
            error(b"\0asm\x01\0\0\0rest"),
            Err("the file is a WebAssembly module, and no component".into())
        );
        assert_eq!(
            error(b"MZ"),
            Err("the file is no WebAssembly component".into())
        );
        assert_eq!(
            error(b""),
            Err("the file is no WebAssembly component".into())
        );
    }
}
