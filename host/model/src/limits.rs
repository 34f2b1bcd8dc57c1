//! What an answer may cost in memory. A hostile endpoint meets these before it meets the machine's limits.

/// One line of a stream, one event, or one whole document.
///
/// Real servers send whole answers in one chunk of about 1 MB; eight times that is a fault.
pub const LINE_BYTES: usize = 8 * 1024 * 1024;

/// All that is kept of one answer: text, reasoning and arguments together.
///
/// Half a million tokens; models stop far below. What is kept is stored, shown, and sent back with every later request:
/// through the whole host it costs some fifteen times its size while it comes in.
pub const ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// Calls in one answer.
pub const CALLS: usize = 128;

/// Values (numbers, texts, lists, objects) in the arguments of one answer's calls.
///
/// A parsed value takes tens to hundreds of bytes where `[]` takes two, so bytes alone would not bound memory.
pub const ARGUMENT_VALUES: usize = 100_000;

/// What is read of an error's body; the rest tells nobody anything.
pub const ERROR_BYTES: usize = 64 * 1024;

/// A list of models.
pub const MODELS_BYTES: usize = 4 * 1024 * 1024;

/// Models kept of a list.
pub const MODELS: usize = 10_000;

/// Elements of a list inside one chunk (choices, calls, parts of a text).
pub(crate) const ELEMENTS: usize = 4096;

/// What a key command may print.
pub(crate) const KEY_BYTES: usize = 64 * 1024;
