//! Toolsets written by hand, as text: components of a few hundred bytes that compile in a moment, for tests in which
//! many of them come and go.

use std::fmt::Write as _;

/// Where the static data begins; what the host hands in lies above `HEAP`.
const DATA: usize = 1024;
const HEAP: usize = 1 << 16;
const MANIFEST_BYTES: usize = 44;

/// A toolset that answers each call with fixed words.
#[derive(Clone)]
pub(crate) struct Toolset {
    tools: Vec<Written>,
    /// Another number makes another binary that behaves the same.
    version: u32,
}

#[derive(Clone)]
struct Written {
    name: String,
    description: String,
    schema: String,
    tier: u8,
    capabilities: Vec<u8>,
    answer: String,
}

impl Toolset {
    /// One tool without arguments and without capabilities.
    pub(crate) fn new(tool: &str, answer: &str) -> Self {
        Self {
            tools: Vec::new(),
            version: 0,
        }
        .and(tool, answer)
    }

    /// One tool more.
    pub(crate) fn and(mut self, tool: &str, answer: &str) -> Self {
        self.tools.push(Written {
            name: tool.to_owned(),
            description: format!("Answers. Example: `{tool}({{}})`."),
            schema: r#"{"type":"object"}"#.to_owned(),
            tier: 0,
            capabilities: Vec::new(),
            answer: answer.to_owned(),
        });
        self
    }

    /// The last tool, described so.
    pub(crate) fn described(mut self, description: &str) -> Self {
        self.last().description = description.to_owned();
        self
    }

    /// The last tool, with this schema of its arguments.
    pub(crate) fn taking(mut self, schema: &str) -> Self {
        self.last().schema = schema.to_owned();
        self
    }

    /// The last tool says of itself that it changes something.
    pub(crate) fn acting(mut self) -> Self {
        self.last().tier = 1;
        self
    }

    /// The last tool declares that it reads files.
    pub(crate) fn reading_files(mut self) -> Self {
        self.last().capabilities.push(0);
        self
    }

    /// The same tools in another binary.
    pub(crate) fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// The component.
    pub(crate) fn build(&self) -> Vec<u8> {
        wat::parse_str(self.text()).expect("the text is a component")
    }

    fn last(&mut self) -> &mut Written {
        self.tools.last_mut().expect("there is a tool")
    }

    fn text(&self) -> String {
        let mut data = Data::default();
        data.put(&self.version.to_le_bytes());
        let mut manifests = Vec::new();
        let mut answers = Vec::new();
        for tool in &self.tools {
            let mut manifest = Vec::new();
            for text in [&tool.name, &tool.description, &tool.schema] {
                manifest.extend(data.list(text.as_bytes()));
            }
            manifest.extend([tool.tier, 0, 0, 0]);
            manifest.extend(data.list(&tool.capabilities));
            // Timeout: none.
            manifest.extend([0; 8]);
            assert_eq!(manifest.len(), MANIFEST_BYTES);
            manifests.extend(manifest);
            answers.push(data.answer(&tool.answer));
        }
        let listed = data.put(&manifests);
        let describe = data.put(&pair(listed, self.tools.len()));
        let mut chosen = String::new();
        // Tools are told apart by the length of their names, which is enough here.
        for (tool, answer) in self.tools.iter().zip(&answers) {
            let length = tool.name.len();
            write!(
                chosen,
                "(if (i32.eq (local.get 10) (i32.const {length})) (then (return (i32.const {answer}))))"
            )
            .expect("a text takes it");
        }
        format!(
            r#"(component
  (core module $code
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const {HEAP}))
    (data (i32.const {DATA}) "{data}")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local i32)
      (local.set 4 (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
      (global.set $free (i32.add (local.get 4) (local.get 3)))
      (local.get 4))
    (func (export "describe") (result i32) (i32.const {describe}))
    (func (export "call")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      {chosen}
      unreachable))
  (core instance $i (instantiate $code))
  {TYPES}
  (func $describe (result (list $tool-manifest))
    (canon lift (core func $i "describe") (memory $i "memory")))
  (func $call (param "ctx" $call-context) (param "name" string) (param "args" string)
      (result (result $output (error $tool-error)))
    (canon lift (core func $i "call") (memory $i "memory") (realloc (func $i "realloc"))))
  (instance $tools
    (export "describe" (func $describe))
    (export "call" (func $call)))
  (export "anteroom:tool/tools@0.1.0" (instance $tools)))"#,
            data = data.escaped(),
        )
    }
}

/// The types of the contract, each exported, so that the functions may name them.
const TYPES: &str = r#"
  (type $tier' (enum "read" "write" "execute" "destructive"))
  (export $tier "tier" (type $tier'))
  (type $capability' (enum "files-read" "files-write" "process" "canvas" "agents" "ask"))
  (export $capability "capability" (type $capability'))
  (type $tool-manifest' (record
    (field "name" string) (field "description" string) (field "input-schema" string)
    (field "tier" $tier) (field "capabilities" (list $capability))
    (field "timeout-ms" (option u32))))
  (export $tool-manifest "tool-manifest" (type $tool-manifest'))
  (type $call-context' (record
    (field "call-id" string) (field "conversation-id" string) (field "workspace" string)
    (field "temp" string) (field "max-output" u32)))
  (export $call-context "call-context" (type $call-context'))
  (type $file-diff' (record
    (field "path" string) (field "unified" string) (field "added" u32) (field "removed" u32)))
  (export $file-diff "file-diff" (type $file-diff'))
  (type $image' (record (field "media-type" string) (field "data" (list u8))))
  (export $image "image" (type $image'))
  (type $content' (variant
    (case "text" string) (case "json" string) (case "image" $image) (case "diff" $file-diff)))
  (export $content "content" (type $content'))
  (type $output' (record (field "content" (list $content))))
  (export $output "output" (type $output'))
  (type $tool-error' (variant
    (case "invalid-args" string) (case "not-found" string) (case "denied" string)
    (case "failed" string)))
  (export $tool-error "tool-error" (type $tool-error'))"#;

/// The static data of a guest, as it grows.
#[derive(Default)]
struct Data(Vec<u8>);

impl Data {
    /// Adds bytes; answers where they lie.
    fn put(&mut self, bytes: &[u8]) -> usize {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = DATA + self.0.len();
        self.0.extend(bytes);
        assert!(DATA + self.0.len() < HEAP, "too much data");
        at
    }

    /// Adds bytes; answers the pair that names them.
    fn list(&mut self, bytes: &[u8]) -> Vec<u8> {
        let at = self.put(bytes);
        pair(at, bytes.len())
    }

    /// Adds the result of a call that succeeds with one text.
    fn answer(&mut self, text: &str) -> usize {
        let mut content = vec![0; 4];
        content.extend(self.list(text.as_bytes()));
        content.extend([0; 16]);
        let content = self.put(&content);
        let mut result = vec![0; 4];
        result.extend(pair(content, 1));
        result.extend([0; 4]);
        self.put(&result)
    }

    fn escaped(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").expect("a text takes it");
            text
        })
    }
}

fn pair(at: usize, length: usize) -> Vec<u8> {
    let word = |number: usize| u32::try_from(number).expect("it is small").to_le_bytes();
    [word(at), word(length)].concat()
}
