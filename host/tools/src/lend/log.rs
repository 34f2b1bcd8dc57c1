//! `log`: lines and progress shown beside a call. Needs no grant.

use crate::wasm::bindings::anteroom::tool::log::{Host, Level};
use crate::wasm::hosted::Hosted;
use anteroom_api::OutputStream;

/// Lines of one call; what comes later is not shown.
const LINES_MAX: usize = 1000;
/// Characters of one line.
const LINE_CHARS: usize = 2000;

impl Host for Hosted {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if self.lines < LINES_MAX {
            self.lines += 1;
            let level = match level {
                Level::Debug => "debug",
                Level::Info => "info",
                Level::Warn => "warn",
                Level::Error => "error",
            };
            let line = one_line(&self.state.permit.masker().mask(&message));
            self.state
                .say(OutputStream::Log, format!("{level}: {line}\n"));
        }
        Ok(())
    }

    fn progress(&mut self, message: String, fraction: Option<f32>) -> wasmtime::Result<()> {
        let fraction = fraction
            .filter(|fraction| fraction.is_finite())
            .map(|fraction| fraction.clamp(0.0, 1.0));
        let message = one_line(&self.state.permit.masker().mask(&message));
        self.state.services.progress(message, fraction);
        Ok(())
    }
}

fn one_line(message: &str) -> String {
    let short: String = message.chars().take(LINE_CHARS).collect();
    anteroom_gate::visible(&short)
}
