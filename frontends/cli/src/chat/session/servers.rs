//! MCP servers in the chat: looked after, heard of, their prompts called.

use super::{Open, Session};
use crate::called;
use crate::chat::keyboard::Typed;
use crate::chat::question::{Inquiry, Said};
use crate::chat::slash::Servers;
use crate::clean::reveal;
use crate::command::mcp::{self, shown};
use crate::interrupts::Interrupt;
use crate::theme::Style;
use anteroom_api::{
    Answer, Content, FieldKind, FormField, McpEvent, McpOp, McpPromptView, McpServerView, McpState,
    McpToolState, Problem, Question, UnixMillis,
};
use crossterm::event::{Event as Key, KeyEventKind};
use std::collections::{BTreeMap, HashMap};
use tokio::time::Instant;

/// How long the arguments of a prompt may be typed.
const PATIENCE_MS: i64 = 3_600_000;

/// What was told of each server last.
#[derive(Default)]
pub(super) struct Heard(HashMap<String, String>);

impl Session<'_> {
    pub(super) async fn servers(&mut self, wish: Servers) -> Result<(), Problem> {
        let lines = match wish {
            Servers::List => {
                let servers = self.known_servers().await?;
                let lines = shown::list(&servers, &self.theme);
                super::perform::or(lines, "no MCP server here; `aroom mcp add` takes one")
            }
            Servers::Show(name) => {
                let server = self.server(&name).await?;
                shown::whole(&server, &self.theme)
            }
            Servers::Log(name) => {
                let lines = self.context.host.read().mcp_log(name).await?;
                let lines = lines.iter().map(|line| reveal(line)).collect();
                super::perform::or(lines, "it wrote nothing")
            }
            Servers::Approve(name) => return self.approve_server(&name).await,
            Servers::Restart(server) => {
                let wish = McpOp::Restart {
                    server: server.clone(),
                };
                self.context.settle(wish).await?;
                vec![format!("connecting the MCP server {}", reveal(&server))]
            }
            Servers::Disconnect(server) => {
                let wish = McpOp::Disconnect {
                    server: server.clone(),
                };
                self.context.settle(wish).await?;
                vec![format!("disconnected the MCP server {}", reveal(&server))]
            }
            Servers::Accept(server, tool) => return self.accept_tool(&server, tool).await,
            Servers::Sampling(server, is_allowed) => {
                let said = match is_allowed {
                    true => "may ask for answers of the model; each request is asked about",
                    false => "may not ask for answers of the model",
                };
                let line = format!("{} {said}", reveal(&server));
                let wish = McpOp::AllowSampling { server, is_allowed };
                self.context.settle(wish).await?;
                vec![line]
            }
            Servers::SignIn(server) => {
                let told = self.context.settle(McpOp::SignIn { server }).await?;
                match mcp::address(&told.event) {
                    Some(url) => vec!["open this address and sign in:".to_owned(), reveal(&url)],
                    None => vec!["nobody has to sign in there now".to_owned()],
                }
            }
        };
        self.page(lines).await
    }

    async fn known_servers(&self) -> Result<Vec<McpServerView>, Problem> {
        let workspace = self.context.workspace();
        self.context.host.read().mcp_servers(workspace).await
    }

    async fn server(&self, name: &str) -> Result<McpServerView, Problem> {
        let servers = self.known_servers().await?;
        mcp::of_name(servers, name).map_err(|problem| problem.hint("/mcp names them all"))
    }

    /// Whether a question can be put; keys belong to what runs otherwise.
    fn may_ask(&mut self) -> bool {
        let may = self.turns.is_empty();
        if !may {
            self.print(vec![
                "not while it works; Esc cancels, then try again".to_owned(),
            ]);
        }
        may
    }

    async fn approve_server(&mut self, name: &str) -> Result<(), Problem> {
        let server = self.server(name).await?;
        if server.is_approved {
            self.print(vec!["it is approved as it stands there".to_owned()]);
            return Ok(());
        }
        if !self.may_ask() {
            return Ok(());
        }
        self.print(shown::to_approve(&server, &self.theme));
        if !self.confirm(shown::approval_question(&server)).await {
            self.print(vec!["nothing was started".to_owned()]);
            return Ok(());
        }
        let wish = McpOp::Approve {
            server: server.name,
            hash: server.hash,
        };
        self.context.settle(wish).await?;
        self.print(vec![format!("connecting the MCP server {}", reveal(name))]);
        Ok(())
    }

    async fn accept_tool(&mut self, name: &str, tool: String) -> Result<(), Problem> {
        let server = self.server(name).await?;
        let held = mcp::held(&server, &tool)?;
        if !self.may_ask() {
            return Ok(());
        }
        self.print(shown::tool(held, &self.theme));
        let called = reveal(&format!("{name}.{tool}"));
        if !self
            .confirm(&format!("Take `{called}` as it is now?"))
            .await
        {
            self.print(vec!["nothing was changed".to_owned()]);
            return Ok(());
        }
        let wish = McpOp::Accept {
            server: name.to_owned(),
            tool,
            hash: held.hash.clone(),
        };
        self.context.settle(wish).await?;
        self.print(vec![format!("`{called}` is offered again")]);
        Ok(())
    }

    /// Says what waits for a person, once the chat is there.
    pub(super) async fn look_at_servers(&mut self) {
        // What is wrong with the settings is said elsewhere.
        for server in self.known_servers().await.unwrap_or_default() {
            self.heed_server(&server);
        }
    }

    pub(super) fn server_told(&mut self, event: &McpEvent) {
        if let McpEvent::Changed { server } = event {
            self.heed_server(server);
        }
    }

    /// One line for what a person has to know or to do; none for what goes well, and none twice.
    fn heed_server(&mut self, server: &McpServerView) {
        let here = self.context.workspace();
        if server
            .workspace
            .as_ref()
            .is_some_and(|folder| *folder != here)
        {
            return;
        }
        let line = self.news_of(server);
        let before = match &line {
            Some(line) => self.heard.0.insert(server.name.clone(), line.clone()),
            None => self.heard.0.remove(&server.name),
        };
        if let Some(line) = line
            && before.as_ref() != Some(&line)
        {
            self.print(vec![line]);
        }
    }

    fn news_of(&self, server: &McpServerView) -> Option<String> {
        let name = reveal(&server.name);
        let (sign, style, what) = match &server.state {
            McpState::NeedsApproval => (
                self.theme.warning(),
                Style::Warning,
                format!("waits to be approved: /mcp approve {name}"),
            ),
            McpState::NeedsSignIn { .. } => (
                self.theme.warning(),
                Style::Warning,
                format!("wants you to sign in: /mcp sign-in {name}"),
            ),
            McpState::Failed { problem, .. } => (
                self.theme.failed(),
                Style::Danger,
                format!("{}; /mcp log {name}", shown::reason(problem)),
            ),
            _ => {
                let is_held =
                    |state: &McpToolState| matches!(state, McpToolState::Quarantined { .. });
                let held = server.tools.iter().filter(|tool| is_held(&tool.state));
                let held: Vec<String> = held.map(|tool| reveal(&tool.name)).collect();
                if held.is_empty() {
                    return None;
                }
                let what = format!("changed {}: held back; /mcp {name}", held.join(", "));
                (self.theme.warning(), Style::Warning, what)
            }
        };
        Some(format!(
            "{} MCP server {name} {what}",
            self.theme.paint(style, sign)
        ))
    }

    /// Sends the prompt of a server that a line names, if there is one; asks for what it needs. Whether there was.
    pub(super) async fn prompted(&mut self, line: &str) -> bool {
        let Some((server, name, words)) = called::prompt_parts(line) else {
            return false;
        };
        let workspace = self.context.workspace();
        let prompts = self.context.host.read().mcp_prompts(workspace).await;
        let prompts = prompts.unwrap_or_default().into_iter();
        let is_it = |prompt: &McpPromptView| prompt.server == server && prompt.name == name;
        let Some(prompt) = prompts.into_iter().find(is_it) else {
            return false;
        };
        let given = called::arguments(&prompt, words);
        let Some(arguments) = self.arguments(&prompt, given).await else {
            return true;
        };
        let content = Content::Prompt {
            server: prompt.server,
            name: prompt.name,
            arguments,
        };
        self.call(content, line).await;
        true
    }

    /// What a prompt asks for: as it was typed, the rest asked for. None if the person would rather not.
    async fn arguments(
        &mut self,
        prompt: &McpPromptView,
        given: BTreeMap<String, String>,
    ) -> Option<BTreeMap<String, String>> {
        let open = prompt.arguments.iter();
        let open = open.filter(|argument| !given.contains_key(&argument.name));
        let form: Vec<FormField> = open
            .map(|argument| FormField {
                name: argument.name.clone(),
                title: String::new(),
                description: argument.description.clone(),
                kind: FieldKind::Text { format: None },
                is_required: argument.is_required,
                default: None,
            })
            .collect();
        // Who typed some of it, and all that is needed, wants no more questions.
        let is_needed = form.iter().any(|field| field.is_required);
        if form.is_empty() || (!is_needed && !given.is_empty()) {
            return Some(given);
        }
        if !self.turns.is_empty() {
            let names: Vec<String> = form
                .iter()
                .map(|field| format!("{}=…", field.name))
                .collect();
            let line = format!(
                "while it works its words stand in the line: {}",
                names.join(" ")
            );
            self.print(vec![reveal(&line)]);
            return None;
        }
        let fields = self.fill_in(prompt, form).await?;
        let mut arguments = given;
        for (name, value) in fields {
            if let serde_json::Value::String(text) = value {
                arguments.insert(name, text);
            }
        }
        Some(arguments)
    }

    /// Puts a form of our own to the person; only while nothing runs. None if it was declined.
    async fn fill_in(
        &mut self,
        prompt: &McpPromptView,
        form: Vec<FormField>,
    ) -> Option<serde_json::Map<String, serde_json::Value>> {
        let until = (self.context.clock)().plus(PATIENCE_MS);
        let inquiry = Inquiry::new(
            own_question(prompt, form, until),
            Instant::now(),
            self.arming,
        );
        self.print(inquiry.card(&self.theme));
        self.open.push_front(Open::Inquiry(Box::new(inquiry)));
        self.take_keys();
        let answer = self.filled().await;
        self.open.pop_front();
        self.leave_keys().await;
        match answer {
            Some(Answer::Filled { fields }) => Some(fields),
            _ => {
                self.print(vec!["nothing was sent".to_owned()]);
                None
            }
        }
    }

    /// The answer to the form that is in front; none if the keys ended.
    async fn filled(&mut self) -> Option<Answer> {
        let mut stop = self.context.stop.clone();
        loop {
            self.paint();
            let typed = tokio::select! {
                typed = self.keyboard.next() => typed,
                interrupt = self.context.interrupts.next() => match interrupt {
                    Interrupt::Interrupt | Interrupt::Terminate => return None,
                },
                () = stop.raised() => return None,
            };
            let Some(Open::Inquiry(inquiry)) = self.open.front_mut() else {
                return None;
            };
            match typed {
                Typed::Key(Key::Key(key)) if key.kind != KeyEventKind::Release => {
                    match inquiry.press(key, Instant::now(), &self.theme) {
                        Said::Answer(answer) => return Some(answer),
                        Said::Lines(lines) => self.print(lines),
                        Said::Nothing => {}
                    }
                }
                Typed::Key(Key::Paste(text)) => inquiry.paste(&text, Instant::now()),
                Typed::End => return None,
                _ => {}
            }
        }
    }
}

/// A question that no tool asks: the host never hears of it.
fn own_question(prompt: &McpPromptView, form: Vec<FormField>, expires_at: UnixMillis) -> Question {
    let about = prompt.description.as_ref();
    let name = format!("{}.{}", prompt.server, prompt.name);
    Question {
        id: anteroom_api::ElicitationId(Default::default()),
        turn: anteroom_api::TurnId(Default::default()),
        item: anteroom_api::ItemId(Default::default()),
        agent: None,
        text: about.map_or(name.clone(), |about| format!("{name}: {about}")),
        options: Vec::new(),
        is_multiple: false,
        server: None,
        form,
        expires_at,
    }
}
