//! Open approvals and elicitations: deadlines, answers, and silence that counts as no.
//!
//! Knows nothing of tools or frontends. An answer is taken once, by removing the question, in the process that
//! asks; answers given elsewhere are brought there.

mod form;

use crate::ambient::Ambient;
use crate::bus::Bus;
use crate::host::Port;
use anteroom_api::{
    Answer, Approval, ApprovalEvent, ApprovalId, CallHit, ConversationId, Decision,
    ElicitationEvent, ElicitationId, Event, FormField, ItemId, OpId, Problem, ProblemCode,
    Question, Resolution, Stop, Topic, TurnId, UnixMillis,
};
use anteroom_gate::Asked;
use anteroom_storage::Storage;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Questions open at once in the whole database; one more is refused.
const MAX_OPEN: usize = 100;
/// However often more time is given, a turn does not wait for one answer longer than this.
const LONGEST: Duration = Duration::from_secs(3600);
/// How often it is looked whether somebody can see an approval, in the time that it may be seen by nobody.
const LOOKS: u32 = 10;
/// Wishes for more time that wait for an approval; it takes them at once.
const EXTENSIONS: usize = 8;

/// Who decided when nobody did.
pub(crate) const NOBODY: &str = "nobody";

/// Where a question comes from and where it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The conversation whose topic shows it: the root one, also for a child agent.
    pub(crate) conversation: ConversationId,
    /// The turn of that conversation that waits.
    pub(crate) turn: TurnId,
    /// The call that asks.
    pub(crate) item: ItemId,
    /// The tool of that call.
    pub(crate) tool: String,
    /// The child agent's name, if one asks.
    pub(crate) agent: Option<String>,
    /// Whether somebody is there to be asked.
    pub(crate) is_attended: bool,
    /// How long to wait.
    pub(crate) patience: Duration,
    /// How long to wait while nobody can see it, unless another process may show it.
    pub(crate) unseen: Duration,
}

/// All open questions.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    bus: Bus,
    ambient: Ambient,
    storage: Storage,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    approvals: BTreeMap<ApprovalId, OpenApproval>,
    questions: BTreeMap<ElicitationId, OpenQuestion>,
}

struct OpenApproval {
    approval: Approval,
    reply: oneshot::Sender<(Decision, String, OpId)>,
    extend: mpsc::Sender<Extension>,
}

struct OpenQuestion {
    form: Vec<FormField>,
    reply: oneshot::Sender<(Answer, OpId)>,
}

/// What a person is asked, beside approvals.
#[derive(Default)]
pub(crate) struct Inquiry {
    pub(crate) text: String,
    pub(crate) options: Vec<String>,
    pub(crate) is_multiple: bool,
    pub(crate) server: Option<String>,
    pub(crate) form: Vec<FormField>,
}

/// A wish for more time.
struct Extension {
    op: OpId,
    reply: oneshot::Sender<Result<(), Problem>>,
}

/// What an approval waits for.
struct Waiting {
    topic: Topic,
    id: ApprovalId,
    patience: Duration,
    unseen: Duration,
    expires_at: UnixMillis,
    answer: oneshot::Receiver<(Decision, String, OpId)>,
    extensions: mpsc::Receiver<Extension>,
}

impl Desk {
    pub(crate) fn new(bus: Bus, ambient: Ambient, storage: Storage) -> Self {
        Self(Arc::new(Inner {
            bus,
            ambient,
            storage,
            open: Mutex::default(),
        }))
    }

