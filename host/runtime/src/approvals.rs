//! Open approvals and elicitations: deadlines, answers, and silence that counts as no.
//!
//! Knows nothing of tools or frontends. An answer is taken once, by removing the question.

use crate::ambient::Ambient;
use crate::bus::Bus;
use crate::host::{Port, not_available};
use anteroom_api::{
    Answer, Approval, ApprovalEvent, ApprovalId, CallHit, ConversationId, Decision,
    ElicitationEvent, ElicitationId, Event, ItemId, OpId, Problem, ProblemCode, Question,
    Resolution, Stop, Topic, TurnId, UnixMillis,
};
use anteroom_gate::Asked;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Questions open at once in the whole host; one more is refused.
const MAX_OPEN: usize = 100;

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
}

/// All open questions.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    bus: Bus,
    ambient: Ambient,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    approvals: BTreeMap<ApprovalId, OpenApproval>,
    questions: BTreeMap<ElicitationId, OpenQuestion>,
}

struct OpenApproval {
    conversation: ConversationId,
    approval: Approval,
    reply: oneshot::Sender<(Decision, String, OpId)>,
}

struct OpenQuestion {
    conversation: ConversationId,
    question: Question,
    reply: oneshot::Sender<(Answer, OpId)>,
}

impl Desk {
    pub(crate) fn new(bus: Bus, ambient: Ambient) -> Self {
        Self(Arc::new(Inner {
            bus,
            ambient,
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
        let (reply, answer) = oneshot::channel();
        if !self.put(asker, approval.clone(), reply) {
            return (Resolution::NotAnswered, NOBODY.into());
        }
        let topic = Topic::Conversation(asker.conversation);
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
        let mut stop = stop.clone();
        let given = tokio::select! {
            given = tokio::time::timeout(asker.patience, answer) => given.ok().and_then(Result::ok),
            () = stop.raised() => None,
        };
        self.take_approval(id);
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
    pub(crate) async fn question(
        &self,
        asker: &Asker,
        text: String,
        options: Vec<String>,
        is_multiple: bool,
        stop: &Stop,
    ) -> Answer {
        if !asker.is_attended {
            return Answer::NotAnswered;
        }
        let question = Question {
            id: self.0.ambient.uuid().into(),
            turn: asker.turn,
            item: asker.item,
            agent: asker.agent.clone(),
            text,
            options,
            is_multiple,
            expires_at: later(self.0.ambient.now(), asker.patience),
        };
        let id = question.id;
        let (reply, answer) = oneshot::channel();
        {
            let mut open = self.open();
            if open.len() >= MAX_OPEN {
                return Answer::NotAnswered;
            }
            open.questions.insert(
                id,
                OpenQuestion {
                    conversation: asker.conversation,
                    question: question.clone(),
                    reply,
                },
            );
        }
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
        let given = tokio::select! {
            given = tokio::time::timeout(asker.patience, answer) => given.ok().and_then(Result::ok),
            () = stop.raised() => None,
        };
        self.open().questions.remove(&id);
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
        let open = self
            .open()
            .questions
            .remove(&id)
            .ok_or_else(|| not_open("question"))?;
        open.reply
            .send((answer, op))
            .map_err(|_| not_open("question"))
    }

    /// Open approvals shown in a conversation, oldest first.
    pub(crate) fn approvals(&self, conversation: ConversationId) -> Vec<Approval> {
        let open = self.open();
        let of = open
            .approvals
            .values()
            .filter(|open| open.conversation == conversation);
        of.map(|open| open.approval.clone()).collect()
    }

    /// Open questions shown in a conversation, oldest first.
    pub(crate) fn questions(&self, conversation: ConversationId) -> Vec<Question> {
        let open = self.open();
        let of = open
            .questions
            .values()
            .filter(|open| open.conversation == conversation);
        of.map(|open| open.question.clone()).collect()
    }

    fn put(
        &self,
        asker: &Asker,
        approval: Approval,
        reply: oneshot::Sender<(Decision, String, OpId)>,
    ) -> bool {
        let mut open = self.open();
        if open.len() >= MAX_OPEN {
            return false;
        }
        open.approvals.insert(
            approval.id,
            OpenApproval {
                conversation: asker.conversation,
                approval,
                reply,
            },
        );
        true
    }

    fn take_approval(&self, id: ApprovalId) {
        self.open().approvals.remove(&id);
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn len(&self) -> usize {
        self.approvals.len() + self.questions.len()
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

/// Open approvals of all conversations, oldest first.
pub(crate) async fn open_everywhere(
    _port: &Port,
) -> Result<Vec<anteroom_api::OpenApproval>, Problem> {
    Err(not_available("this"))
}

/// Calls by the beginning of their id.
pub(crate) async fn calls(_port: &Port, _id: String) -> Result<Vec<CallHit>, Problem> {
    Err(not_available("this"))
}
