//! Error numbers of the system as the guest sees them. Decides nothing.

use rustix::io::Errno;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// The guest's word for an error of the system. What has none is an input/output error.
pub(super) fn code(errno: Errno) -> ErrorCode {
    KNOWN
        .iter()
        .find(|(known, _)| *known == errno)
        .map_or(ErrorCode::Io, |(_, code)| *code)
}

const KNOWN: [(Errno, ErrorCode); 31] = [
    (Errno::NOENT, ErrorCode::NoEntry),
    (Errno::ACCESS, ErrorCode::Access),
    (Errno::PERM, ErrorCode::NotPermitted),
    (Errno::NOTDIR, ErrorCode::NotDirectory),
    (Errno::ISDIR, ErrorCode::IsDirectory),
    (Errno::EXIST, ErrorCode::Exist),
    (Errno::NOTEMPTY, ErrorCode::NotEmpty),
    (Errno::INVAL, ErrorCode::Invalid),
    (Errno::LOOP, ErrorCode::Loop),
    (Errno::NAMETOOLONG, ErrorCode::NameTooLong),
    (Errno::NOSPC, ErrorCode::InsufficientSpace),
    (Errno::DQUOT, ErrorCode::Quota),
    (Errno::FBIG, ErrorCode::FileTooLarge),
    (Errno::ROFS, ErrorCode::ReadOnly),
    (Errno::XDEV, ErrorCode::CrossDevice),
    (Errno::TXTBSY, ErrorCode::TextFileBusy),
    (Errno::BUSY, ErrorCode::Busy),
    (Errno::BADF, ErrorCode::BadDescriptor),
    (Errno::MLINK, ErrorCode::TooManyLinks),
    (Errno::NOMEM, ErrorCode::InsufficientMemory),
    (Errno::NFILE, ErrorCode::InsufficientMemory),
    (Errno::MFILE, ErrorCode::InsufficientMemory),
    (Errno::OVERFLOW, ErrorCode::Overflow),
    (Errno::ILSEQ, ErrorCode::IllegalByteSequence),
    (Errno::NOTSUP, ErrorCode::Unsupported),
    (Errno::SPIPE, ErrorCode::InvalidSeek),
    (Errno::PIPE, ErrorCode::Pipe),
    (Errno::NXIO, ErrorCode::NoSuchDevice),
    (Errno::NODEV, ErrorCode::NoDevice),
    (Errno::INTR, ErrorCode::Interrupted),
    (Errno::AGAIN, ErrorCode::WouldBlock),
];