    /// Asks a person about an effect. Anything but a timely yes is a no.
    pub(crate) async fn ask(
        &self,
        asker: &Asker,
        asked: Asked,
        stop: &Stop,
    ) -> (Resolution, String) {
        if !asker.is_attended {
            return (Resolution::NotAnswered, NOBODY.into());
        }
        let now = self.0.ambient.now();
        let approval = Approval {
            id: self.0.ambient.uuid().into(),
            turn: asker.turn,
            item: asker.item,
            agent: asker.agent.clone(),
            tool: asker.tool.clone(),
            effect: asked.effect,
            tier: asked.tier,
            reasons: asked.reasons,
            scopes: asked.scopes,
            digest: asked.digest,
            requested_at: now,
            expires_at: later(now, asker.patience),
        };
        let id = approval.id;
        let topic = Topic::Conversation(asker.conversation);
        let (reply, answer) = oneshot::channel();
        let (extend, extensions) = mpsc::channel(EXTENSIONS);
        let waiting = Waiting {
            topic,
            id,
            patience: asker.patience,
            unseen: asker.unseen,
            expires_at: approval.expires_at,
            answer,
            extensions,
        };
        let open = OpenApproval {
            approval: approval.clone(),
            reply,
            extend,
        };
        if !self.put(open).await {
            return (Resolution::NotAnswered, NOBODY.into());
        }
        let requested = Event::Approval(ApprovalEvent::Requested {
            approval: Box::new(approval),
        });
        if self
            .0
            .bus
            .publish(topic, None, vec![requested])
            .await
            .is_err()
        {
            self.take_approval(id);
            return (Resolution::NotAnswered, NOBODY.into());
        }
        let given = self.wait(waiting, stop.clone()).await;
        let (resolution, by, cause) = match given {
            None => (Resolution::NotAnswered, NOBODY.to_owned(), None),
            Some((Decision::Deny { reason }, by, op)) => {
                (Resolution::Denied { reason }, by, Some(op))
            }
            Some((Decision::Allow { scope }, by, op)) => {
                (Resolution::Allowed { scope }, by, Some(op))
            }
        };
        let resolved = ApprovalEvent::Resolved {
            approval: id,
            resolution: resolution.clone(),
            by: by.clone(),
        };
        if self
            .0
            .bus
            .publish(topic, cause, vec![Event::Approval(resolved)])
            .await
            .is_err()
        {
            // A yes that cannot be recorded is not acted upon.
            return (Resolution::NotAnswered, NOBODY.into());
        }
        (resolution, by)
    }

    /// Asks a person a tool's question.
    pub(crate) async fn question(&self, asker: &Asker, inquiry: Inquiry, stop: &Stop) -> Answer {
        if !asker.is_attended {
            return Answer::NotAnswered;
        }
        let question = Question {
            id: self.0.ambient.uuid().into(),
            turn: asker.turn,
            item: asker.item,
            agent: asker.agent.clone(),
            text: inquiry.text,
            options: inquiry.options,
            is_multiple: inquiry.is_multiple,
            server: inquiry.server,
            form: inquiry.form,
            expires_at: later(self.0.ambient.now(), asker.patience),
        };
        let id = question.id;
        let (reply, mut answer) = oneshot::channel();
        let elsewhere = self.open_elsewhere().await;
        if !self.open().has_room(elsewhere) {
            return Answer::NotAnswered;
        }
        let form = question.form.clone();
        self.open()
            .questions
            .insert(id, OpenQuestion { reply, form });
        let topic = Topic::Conversation(asker.conversation);
        let requested = Event::Elicitation(ElicitationEvent::Requested { question });
        if self
            .0
            .bus
            .publish(topic, None, vec![requested])
            .await
            .is_err()
        {
            self.open().questions.remove(&id);
            return Answer::NotAnswered;
        }
        let mut stop = stop.clone();
        let mut given = tokio::select! {
            given = tokio::time::timeout(asker.patience, &mut answer) => given.ok().and_then(Result::ok),
            () = stop.raised() => None,
        };
        // Whoever was faster than the end of the wait was told that the answer is taken.
        if self.open().questions.remove(&id).is_none() {
            given = given.or_else(|| answer.try_recv().ok());
        }
        let (answer, cause) = given.map_or((Answer::NotAnswered, None), |(answer, op)| {
            (answer, Some(op))
        });
        let answered = ElicitationEvent::Answered {
            elicitation: id,
            answer: answer.clone(),
        };
        match self
            .0
            .bus
            .publish(topic, cause, vec![Event::Elicitation(answered)])
            .await
        {
            Ok(_) => answer,
            Err(_) => Answer::NotAnswered,
        }
    }

