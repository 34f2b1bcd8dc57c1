//! Which processes listen, as long as they live.

use crate::Storage;
use crate::error::StorageError;
use crate::letters::{Holder, HostNumber};
use crate::rows;
use anteroom_api::ServerView;
use rusqlite::params;

impl Storage {
    /// Notes where this process listens. Nothing is noted where processes cannot see each other.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn announce_server(&self, server: ServerView) -> Result<(), StorageError> {
        let Some(own) = self.host().number() else {
            return Ok(());
        };
        let is_alive = self.host().liveness();
        self.write(move |connection| {
            let mut statement = connection.prepare_cached("SELECT host FROM servers")?;
            let hosts: Vec<i64> = statement
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for host in hosts.into_iter().filter(|host| !is_alive(*host)) {
                connection
                    .prepare_cached("DELETE FROM servers WHERE host = ?1")?
                    .execute([host])?;
            }
            connection
                .prepare_cached(
                    "INSERT INTO servers (host, pid, url, version, started_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (host) DO UPDATE SET pid = excluded.pid, url = excluded.url,
                        version = excluded.version",
                )?
                .execute(params![
                    own,
                    server.pid,
                    server.url,
                    server.version,
                    server.started_at.0
                ])?;
            Ok(())
        })
        .await
    }

    /// Living processes that listen, the oldest first, each with what letters reach it by.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn servers(&self) -> Result<Vec<(HostNumber, ServerView)>, StorageError> {
        let is_alive = self.host().liveness();
        let found: Vec<(i64, ServerView)> = self
            .read(|connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT host, pid, url, version, started_at FROM servers
                     ORDER BY started_at, host",
                )?;
                let found = statement.query_map([], |row| {
                    let server = ServerView {
                        pid: row.get(1)?,
                        url: row.get(2)?,
                        version: row.get(3)?,
                        started_at: rows::millis(row, 4)?,
                    };
                    Ok((row.get(0)?, server))
                })?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await?;
        let living = found.into_iter().filter(|(host, _)| is_alive(*host));
        Ok(living
            .map(|(host, server)| (HostNumber(host), server))
            .collect())
    }

    /// Whose a server is.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn holder_of_server(&self, pid: u32) -> Result<Holder, StorageError> {
        let servers = self.servers().await?;
        let found = servers.into_iter().find(|(_, server)| server.pid == pid);
        Ok(match found {
            None => Holder::Nobody,
            Some((host, _)) if self.is_own(host) => Holder::Own,
            Some((host, _)) => Holder::Other(host),
        })
    }

    /// Whether a number is this process's.
    #[must_use]
    pub fn is_own(&self, host: HostNumber) -> bool {
        self.host().number() == Some(host.0)
    }
}
