//! `read_file`: a text with line numbers, an image as an image, a word about anything else.

use crate::encoding::{Encoding, decode, decode_latin1, is_binary};
use crate::kind;
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError, explain};
use schemars::JsonSchema;
use serde::Deserialize;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Lines shown if the model does not say how many.
const DEFAULT_LINES: usize = 2_000;
/// A longer line is cut, in characters: minified files would fill the context with one line.
const LINE_CHARACTERS: usize = 2_000;
/// Models take no larger images.
const IMAGE_BYTES: u64 = 5 << 20;
/// UTF-16 is decoded as a whole, in a guest of 64 MB.
const UTF16_BYTES: u64 = 8 << 20;
/// Beyond this many bytes the lines after the shown ones are not counted.
const COUNTED_BYTES: u64 = 16 << 20;
/// One read of the host.
const BLOCK_BYTES: usize = 64 << 10;
/// Room for the closing line in the text that the model is shown.
const CLOSING_CHARACTERS: usize = 400;
/// Names told about a folder.
const FOLDER_ENTRIES: usize = 50;

/// The tool.
pub struct ReadFile;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadArguments {
    path: String,
    /// First line, from 1
    offset: Option<usize>,
    /// Lines, default 2000
    limit: Option<usize>,
}

impl Tool for ReadFile {
    const NAME: &'static str = "read_file";
    const DESCRIPTION: &'static str = "Read a text file with line numbers, or look at an image. \
        Example: {\"path\":\"src/main.rs\",\"offset\":200,\"limit\":50}";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::FilesRead];
    type Arguments = ReadArguments;

    fn call(context: &Context, arguments: ReadArguments) -> Result<Output, ToolError> {
        let path = context.path(&arguments.path)?;
        let refuse = |error: io::Error| explain(context, "read", &path, &error);
        let mut file = match File::open(&path) {
            // Some hosts open folders, some refuse.
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                return Err(folder(context, &path));
            }
            opened => opened.map_err(refuse)?,
        };
        let metadata = file.metadata().map_err(refuse)?;
        if metadata.is_dir() {
            return Err(folder(context, &path));
        }
        let head = read_block(&mut file).map_err(refuse)?;
        if let Some(media_type) = kind::image_type(&head) {
            if metadata.len() > IMAGE_BYTES {
                return Err(ToolError::failed(format!(
                    "`{}` is an image of {} bytes, more than the {} MB a model can look at; make a smaller copy first",
                    context.show(&path),
                    metadata.len(),
                    IMAGE_BYTES >> 20
                )));
            }
            return image(media_type, head, file).map_err(refuse);
        }
        if is_binary(&head) {
            return Err(binary(context, &path, &head, metadata.len()));
        }
        if head.is_empty() {
            return Ok(Output::text(format!("[{} is empty]", context.show(&path))));
        }
        let window = Window {
            first: arguments.offset.unwrap_or(1).max(1),
            limit: arguments.limit.unwrap_or(DEFAULT_LINES).max(1),
            characters: context.max_output.saturating_sub(CLOSING_CHARACTERS),
        };
        let lines = lines(file, head, metadata.len(), window).map_err(refuse)?;
        Ok(Output::text(lines.finish(&context.show(&path))?))
    }
}

/// Which lines to show.
#[derive(Clone, Copy)]
struct Window {
    /// From 1.
    first: usize,
    limit: usize,
    /// Of text in all.
    characters: usize,
}

/// The shown lines as they come in, block by block.
struct Lines {
    window: Window,
    encoding: Encoding,
    text: String,
    characters: usize,
    /// The line that is being read, from 1, and its bytes as far as they are kept.
    number: usize,
    line: Vec<u8>,
    /// Bytes of the line beyond those kept.
    line_rest: usize,
    /// Last line shown; 0 if none was.
    last: usize,
    is_full: bool,
    cut_lines: usize,
    /// Whether the count of lines is that of the whole file.
    is_counted: bool,
}

