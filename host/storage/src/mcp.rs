//! MCP servers: which commands a person approved, who may ask for answers of the model, and what tools were when
//! they were first used.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use anteroom_api::McpEvent;
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};

/// What a server said of a tool when that was pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolPin {
    /// SHA-256 of `said`, hexadecimal.
    pub hash: String,
    /// Canonical JSON.
    pub said: String,
}

/// Whose pins: the folder of the project that names the server, empty for the user's own, and the server's name.
pub type PinOwner = (String, String);

impl Storage {
    /// The hashes of everything that was approved to start.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn approved_servers(&self) -> Result<BTreeSet<String>, StorageError> {
        self.hashes("SELECT hash FROM mcp_approvals").await
    }

    /// What was approved, as it was shown, the oldest first: the server's name, and the lines.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn shown_servers(&self) -> Result<Vec<(String, String)>, StorageError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT server, shown FROM mcp_approvals ORDER BY approved_at, rowid",
            )?;
            let shown = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(shown.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The hashes of everything that may ask for answers of the model.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn sampling_servers(&self) -> Result<BTreeSet<String>, StorageError> {
        self.hashes("SELECT hash FROM mcp_sampling").await
    }

    async fn hashes(&self, sql: &'static str) -> Result<BTreeSet<String>, StorageError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let hashes = statement.query_map([], |row| row.get(0))?;
            Ok(hashes.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The pins of a server, by tool.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn server_pins(
        &self,
        (place, server): PinOwner,
    ) -> Result<BTreeMap<String, ToolPin>, StorageError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT tool, hash, said FROM mcp_pins WHERE place = ?1 AND server = ?2",
            )?;
            let pins = statement.query_map([&place, &server], |row| {
                let pin = ToolPin {
                    hash: row.get(1)?,
                    said: row.get(2)?,
                };
                Ok((row.get(0)?, pin))
            })?;
            Ok(pins.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Keeps pins of tools that have none. Of two processes that see a tool for the first time, one pins it.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn pin_tools(
        &self,
        (place, server): PinOwner,
        pins: BTreeMap<String, ToolPin>,
    ) -> Result<(), StorageError> {
        self.write(move |connection| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO mcp_pins (place, server, tool, hash, said) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            )?;
            for (tool, pin) in &pins {
                statement.execute(params![place, server, tool, pin.hash, pin.said])?;
            }
            Ok(())
        })
        .await
    }

    /// Puts a pin in the place of another: a person accepted what the tool is now.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn repin_tool(
        &self,
        (place, server): PinOwner,
        (tool, pin): (String, ToolPin),
    ) -> Result<(), StorageError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO mcp_pins (place, server, tool, hash, said)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![place, server, tool, pin.hash, pin.said])?;
            Ok(())
        })
        .await
    }

    /// Forgets what a server of the user's own said: it was taken out, and another may get its name.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn unpin_tools(&self, (place, server): PinOwner) -> Result<(), StorageError> {
        self.write(move |connection| {
            connection
                .prepare_cached("DELETE FROM mcp_pins WHERE place = ?1 AND server = ?2")?
                .execute([&place, &server])?;
            Ok(())
        })
        .await
    }
}

/// What a fact about a server means for what is kept.
pub(crate) fn project(fact: &Fact<'_>, event: &McpEvent) -> Result<(), Fault> {
    match event {
        McpEvent::Approved {
            server,
            hash,
            shown,
        } => {
            fact.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO mcp_approvals (hash, server, approved_at, shown)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![hash, server, fact.at.0, shown])?;
        }
        McpEvent::SamplingChanged {
            server,
            hash,
            is_allowed: true,
        } => {
            fact.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO mcp_sampling (hash, server, allowed_at)
                     VALUES (?1, ?2, ?3)",
                )?
                .execute(params![hash, server, fact.at.0])?;
        }
        McpEvent::SamplingChanged {
            hash,
            is_allowed: false,
            ..
        } => {
            fact.connection
                .prepare_cached("DELETE FROM mcp_sampling WHERE hash = ?1")?
                .execute([hash])?;
        }
        // A server that comes back is asked about again.
        McpEvent::Removed { server } => {
            for sql in [
                "DELETE FROM mcp_approvals WHERE server = ?1",
                "DELETE FROM mcp_sampling WHERE server = ?1",
            ] {
                fact.connection.prepare_cached(sql)?.execute([server])?;
            }
        }
        McpEvent::Changed { .. } | McpEvent::Accepted { .. } => {}
    }
    Ok(())
}