    /// Takes one answer to an approval.
    pub(crate) fn decide(
        &self,
        op: OpId,
        id: ApprovalId,
        digest: &str,
        decision: Decision,
        by: String,
    ) -> Result<(), Problem> {
        let mut open = self.open();
        let found = open
            .approvals
            .get(&id)
            .ok_or_else(|| not_open("approval"))?;
        if found.approval.digest != digest {
            return Err(Problem::new(
                ProblemCode::Conflict,
                "the answer is for another effect than the one that is asked",
            )
            .hint("look at the approval again and answer what it shows"));
        }
        if let Decision::Allow { scope } = &decision
            && !found
                .approval
                .scopes
                .iter()
                .any(|offer| offer.scope == *scope)
        {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                "this effect cannot be allowed for that long",
            )
            .hint("choose one of the scopes the approval offers"));
        }
        let Some(open) = open.approvals.remove(&id) else {
            return Err(not_open("approval"));
        };
        open.reply
            .send((decision, by, op))
            .map_err(|_| not_open("approval"))
    }

    /// Takes one answer to a question.
    pub(crate) fn answer(
        &self,
        op: OpId,
        id: ElicitationId,
        answer: Answer,
    ) -> Result<(), Problem> {
        let mut all = self.open();
        let asked = all.questions.get(&id);
        form::check(&asked.ok_or_else(|| not_open("question"))?.form, &answer)?;
        let open = all.questions.remove(&id);
        let open = open.ok_or_else(|| not_open("question"))?;
        open.reply
            .send((answer, op))
            .map_err(|_| not_open("question"))
    }

    /// Asks for more time for an approval.
    pub(crate) async fn extend(&self, op: OpId, id: ApprovalId) -> Result<(), Problem> {
        let extend = self
            .open()
            .approvals
            .get(&id)
            .map(|open| open.extend.clone());
        let extend = extend.ok_or_else(|| not_open("approval"))?;
        let (reply, taken) = oneshot::channel();
        let sent = extend.send(Extension { op, reply }).await;
        sent.map_err(|_| not_open("approval"))?;
        taken.await.map_err(|_| not_open("approval"))?
    }

    /// Whether an approval is asked by this process.
    pub(crate) fn has_approval(&self, id: ApprovalId) -> bool {
        self.open().approvals.contains_key(&id)
    }

    /// Whether a question is asked by this process.
    pub(crate) fn has_question(&self, id: ElicitationId) -> bool {
        self.open().questions.contains_key(&id)
    }

    /// Whether anybody may see what is asked on a topic: who follows it here, or another process, which reads it
    /// where it is stored.
    fn is_seen(&self, topic: Topic) -> bool {
        self.0.bus.is_followed(topic) || self.0.storage.has_company()
    }

    /// Waits for an answer, for the end of patience or for a stop, whichever is first.
    async fn wait(&self, mut waiting: Waiting, mut stop: Stop) -> Option<(Decision, String, OpId)> {
        let started = Instant::now();
        let mut deadline = started + waiting.patience;
        let mut seen = Seen::new(waiting.unseen, started);
        let given = loop {
            tokio::select! {
                given = &mut waiting.answer => break given.ok(),
                () = stop.raised() => break None,
                () = tokio::time::sleep_until(deadline) => break None,
                () = tokio::time::sleep_until(seen.look_at) => {
                    if seen.is_over(self.is_seen(waiting.topic), Instant::now()) {
                        break None;
                    }
                }
                Some(extension) = waiting.extensions.recv() => {
                    let longer = (deadline + waiting.patience).min(started + LONGEST);
                    let more = longer.saturating_duration_since(deadline);
                    let taken = self.more_time(&mut waiting, more, extension.op).await;
                    if taken.is_ok() {
                        deadline = longer;
                    }
                    drop(extension.reply.send(taken));
                }
            }
        };
        // Whoever was faster than the end of the wait was told that the answer is taken.
        match self.take_approval(waiting.id) {
            true => given,
            false => given.or_else(|| waiting.answer.try_recv().ok()),
        }
    }

    async fn more_time(
        &self,
        waiting: &mut Waiting,
        more: Duration,
        op: OpId,
    ) -> Result<(), Problem> {
        if more.is_zero() {
            return Err(Problem::new(
                ProblemCode::LimitReached,
                "this approval waits as long as one may",
            )
            .hint("answer it, or deny it and say later what is to be done"));
        }
        let expires_at = later(waiting.expires_at, more);
        let extended = Event::Approval(ApprovalEvent::Extended {
            approval: waiting.id,
            expires_at,
        });
        let told = self.0.bus.publish(waiting.topic, Some(op), vec![extended]);
        told.await?;
        waiting.expires_at = expires_at;
        Ok(())
    }

    /// Opens an approval, unless too many are open.
    async fn put(&self, open: OpenApproval) -> bool {
        let elsewhere = self.open_elsewhere().await;
        let mut all = self.open();
        if !all.has_room(elsewhere) {
            return false;
        }
        all.approvals.insert(open.approval.id, open);
        true
    }

    /// How many are open in other processes. What cannot be counted counts as too many.
    async fn open_elsewhere(&self) -> usize {
        let open = self.0.storage.open_elsewhere().await;
        open.map_or(MAX_OPEN, |open| open as usize)
    }

    /// Closes an approval; false if it was answered already.
    fn take_approval(&self, id: ApprovalId) -> bool {
        self.open().approvals.remove(&id).is_some()
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn has_room(&self, elsewhere: usize) -> bool {
        self.approvals.len() + self.questions.len() + elsewhere < MAX_OPEN
    }
}