fn lines(file: File, head: Vec<u8>, bytes: u64, window: Window) -> io::Result<Lines> {
    let encoding = Encoding::announced(&head);
    let mut lines = Lines {
        window,
        encoding,
        text: String::new(),
        characters: 0,
        number: 1,
        line: Vec::new(),
        line_rest: 0,
        last: 0,
        is_full: false,
        cut_lines: 0,
        is_counted: true,
    };
    if encoding.is_utf16() {
        if bytes > UTF16_BYTES {
            return Err(io::Error::other(format!(
                "it is UTF-16 and larger than {} MB; convert it to UTF-8 first, for example with `iconv`",
                UTF16_BYTES >> 20
            )));
        }
        let mut all = head;
        let mut file = file;
        file.read_to_end(&mut all)?;
        let (text, encoding) = decode(&all);
        lines.feed(text.as_bytes());
        lines.end();
        lines.encoding = encoding;
        return Ok(lines);
    }
    let mut block = head;
    let mut file = file;
    let start = encoding.mark().len();
    lines.feed(block.get(start..).unwrap_or_default());
    loop {
        if lines.is_full && bytes > COUNTED_BYTES {
            lines.is_counted = false;
            return Ok(lines);
        }
        block.resize(BLOCK_BYTES, 0);
        let read = file.read(&mut block)?;
        if read == 0 {
            lines.end();
            return Ok(lines);
        }
        lines.feed(block.get(..read).unwrap_or_default());
    }
}

impl Lines {
    fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.keep(line);
            self.end_line();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.keep(bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_full || self.number < self.window.first {
            // Only whether there is a line matters.
            self.line_rest += bytes.len();
            return;
        }
        // Four bytes are the longest character, so enough is kept to cut by characters.
        let room = (LINE_CHARACTERS * 4).saturating_sub(self.line.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.line.extend_from_slice(kept);
        self.line_rest += bytes.len() - kept.len();
    }

    fn end_line(&mut self) {
        if !self.is_full && self.number >= self.window.first {
            self.show_line();
        }
        self.number += 1;
        self.line.clear();
        self.line_rest = 0;
    }

    fn end(&mut self) {
        if self.line.is_empty() && self.line_rest == 0 {
            self.number -= 1;
        } else {
            self.end_line();
            self.number -= 1;
        }
    }

    fn show_line(&mut self) {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let text = match std::str::from_utf8(line) {
            Ok(text) => text.to_owned(),
            // Only the cut may have split a character.
            Err(error) if self.line_rest > 0 && error.error_len().is_none() => {
                String::from_utf8_lossy(line.get(..error.valid_up_to()).unwrap_or_default())
                    .into_owned()
            }
            Err(_) => {
                self.encoding = Encoding::Latin1;
                decode_latin1(line)
            }
        };
        let count = text.chars().count();
        let is_cut = count > LINE_CHARACTERS || self.line_rest > 0;
        let numbered = if is_cut {
            let kept: String = text.chars().take(LINE_CHARACTERS).collect();
            let bytes_left = self.line.len() + self.line_rest - kept.len();
            format!("{}\t{kept}… [{bytes_left} bytes cut]\n", self.number)
        } else {
            format!("{}\t{text}\n", self.number)
        };
        let characters = numbered.chars().count();
        // The first line is always shown, so that going on makes progress.
        if self.last > 0 && self.characters + characters > self.window.characters {
            self.is_full = true;
            return;
        }
        self.cut_lines += usize::from(is_cut);
        self.text.push_str(&numbered);
        self.characters += characters;
        self.last = self.number;
        self.is_full = self.number + 1 - self.window.first >= self.window.limit;
    }

    /// The text with its closing line.
    fn finish(self, shown: &str) -> Result<String, ToolError> {
        if self.last == 0 {
            return Err(ToolError::invalid_args(format!(
                "`{shown}` has only {} lines; there is no line {}",
                self.number, self.window.first
            )));
        }
        let mut notes = Vec::new();
        if !self.is_counted {
            notes.push(format!(
                "lines {}-{} of a large file; go on with offset {}, or find the place with `grep`",
                self.window.first,
                self.last,
                self.last + 1
            ));
        } else if self.last < self.number {
            notes.push(format!(
                "lines {}-{} of {}; go on with offset {}",
                self.window.first,
                self.last,
                self.number,
                self.last + 1
            ));
        }
        if self.cut_lines > 0 {
            notes.push(format!(
                "lines longer than {LINE_CHARACTERS} characters are cut; search in them with `grep`"
            ));
        }
        if let Some(name) = self.encoding.name() {
            notes.push(format!("encoding: {name}"));
        }
        let mut text = self.text;
        if !notes.is_empty() {
            text.push_str(&format!("[{}]\n", notes.join("; ")));
        }
        Ok(text)
    }
}

fn read_block(file: &mut File) -> io::Result<Vec<u8>> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut filled = 0;
    // A short read is no end, and the first bytes decide what the file is.
    while let Some(room) = block.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read(room)? {
            0 => break,
            read => filled += read,
        }
    }
    block.truncate(filled);
    Ok(block)
}

