//! The table of languages: one row says what begins a comment, what a string, and which words are its own.

/// One language.
#[derive(Debug)]
pub(super) struct Language {
    /// Names and file endings, lower case.
    pub(super) names: &'static str,
    pub(super) line_comments: &'static [&'static str],
    pub(super) block_comments: &'static [(&'static str, &'static str)],
    /// Strings that may go on over a line.
    pub(super) long_strings: &'static [(&'static str, &'static str)],
    pub(super) quotes: &'static str,
    pub(super) keywords: &'static str,
    pub(super) constants: &'static str,
    /// Types that do not begin with a capital.
    pub(super) types: &'static str,
    /// Signs that belong to words beside letters.
    pub(super) word_signs: &'static str,
    /// Whether names with a capital are types.
    pub(super) has_types: bool,
    /// Whether a word before a colon is a key.
    pub(super) has_keys: bool,
    pub(super) has_lifetimes: bool,
    pub(super) is_case_blind: bool,
    pub(super) is_diff: bool,
}

const C_COMMENTS: &[(&str, &str)] = &[("/*", "*/")];

const BASE: Language = Language {
    names: "",
    line_comments: &["//"],
    block_comments: C_COMMENTS,
    long_strings: &[],
    quotes: "\"'",
    keywords: "",
    constants: "true false null",
    types: "",
    word_signs: "",
    has_types: true,
    has_keys: false,
    has_lifetimes: false,
    is_case_blind: false,
    is_diff: false,
};

const SCRIPT: Language = Language {
    line_comments: &["#"],
    block_comments: &[],
    has_types: false,
    ..BASE
};

