//! What a turn has to know before it begins, asked in one question: each question of its own costs a way to another
//! thread and back, which is most of its price.

use crate::error::{Fault, StorageError};
use crate::rows::Key;
use crate::{Storage, checkpoints, conversations, prefixes, rules, shared, workspaces};
use anteroom_api::{ConversationId, ConversationView, RuleView};
use rusqlite::Connection;

/// What holds when a turn begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Outset {
    /// The conversation, unless it is gone.
    pub conversation: Option<ConversationView>,
    /// As [`Storage::rules`].
    pub rules: Vec<RuleView>,
    /// As [`Storage::trusted_hash`] of the folder asked about.
    pub trusted_hash: Option<String>,
    /// How many texts of tools the conversation was ever told.
    pub prefix_tools: usize,
    /// Whether [`Storage::tell_undone`] has anything to tell.
    pub has_undone: bool,
}

impl Storage {
    /// What holds at the beginning of a turn of a conversation in a folder.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn outset(&self, id: ConversationId, folder: String) -> Result<Outset, StorageError> {
        let home = self.home_of(id).await?;
        if home.name.is_none() {
            return home
                .read(move |connection| {
                    let conversation = conversations::find(connection, id)?;
                    of_user(connection, (id, &folder), conversation)
                })
                .await;
        }
        let found = home.read(move |connection| conversations::find(connection, id));
        let conversation = found.await?.map(|view| shared::named(&home, view));
        // Rules, trust, prefixes and changes are this user's, whoever else shares the conversation.
        self.read(move |connection| of_user(connection, (id, &folder), conversation.clone()))
            .await
    }
}

fn of_user(
    connection: &Connection,
    (id, folder): (ConversationId, &str),
    conversation: Option<ConversationView>,
) -> Result<Outset, Fault> {
    let key: Key = id.0.into_bytes();
    Ok(Outset {
        conversation,
        rules: rules::all(connection)?,
        trusted_hash: workspaces::trusted_hash(connection, folder)?,
        prefix_tools: prefixes::told(connection, key)?,
        has_undone: checkpoints::has_untold(connection, id)?,
    })
}