fn image(media_type: &str, head: Vec<u8>, mut file: File) -> io::Result<Output> {
    let mut data = head;
    file.read_to_end(&mut data)?;
    Ok(Output::image(media_type, data))
}

fn binary(context: &Context, path: &Path, head: &[u8], bytes: u64) -> ToolError {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    ToolError::failed(format!(
        "`{}` is {} of {bytes} bytes, not text; use `bash` with a program that understands it",
        context.show(path),
        kind::describe(head, &extension)
    ))
}

fn folder(context: &Context, path: &Path) -> ToolError {
    let shown = context.show(path);
    let mut names: Vec<String> = match fs::read_dir(path) {
        Ok(entries) => entries
            .filter_map(Result::ok)
            .map(|entry| {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let slash = if is_folder { "/" } else { "" };
                format!("{}{slash}", entry.file_name().to_string_lossy())
            })
            .collect(),
        Err(error) => return explain(context, "list", path, &error),
    };
    names.sort();
    let left_out = names.len().saturating_sub(FOLDER_ENTRIES);
    names.truncate(FOLDER_ENTRIES);
    let mut text = format!("`{shown}` is a folder; read one of its files");
    if names.is_empty() {
        text = format!("`{shown}` is an empty folder");
    } else {
        text.push_str(":\n");
        text.push_str(&names.join("\n"));
    }
    if left_out > 0 {
        text.push_str(&format!(
            "\n[and {left_out} more; list them with `glob_files`]"
        ));
    }
    ToolError::invalid_args(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::run;

    struct Case {
        folder: tempfile::TempDir,
    }

    impl Case {
        fn new(content: &[u8]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("file.txt"), content).unwrap();
            Self { folder }
        }

        fn read(&self, arguments: &str, max_output: usize) -> Result<Output, ToolError> {
            let context = Context {
                max_output,
                ..Context::for_tests(self.folder.path())
            };
            run::<ReadFile>(&context, arguments)
        }
    }

    #[track_caller]
    fn check(content: &[u8], options: &str, expected: &str) {
        let answer =
            Case::new(content).read(&format!(r#"{{"path": "file.txt"{options}}}"#), 100_000);
        match answer {
            Ok(output) => assert_eq!(output, Output::text(expected)),
            Err(error) => assert_eq!(error.words(), expected),
        }
    }

    #[test]
    fn lines_are_numbered() {
        check(b"a\nb\n", "", "1\ta\n2\tb\n");
        check(b"a\n\nb", "", "1\ta\n2\t\n3\tb\n");
        check(b"a\r\nb\r\n", "", "1\ta\n2\tb\n");
        check(b"", "", "[file.txt is empty]");
        check(b"\n", "", "1\t\n");
    }

    #[test]
    fn a_part_says_how_to_go_on() {
        let text = b"a\nb\nc\nd\n";
        check(
            text,
            r#", "limit": 2"#,
            "1\ta\n2\tb\n[lines 1-2 of 4; go on with offset 3]\n",
        );
        check(text, r#", "offset": 3, "limit": 2"#, "3\tc\n4\td\n");
        check(text, r#", "offset": 0"#, "1\ta\n2\tb\n3\tc\n4\td\n");
        check(
            text,
            r#", "offset": 9"#,
            "`file.txt` has only 4 lines; there is no line 9",
        );
    }

    #[test]
    fn encodings_are_said() {
        check(
            b"gr\xfcn\n",
            "",
            "1\tgr\u{fc}n\n[encoding: Latin-1 (it is no UTF-8)]\n",
        );
        check(
            b"\xef\xbb\xbfx",
            "",
            "1\tx\n[encoding: UTF-8 with a byte order mark]\n",
        );
        check(
            b"\xff\xfex\0\n\0",
            "",
            "1\tx\n[encoding: UTF-16, little-endian]\n",
        );
    }

    #[test]
    fn long_lines_are_cut_at_a_character() {
        let line = "ü".repeat(LINE_CHARACTERS + 5_000);
        let kept = "ü".repeat(LINE_CHARACTERS);
        check(
            format!("{line}\nb\n").as_bytes(),
            "",
            &format!(
                "1\t{kept}… [10000 bytes cut]\n2\tb\n[lines longer than 2000 characters are cut; search in them with `grep`]\n"
            ),
        );
    }

    #[test]
    fn long_files_are_cut_where_the_model_stops_looking() {
        let text: String = (1..=1_000)
            .map(|number| format!("line {number}\n"))
            .collect();
        let answer = Case::new(text.as_bytes()).read(r#"{"path": "file.txt"}"#, 450);
        assert_eq!(
            answer,
            Ok(Output::text(
                "1\tline 1\n2\tline 2\n3\tline 3\n4\tline 4\n5\tline 5\n[lines 1-5 of 1000; go on with offset 6]\n"
            ))
        );
    }

    #[test]
    fn blocks_do_not_show() {
        let text: String = (1..=40_000).map(|number| format!("{number}\n")).collect();
        check(
            text.as_bytes(),
            r#", "offset": 39999"#,
            "39999\t39999\n40000\t40000\n",
        );
    }

    #[test]
    fn what_is_no_text_is_named() {
        check(
            b"%PDF-1.7\n\0\0",
            "",
            "`file.txt` is a PDF document of 11 bytes, not text; use `bash` with a program that understands it",
        );
        let png = b"\x89PNG\r\n\x1a\n....";
        assert_eq!(
            Case::new(png).read(r#"{"path": "file.txt"}"#, 9),
            Ok(Output::image("image/png", png.to_vec()))
        );
    }

    #[test]
    fn folders_and_missing_files_help_on() {
        let case = Case::new(b"");
        fs::create_dir(case.folder.path().join("src")).unwrap();
        let words = |arguments: &str| match case.read(arguments, 100_000) {
            Err(error) => error.words().to_owned(),
            Ok(output) => panic!("{output:?}"),
        };
        assert_eq!(
            words(r#"{"path": "."}"#),
            "`.` is a folder; read one of its files:\nfile.txt\nsrc/"
        );
        assert_eq!(words(r#"{"path": "src"}"#), "`src` is an empty folder");
        assert_eq!(
            words(r#"{"path": "FILE.md"}"#),
            "there is no `FILE.md`; the workspace has `file.txt`"
        );
        assert_eq!(
            words(r#"{"path": "source/a/b.rs"}"#),
            "there is no `source/a/b.rs`, because the workspace has no `source`; look with `glob_files` for the right folder"
        );
    }
}