pub(super) const ALL: &[Language] = &[
    Language {
        names: "rust rs",
        long_strings: &[("r#\"", "\"#")],
        quotes: "\"",
        keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait type unsafe use where while",
        constants: "true false None Some Ok Err",
        types: "bool char str u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64",
        has_lifetimes: true,
        ..BASE
    },
    Language {
        names: "python py pyi python3",
        long_strings: &[("\"\"\"", "\"\"\""), ("'''", "'''")],
        keywords: "and as assert async await break class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield",
        constants: "True False None self cls",
        has_types: true,
        ..SCRIPT
    },
    Language {
        names: "javascript js mjs cjs jsx typescript ts tsx node",
        long_strings: &[("`", "`")],
        keywords: "abstract as async await break case catch class const continue declare default delete do else enum export extends finally for from function get if implements import in instanceof interface keyof let namespace new of private protected public readonly return satisfies set static super switch this throw try type typeof var void while with yield",
        constants: "true false null undefined NaN",
        word_signs: "$",
        ..BASE
    },
    Language {
        names: "go golang",
        long_strings: &[("`", "`")],
        keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var",
        constants: "true false nil iota",
        ..BASE
    },
    Language {
        names: "c h cpp c++ cc cxx hpp objc m",
        keywords: "alignas auto bool break case catch char class const constexpr continue default delete do double else enum explicit export extern float for friend goto if inline int long mutable namespace new noexcept operator private protected public register return short signed sizeof static struct switch template this throw try typedef typename union unsigned using virtual void volatile while #include #define #if #ifdef #ifndef #endif #else #pragma",
        constants: "true false NULL nullptr",
        word_signs: "#",
        ..BASE
    },
    Language {
        names: "java kotlin kt kts scala groovy",
        long_strings: &[("\"\"\"", "\"\"\"")],
        keywords: "abstract as assert boolean break by byte case catch char class companion const continue data def default do double else enum extends final finally float for fun if implements import in instanceof int interface internal is lateinit long match native new object open out override package private protected public record return sealed short static super suspend switch synchronized this throw throws trait try type val var void volatile when while with yield",
        word_signs: "@",
        ..BASE
    },
    Language {
        names: "csharp cs c#",
        keywords: "abstract as async await base bool break byte case catch char class const continue decimal default delegate do double else enum event explicit extern finally fixed float for foreach get goto if implicit in init int interface internal is lock long namespace new object operator out override params partial private protected public readonly record ref return sealed set short sizeof static string struct switch this throw try typeof uint ulong using var virtual void while yield",
        ..BASE
    },
    Language {
        names: "swift dart",
        long_strings: &[("\"\"\"", "\"\"\"")],
        keywords: "actor as async await break case catch class continue default defer deinit do else enum extension fallthrough final for func guard if import in init inout is late lazy let mixin mutating override private protocol public required rethrows return self Self static struct super switch throw throws try typealias var void weak where while with yield",
        constants: "true false nil null",
        ..BASE
    },
    Language {
        names: "php",
        line_comments: &["//", "#"],
        keywords: "abstract as break case catch class clone const continue declare default do echo else elseif enum extends final finally fn for foreach function global if implements include instanceof interface match namespace new print private protected public readonly require return static switch throw trait try use var while yield",
        word_signs: "$",
        ..BASE
    },
    Language {
        names: "ruby rb elixir ex exs crystal",
        block_comments: &[("=begin", "=end")],
        keywords: "alias and begin break case class def defmodule defp do else elsif end ensure fn for if import in module next not or raise redo require rescue retry return self super then undef unless until use when while with yield",
        constants: "true false nil",
        word_signs: "@?!",
        has_types: true,
        ..SCRIPT
    },
    Language {
        names: "sh bash zsh fish shell console shellsession ksh",
        keywords: "case cd do done echo elif else esac eval exec exit export fi for function if in local read return set shift source then trap unset until while",
        constants: "true false",
        word_signs: "$",
        ..SCRIPT
    },
    Language {
        names: "powershell ps1 pwsh",
        block_comments: &[("<#", "#>")],
        keywords: "begin break catch class continue data do dynamicparam else elseif end exit filter finally for foreach function if in param process return switch throw trap try until using while",
        constants: "$true $false $null",
        word_signs: "$-",
        is_case_blind: true,
        ..SCRIPT
    },
    Language {
        names: "json jsonc json5 jsonl",
        has_types: false,
        ..BASE
    },
    Language {
        names: "yaml yml",
        constants: "true false null yes no on off",
        word_signs: "-",
        has_keys: true,
        ..SCRIPT
    },
    Language {
        names: "toml ini cfg conf properties env dotenv",
        line_comments: &["#", ";"],
        long_strings: &[("\"\"\"", "\"\"\""), ("'''", "'''")],
        word_signs: "-",
        ..SCRIPT
    },
    Language {
        names: "sql sqlite postgres postgresql mysql",
        line_comments: &["--"],
        keywords: "add all alter and as asc begin between by case cascade check column commit constraint create cross default delete desc distinct drop else end exists explain foreign from full group having if in index inner insert into is join key left like limit not offset on or order outer primary references returning right rollback select set table then transaction trigger union unique update using values view when where with",
        is_case_blind: true,
        has_types: false,
        ..BASE
    },
    Language {
        names: "html xml svg vue svelte xhtml",
        line_comments: &[],
        block_comments: &[("<!--", "-->")],
        constants: "",
        word_signs: "-",
        has_types: false,
        keywords: "html head body div span p a ul ol li script style link meta title table tr td th thead tbody form input button img h1 h2 h3 h4 h5 h6 nav main section article header footer template svg path",
        ..BASE
    },
    Language {
        names: "css scss less sass",
        word_signs: "-@#",
        keywords: "@import @media @keyframes @font-face @supports @layer @container @use @include @mixin !important inherit initial auto none",
        constants: "",
        has_keys: true,
        has_types: false,
        ..BASE
    },
    Language {
        names: "lua",
        line_comments: &["--"],
        block_comments: &[("--[[", "]]")],
        long_strings: &[("[[", "]]")],
        keywords: "and break do else elseif end for function goto if in local not or repeat return then until while",
        constants: "true false nil",
        has_types: false,
        ..BASE
    },
    Language {
        names: "haskell hs elm purescript",
        line_comments: &["--"],
        block_comments: &[("{-", "-}")],
        quotes: "\"",
        keywords: "case class data deriving do else if import in infix infixl infixr instance let module newtype of port then type where",
        constants: "True False",
        ..BASE
    },
    Language {
        names: "dockerfile docker containerfile",
        keywords: "add arg cmd copy entrypoint env expose from healthcheck label onbuild run shell stopsignal user volume workdir as",
        is_case_blind: true,
        ..SCRIPT
    },
    Language {
        names: "make makefile mk cmake",
        keywords: "define else endef endif export ifdef ifeq ifndef ifneq include override unexport .PHONY",
        word_signs: "$.",
        ..SCRIPT
    },
    Language {
        names: "nix hcl terraform tf",
        block_comments: C_COMMENTS,
        long_strings: &[("''", "''")],
        quotes: "\"",
        keywords: "assert data else for if import in inherit let locals module output provider rec resource terraform then variable with",
        word_signs: "-",
        ..SCRIPT
    },
    Language {
        names: "zig nim d v",
        keywords: "align and asm async await break catch comptime const continue defer else enum errdefer error export extern fn for func if import in inline let let object orelse or packed proc pub return struct switch template test try type union unreachable var volatile while",
        constants: "true false null undefined nil",
        word_signs: "@",
        ..BASE
    },
    Language {
        names: "diff patch udiff",
        is_diff: true,
        ..BASE
    },
];

/// The language with a name; none if nobody knows it.
pub(super) fn named(name: &str) -> Option<&'static Language> {
    let name = name.trim_matches(['{', '}', '.']).to_ascii_lowercase();
    let name = name.split([',', ':', ' ']).next().unwrap_or_default();
    let is_named = |language: &&Language| {
        !name.is_empty() && language.names.split(' ').any(|known| known == name)
    };
    ALL.iter().find(is_named)
}