/// Since when nobody sees an approval.
struct Seen {
    patience: Duration,
    last: Instant,
    look_at: Instant,
}

impl Seen {
    fn new(patience: Duration, now: Instant) -> Self {
        Self {
            patience,
            last: now,
            look_at: now + patience / LOOKS,
        }
    }

    /// Takes what a look found; true once nobody saw it for too long. A page that is loaded anew is back before.
    fn is_over(&mut self, is_seen: bool, now: Instant) -> bool {
        self.look_at = now + self.patience / LOOKS;
        if is_seen {
            self.last = now;
        }
        now.saturating_duration_since(self.last) >= self.patience
    }
}

fn not_open(what: &str) -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        format!("this {what} is not open any more"),
    )
    .hint("it was answered elsewhere, or its time was up")
}

fn later(now: UnixMillis, patience: Duration) -> UnixMillis {
    now.plus(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX))
}

/// Open approvals of all conversations, in whichever process they are asked, oldest first.
pub(crate) async fn open_everywhere(
    port: &Port,
) -> Result<Vec<anteroom_api::OpenApproval>, Problem> {
    Ok(port.engine.storage.open_approvals(None).await?)
}

/// Open approvals shown in a conversation, oldest first.
pub(crate) async fn open_in(
    port: &Port,
    conversation: ConversationId,
) -> Result<Vec<Approval>, Problem> {
    let open = port.engine.storage.open_approvals(Some(conversation));
    Ok(open.await?.into_iter().map(|open| open.approval).collect())
}

/// Calls by the beginning of their id.
pub(crate) async fn calls(port: &Port, id: String) -> Result<Vec<CallHit>, Problem> {
    Ok(port.engine.storage.calls(&id).await?)
}

#[cfg(test)]
mod tests;
