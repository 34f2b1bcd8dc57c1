//! What a turn of a conversation begins with: model, prefix, gate, purse.

use super::Owner;
use crate::agent::budget::Purse;
use crate::agent::catalog::Catalog;
use crate::agent::child::Limiter;
use crate::agent::plan::Planning;
use crate::agent::prompt;
use crate::agent::replay::Script;
use crate::agent::steering::Steering;
use crate::agent::turn::{Root, TurnContext};
use crate::agent::wire;
use crate::filing;
use crate::modules::prefix::{self, Next};
use anteroom_api::{Problem, ProblemCode, RuleView, TurnId, TurnOptions};
use anteroom_gate::{Gate, Place, Policy};
use anteroom_storage::Outset;
use anteroom_tools::Definition;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

impl Owner {
    /// What holds now, whichever process said so.
    pub(super) async fn outset(&self) -> Result<Outset, Problem> {
        let folder = self.workspace.canonicalize();
        let folder = folder.unwrap_or_else(|_| self.workspace.clone());
        let storage = &self.engine.storage;
        let folder = folder.display().to_string();
        Ok(storage.outset(self.view.id, folder).await?)
    }

    /// Everything the turn needs.
    pub(super) async fn context(
        &mut self,
        (turn, outset): (TurnId, Outset),
        (options, is_by_hand): (&TurnOptions, bool),
        script: Option<Arc<Script>>,
    ) -> Result<Arc<TurnContext>, Problem> {
        let settings = self.engine.settings();
        let model = match script.as_ref().and_then(|script| script.model()) {
            Some(model) => model,
            // None is asked; a child agent that is started by hand says what it lacks.
            None if is_by_hand => self.named_model(&settings, options).unwrap_or_default(),
            None => self.model(&settings, options).await?,
        };
        if !options.is_attended && script.is_none() {
            crate::mcp::settled(&self.engine).await;
        }
        let Next {
            prefix: mut frozen,
            mut deferred,
            unkept,
        } = self.frozen(&outset).await;
        if let Some(names) = script.as_ref().and_then(|script| script.tools()) {
            // Tools that came later were not offered then.
            let is_later = |tool: &Definition| !wire::is_among(&tool.tool.name, names);
            let (later, sent): (Vec<_>, Vec<_>) = frozen.tools.into_iter().partition(is_later);
            frozen.tools = sent;
            deferred.extend(later);
        }
        if options.is_without_tools {
            (frozen.tools, deferred) = (Vec::new(), Vec::new());
        }
        let most = settings.ai.max_tool_tokens;
        let catalog = Catalog::new(deferred, (&frozen.tools, &frozen.found), most);
        let gate = self.gate(&settings, options, &outset.rules).await?;
        let max_steps = settings.cli.max_tool_iterations;
        Ok(Arc::new(TurnContext {
            seen: Default::default(),
            conversation: self.view.id,
            turn,
            workspace: self.workspace.clone(),
            session: self.session.clone(),
            model,
            system: frozen.system,
            tools: frozen.tools,
            catalog,
            unkept: Mutex::new(unkept),
            options: options.clone(),
            root: Root {
                conversation: self.view.id,
                turn,
                agent: None,
                item: None,
            },
            depth: 0,
            limiter: Limiter::new(
                settings.safety.subagent.max_concurrent,
                settings.safety.subagent.max_depth,
            ),
            max_steps: options
                .max_steps
                .map_or(max_steps, |wanted| wanted.clamp(1, max_steps)),
            steering: Steering::open(),
            busy: Arc::default(),
            shared: self.shared.clone(),
            is_over: AtomicBool::new(false),
            purse: Purse::of_turn(&self.engine, &settings, self.view.id).await?,
            planning: Planning::new(options.is_plan, &gate),
            narrowed: Default::default(),
            script,
            gate,
            settings,
            engine: self.engine.clone(),
        }))
    }

    async fn model(
        &self,
        settings: &crate::config::Settings,
        options: &TurnOptions,
    ) -> Result<String, Problem> {
        let client = self.engine.client(settings)?;
        match self.named_model(settings, options) {
            Some(model) => Ok(model),
            None => crate::engine::only_model(&client).await,
        }
    }

    fn named_model(
        &self,
        settings: &crate::config::Settings,
        options: &TurnOptions,
    ) -> Option<String> {
        let wanted = options.model.as_ref().or(self.view.model.as_ref());
        wanted.or(settings.ai.model.as_ref()).cloned()
    }

    /// What this turn's requests begin with: what was sent before, and the tools that came since.
    async fn frozen(&mut self, outset: &Outset) -> Next {
        if self.shared.was_prefix_lost() {
            self.frozen = None;
        }
        let project = match self.frozen {
            Some(_) => None,
            None => filing::of(&self.engine, self.view.id).await,
        };
        let workspace = &self.workspace;
        let trusted = outset.trusted_hash.clone();
        let offered = prefix::tools_of_trusted(&self.engine, &self.workspace, trusted).await;
        let system = |offered: &[_]| {
            let skills = crate::skills::section(&self.engine, workspace, offered);
            let of = (project.as_ref(), skills);
            prompt::render(&prompt::of_workspace(&self.engine, workspace, of))
        };
        let before = (self.frozen.clone(), outset.prefix_tools);
        let of = (offered, system);
        let next = prefix::next(&self.engine, self.view.id, before, of).await;
        self.frozen = Some(next.prefix.clone());
        next
    }

    pub(super) async fn gate(
        &mut self,
        settings: &Arc<crate::config::Settings>,
        options: &TurnOptions,
        rules: &[RuleView],
    ) -> Result<Gate, Problem> {
        let here = (self.view.workspace.as_str(), rules);
        let memory = crate::rules::memory(&self.engine, self.view.id, here);
        let allowed = settings
            .safety
            .allowed_tools
            .iter()
            .chain(&options.allowed_tools);
        let mut policy = Policy {
            mode: options.mode.unwrap_or(settings.safety.approval_mode),
            allowed: crate::rules::parsed(allowed)?,
            denied: crate::rules::parsed(settings.safety.denied_tools.iter())?,
            tool_tiers: settings.safety.tool_tiers.clone(),
            custom_patterns: settings.safety.custom_patterns.clone(),
            sensitive_paths: settings.safety.sensitive_paths.clone(),
            ..Policy::default()
        };
        let (masker, walls) = crate::standing::of(&self.engine, settings).await;
        crate::sandbox::tell(&mut policy, &walls, settings);
        let place = Place {
            workspace: self.workspace.clone(),
            home: self.engine.paths.user_home.clone(),
            protected: vec![
                self.engine.paths.home.clone(),
                self.engine.paths.data.clone(),
            ],
            temp: self.engine.paths.temp(self.view.id).canonicalize().ok(),
        };
        let gate = Gate::new(policy, place, memory).map_err(|error| {
            Problem::new(
                ProblemCode::InvalidConfig,
                "the safety settings cannot be used",
            )
            .cause(error)
            .hint("see `aroom config show`, section `safety`")
        })?;
        Ok(gate.with_taint(self.taint.clone()).with_masker(masker))
    }
}
