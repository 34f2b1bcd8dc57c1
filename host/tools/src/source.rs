//! Where a component's bytes come from. What is part of the program is kept small and unpacked only when it has to be
//! compiled: what the cache holds is found by the hash alone.

use crate::wasm::cache::hash_of;
use flate2::read::GzDecoder;
use std::borrow::Cow;
use std::io::{self, Read as _};

/// A component that is part of the program: its name, its SHA-256 in hexadecimal, and itself as gzip.
pub type BuiltIn = (&'static str, &'static str, &'static [u8]);

/// The bytes of a component, or how to get them.
pub(crate) enum Source {
    Plain(Cow<'static, [u8]>),
    /// Part of the program, which says itself what its hash is.
    Packed {
        hash: &'static str,
        gzip: &'static [u8],
    },
}

impl Source {
    /// SHA-256, hexadecimal.
    pub(crate) fn hash(&self) -> String {
        match self {
            Self::Plain(bytes) => hash_of(bytes),
            Self::Packed { hash, .. } => (*hash).to_owned(),
        }
    }

    /// Bytes of the component itself.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Plain(bytes) => bytes.len() as u64,
            // The last four bytes of gzip, RFC 1952, 2.3.1.
            Self::Packed { gzip, .. } => gzip
                .last_chunk()
                .map_or(0, |size| u32::from_le_bytes(*size).into()),
        }
    }

    /// The component.
    ///
    /// # Errors
    /// What cannot be unpacked.
    pub(crate) fn bytes(&self) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::Plain(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::Packed { gzip, .. } => {
                let mut bytes = Vec::new();
                GzDecoder::new(*gzip).read_to_end(&mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}

impl From<Cow<'static, [u8]>> for Source {
    fn from(bytes: Cow<'static, [u8]>) -> Self {
        Self::Plain(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    #[test]
    fn what_is_packed_has_the_size_and_the_bytes_it_had() {
        let plain: Vec<u8> = (0..100_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(&plain).unwrap();
        let packed = Source::Packed {
            hash: "0f",
            gzip: writer.finish().unwrap().leak(),
        };
        assert_eq!(packed.size(), 100_000);
        assert_eq!(packed.bytes().unwrap(), plain);
        assert_eq!(packed.hash(), "0f");
    }

    #[test]
    fn what_is_broken_is_not_unpacked() {
        let gzip = b"\x1f\x8bno";
        let packed = Source::Packed { hash: "0f", gzip };
        assert!(packed.bytes().is_err());
    }
}
