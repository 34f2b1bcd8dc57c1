//! What a page may do with each setting: make it stricter, or choose what loosens nothing; never open a wall.
//!
//! A web session is lent to a browser, not the account. What starts a program, opens a wall, trusts somebody or gives
//! the session more time is said in a terminal or in the file. A setting that is not named here is closed to pages.

use super::settings::{Kind, Row};
use anteroom_api::PageMay;

/// The settings that pages give any value: they loosen nothing that keeps the user safe.
const FREE: &[&str] = &[
    // Where the model is and how it is spoken with. A key that is kept is not sent elsewhere by a page: see the page's
    // own check of `ai.base_url`.
    "ai.base_url",
    "ai.api_key",
    "ai.model",
    "ai.system_prompt",
    "ai.temperature",
    "ai.connect_timeout",
    "ai.write_timeout",
    "ai.pool_timeout",
    "ai.first_token_timeout",
    "ai.request_timeout",
    "ai.chunk_stall_timeout",
    "ai.retry_max_attempts",
    "ai.retry_backoff_base",
    "ai.narration_cadence",
    "ai.titles",
    "ai.max_tool_tokens",
    "app.log_level",
    "app.log_format",
    "app.port",
    "cli.max_tool_iterations",
    "cli.model_context_window",
    "cli.context_warn_tokens",
    "cli.context_auto_compact_tokens",
    "cli.auto_compact",
    "cli.tool_output_max_chars",
    "cli.file_reference_max_chars",
    "cli.verbosity",
    "cli.theme",
    "cli.tool_dedup",
    "cli.esc_hint_delay",
    "cli.stall_display_threshold",
    "cli.stall_warning_threshold",
    // Which questions a person wants to be asked is chosen where they are answered, for each turn too. What no mode
    // allows is asked about all the same, and the sandbox stands.
    "safety.approval_mode",
    "safety.approval_timeout",
    // The shape of the agents' work; each effect of it is judged.
    "safety.subagent.max_concurrent",
    "safety.subagent.max_total",
    "safety.subagent.max_depth",
    "safety.subagent.max_iterations",
    "safety.subagent.timeout",
    "safety.subagent.max_output_chars",
    "safety.subagent.max_prompt_chars",
    "budget.answer_tokens",
    "tools.call_timeout",
    "tools.memory_mb",
    "tools.limits",
    "checkpoints.max_file_mb",
    "checkpoints.max_total_mb",
    "checkpoints.max_days",
    "data.backup_daily",
    "data.backup_keep",
    "data.host_facts_days",
    "data.temp_days",
    "data.cache_max_mb",
    "identity.display_name",
];

/// What a page may do with a setting.
pub(crate) fn may(row: &Row) -> PageMay {
    match row.key {
        // A switch that is on is stricter than one that is off; of words the later ones are.
        "ai.verify_ssl"
        | "app.tls"
        | "safety.sandbox"
        | "safety.network"
        | "audit.full_arguments"
        | "checkpoints.enabled" => PageMay::Tighten {
            words: from_the_loosest(row.kind),
        },
        "app.session_idle"
        | "app.session_days"
        | "safety.approval_unseen"
        | "safety.limits.memory_mb"
        | "safety.limits.processes"
        | "safety.limits.file_mb"
        | "safety.limits.open_files"
        | "budget.turn.tokens"
        | "budget.turn.cost"
        | "budget.turn.calls"
        | "budget.conversation.tokens"
        | "budget.conversation.cost"
        | "budget.conversation.calls"
        | "budget.day.tokens"
        | "budget.day.cost"
        | "budget.day.calls" => PageMay::Lower,
        // What is cheaper is spent further.
        "ai.prices.input" | "ai.prices.cached" | "ai.prices.output" => PageMay::Raise,
        "safety.denied_tools" | "safety.custom_patterns" | "safety.sensitive_paths" => PageMay::Add,
        "safety.allowed_tools"
        | "safety.trusted_folders"
        | "safety.sandbox_writable"
        | "safety.tool_secrets"
        | "app.folders"
        | "app.hosts" => PageMay::Remove,
        "safety.tool_tiers" => PageMay::RaiseTiers,
        // Without it there is less: no program, no further trust, no other machines.
        "ai.api_key_command" | "ai.ca_file" | "app.host" => PageMay::Reset,
        key if FREE.contains(&key) => PageMay::Set,
        // `hooks`, `mcp_servers` (servers are added by a wish of their own, which looks at each), `shared_databases`
        // (the same), `safety.grant_days`, the password, keys, ids and the folder of the data.
        _ => PageMay::Nothing,
    }
}

/// The words of a setting, from the loosest to the strictest.
fn from_the_loosest(kind: Kind) -> Vec<String> {
    let words = match kind {
        Kind::Choice { words, .. } => words,
        Kind::Switch => &["false", "true"],
        _ => &[],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::settings::{ROWS, row};
    use super::*;

    fn of(key: &str) -> PageMay {
        may(row(key).unwrap())
    }

    #[test]
    fn what_pages_may_set_is_there() {
        for key in FREE {
            assert_eq!(of(key), PageMay::Set, "{key}");
        }
    }

    #[test]
    fn nothing_that_starts_a_program_or_opens_a_wall_is_set_by_a_page() {
        for row in ROWS {
            let is_wall = ["safety.", "budget.", "audit.", "identity."]
                .iter()
                .any(|section| row.key.starts_with(section));
            let is_place = matches!(
                row.kind,
                Kind::Path | Kind::Paths | Kind::Databases | Kind::Servers | Kind::Hooks
            );
            let is_harmless = FREE.contains(&row.key)
                && (row.key.starts_with("safety.subagent.")
                    || [
                        "safety.approval_mode",
                        "safety.approval_timeout",
                        "budget.answer_tokens",
                        "identity.display_name",
                    ]
                    .contains(&row.key));
            if is_place || (is_wall && !is_harmless) {
                assert_ne!(may(row), PageMay::Set, "{}", row.key);
            }
        }
        for key in [
            "hooks",
            "mcp_servers",
            "shared_databases",
            "app.password_hash",
            "app.data_dir",
            "app.tls_cert",
            "app.tls_key",
            "identity.private_key",
            "safety.grant_days",
        ] {
            assert_eq!(of(key), PageMay::Nothing, "{key}");
        }
        assert_eq!(of("ai.api_key_command"), PageMay::Reset);
        let words = ["off", "auto", "require"].map(str::to_owned).to_vec();
        assert_eq!(of("safety.sandbox"), PageMay::Tighten { words });
    }
}
