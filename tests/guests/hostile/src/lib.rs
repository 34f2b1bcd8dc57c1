//! A toolset that misbehaves in every way a guest without processes can. For tests of what holds it.

use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError, log};
use schemars::JsonSchema;
use serde::Deserialize;
use std::fs;
use std::hint::black_box;
use std::net::TcpStream;
use std::time::Duration;

anteroom_sdk::export!(
    Spin,
    EatMemory,
    Recurse,
    Panic,
    BigResult,
    HostcallFlood,
    Sleep,
    Surroundings,
    ReadPath,
    WritePath,
    WriteUndeclared
);

/// No arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// One path.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    path: String,
}

macro_rules! tools {
    ($($(#[$doc:meta])* $tool:ident($name:literal, $tier:ident, [$($capability:ident),*], $arguments:ident) $call:expr;)*) => {$(
        $(#[$doc])*
        pub struct $tool;

        impl Tool for $tool {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "Misbehaves.";
            const TIER: Tier = Tier::$tier;
            const CAPABILITIES: &'static [Capability] = &[$(Capability::$capability),*];
            const TIMEOUT_MS: Option<u32> = Some(2_000);
            type Arguments = $arguments;

            fn call(_context: &Context, arguments: $arguments) -> Result<Output, ToolError> {
                let call: fn($arguments) -> Result<Output, ToolError> = $call;
                call(arguments)
            }
        }
    )*};
}

tools! {
    /// Never returns.
    Spin("spin", Read, [], Nothing) |_| {
        log::line(log::Level::Info, "spinning");
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    };
    /// Takes memory until there is no more.
    EatMemory("eat_memory", Read, [], Nothing) |_| {
        let mut kept = Vec::new();
        loop {
            kept.push(black_box(vec![1_u8; 1 << 20]));
        }
    };
    /// Calls itself without end.
    Recurse("recurse", Read, [], Nothing) |_| Ok(Output::text(deeper(1).to_string()));
    /// Panics with a message.
    Panic("panic", Read, [], Nothing) |_| {
        let empty: Option<u8> = black_box(None);
        assert!(empty.is_some(), "nothing to see here");
        Ok(Output::text("not reached"))
    };
    /// Returns more than anybody wants.
    BigResult("big_result", Read, [], Nothing) |_| Ok(Output::text("x".repeat(9 << 20)));
    /// Hands the host more at once than it takes.
    HostcallFlood("hostcall_flood", Read, [], Nothing) |_| {
        log::line(log::Level::Info, &"x".repeat(20 << 20));
        Ok(Output::text("not reached"))
    };
    /// Waits in the host, where no loop can be interrupted.
    Sleep("sleep", Read, [], Nothing) |_| {
        std::thread::sleep(Duration::from_secs(3600));
        Ok(Output::text("slept"))
    };
    /// Says what it can see of the world.
    Surroundings("surroundings", Read, [], Nothing) |_| {
        let connected = TcpStream::connect("127.0.0.1:1").map(|_| ());
        Ok(Output::text(format!(
            "variables {}, arguments {}, network {}",
            std::env::vars().count(),
            std::env::args().count(),
            connected.map_or_else(|error| error.kind().to_string(), |()| "open".to_owned()),
        )))
    };
    /// Reads a path exactly as given.
    ReadPath("read_path", Read, [FilesRead], Place) |arguments| {
        fs::read_to_string(&arguments.path)
            .map(Output::text)
            .map_err(|error| ToolError::failed(error.to_string()))
    };
    /// Writes to a path exactly as given.
    WritePath("write_path", Write, [FilesRead, FilesWrite], Place) |arguments| write(&arguments);
    /// Writes without having declared that it would.
    WriteUndeclared("write_undeclared", Read, [FilesRead], Place) |arguments| write(&arguments);
}

fn write(arguments: &Place) -> Result<Output, ToolError> {
    fs::write(&arguments.path, "written\n")
        .map(|()| Output::text("written"))
        .map_err(|error| ToolError::failed(error.to_string()))
}

#[expect(unconditional_recursion, reason = "that is what this tool is for")]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    deeper(depth + 1) + frame[0]
}
