//! Webhook deliveries: the log, the order in which they go out, and the sending.
//!
//! Like GitHub: one POST per event, signed over the exact bytes, ten seconds to answer (thirty on Enterprise), never
//! repeated by itself.
//! Within a repository deliveries go out in order, unless a plan says otherwise.

use super::chance::Chance;
use super::hub::Hub;
use super::state::{Time, World};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// GitHub's patience with a receiver.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// And that of a GitHub Enterprise Server.
const ENTERPRISE_ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The version that an enterprise sandbox calls itself.
pub(super) const ENTERPRISE_VERSION: &str = "3.19.0";

/// How deliveries are disturbed. The default disturbs nothing.
#[derive(Debug, Clone, Default)]
pub struct DeliveryPlan {
    /// Keep everything until released.
    pub hold: bool,
    /// Send each delivery so many additional times, with the same GUID.
    pub extra_copies: usize,
    /// Send in an order drawn from this seed.
    pub shuffle: Option<u64>,
    /// Lose this share, in thousandths, drawn from the seed: the log shows them as failed.
    pub lose: Option<(u16, u64)>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits for its turn.
    Queued,
    /// Is being sent.
    Sending,
    /// Answered, failed or lost: see the status.
    Done,
}

/// One attempt to deliver one event, as GitHub's delivery log has it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Id of the attempt.
    pub id: u64,
    /// `X-GitHub-Delivery`: the same for all attempts of one event.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// `action` of the body.
    pub action: Option<String>,
    /// Installation of the body.
    pub installation: Option<u64>,
    /// Repository of the body: deliveries of one repository go out in order.
    pub repository: Option<u64>,
    /// The bytes that are sent and signed.
    pub body: Arc<Vec<u8>>,
    /// A second or later attempt.
    pub redelivery: bool,
    /// When it was sent; before that, when the event happened.
    pub delivered_at: Time,
    /// Where it stands.
    pub state: DeliveryState,
    /// `OK`, or why it failed.
    pub status: String,
    /// Status of the receiver; 0 before the answer.
    pub status_code: u16,
    /// Seconds until the answer.
    pub duration: f64,
    /// Body of the receiver's answer.
    pub response: String,
}

/// The hook and its log.
#[derive(Debug, Default)]
pub struct Mailroom {
    /// Id of the hook.
    pub hook: u64,
    /// Target; `None`: events are logged and fail.
    pub url: Option<String>,
    /// Secret to sign with; `None`: unsigned, as GitHub does it.
    pub secret: Option<String>,
    /// How deliveries are disturbed.
    pub plan: DeliveryPlan,
    /// All attempts, oldest first.
    pub log: Vec<Delivery>,
    shuffler: Option<Chance>,
    loser: Option<Chance>,
}

impl Mailroom {
    /// Sets the plan and seeds its dice.
    pub fn set_plan(&mut self, plan: DeliveryPlan) {
        self.shuffler = plan.shuffle.map(Chance::new);
        self.loser = plan.lose.map(|(_, seed)| Chance::new(seed));
        self.plan = plan;
    }

    /// Whether nothing is being sent or waits for its turn (held ones do not wait).
    pub fn idle(&self) -> bool {
        !self.log.iter().any(|delivery| match delivery.state {
            DeliveryState::Sending => true,
            DeliveryState::Queued => !self.plan.hold,
            DeliveryState::Done => false,
        })
    }

    fn lost(&mut self) -> bool {
        match (self.plan.lose, &mut self.loser) {
            (Some((per_mille, _)), Some(chance)) => chance.happens(per_mille),
            _ => false,
        }
    }

    /// Takes what may be sent now: the first of each repository that has nothing under way.
    fn take_ready(&mut self) -> Vec<Delivery> {
        if self.plan.hold {
            return Vec::new();
        }
        let busy = |delivery: &&Delivery| delivery.state == DeliveryState::Sending;
        let mut lanes: BTreeSet<Option<u64>> = self
            .log
            .iter()
            .filter(busy)
            .map(|delivery| delivery.repository)
            .collect();
        let mut taken = Vec::new();
        loop {
            let ready: Vec<usize> = (0..self.log.len())
                .filter(|&i| self.log[i].state == DeliveryState::Queued)
                .filter(|&i| !lanes.contains(&self.log[i].repository))
                .collect();
            let pick = self
                .shuffler
                .as_mut()
                .map_or(0, |chance| chance.below(ready.len()));
            let Some(&index) = ready.get(pick) else {
                return taken;
            };
            let delivery = &mut self.log[index];
            delivery.state = DeliveryState::Sending;
            lanes.insert(delivery.repository);
            taken.push(delivery.clone());
        }
    }

    fn by_id(&mut self, id: u64) -> Option<&mut Delivery> {
        self.log.iter_mut().find(|delivery| delivery.id == id)
    }
}

impl World {
    /// Queues an event's delivery, as often as the plan says.
    pub(super) fn post(&mut self, event: &str, body: &serde_json::Value) {
        let number = |pointer: &str| body.pointer(pointer).and_then(serde_json::Value::as_u64);
        let delivery = Delivery {
            id: 0,
            guid: uuid::Uuid::new_v4().to_string(),
            event: event.to_owned(),
            action: body["action"].as_str().map(str::to_owned),
            installation: number("/installation/id"),
            repository: number("/repository/id"),
            body: Arc::new(body.to_string().into_bytes()),
            redelivery: false,
            delivered_at: self.precise_now(),
            state: DeliveryState::Queued,
            status: String::new(),
            status_code: 0,
            duration: 0.0,
            response: String::new(),
        };
        let sent = self.mail.url.is_some();
        let headers = sent.then(|| headers(self, &delivery));
        let noted = self
            .exchanges
            .note_delivery(self, event, headers.as_deref(), body);
        if let Err(error) = noted {
            self.mail.log.push(Delivery {
                state: DeliveryState::Done,
                status: format!("the delivery cannot be written down: {error}"),
                ..delivery
            });
            return;
        }
        for copy in 0..=self.mail.plan.extra_copies {
            self.log_attempt(Delivery {
                redelivery: copy > 0,
                ..delivery.clone()
            });
        }
    }

    /// Delivers an earlier attempt's event again: same GUID, same bytes. False if there is no such attempt.
    pub fn redeliver(&mut self, id: u64) -> bool {
        let Some(earlier) = self.mail.by_id(id).cloned() else {
            return false;
        };
        let delivered_at = self.precise_now();
        self.log_attempt(Delivery {
            redelivery: true,
            state: DeliveryState::Queued,
            status: String::new(),
            status_code: 0,
            response: String::new(),
            delivered_at,
            ..earlier
        });
        true
    }

    fn log_attempt(&mut self, mut delivery: Delivery) {
        delivery.id = self.large_id();
        if self.mail.url.is_none() || self.mail.lost() {
            delivery.state = DeliveryState::Done;
            delivery.status = "failed to connect to host".to_owned();
            delivery.status_code = 502;
        }
        self.mail.log.push(delivery);
    }
}

/// The `X-Hub-Signature-256` value over these bytes.
pub fn signature(secret: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    Some(format!(
        "sha256={}",
        hex::encode(mac.finalize().into_bytes())
    ))
}

/// What came back from the receiver.
struct Outcome {
    status: String,
    code: u16,
    response: String,
    seconds: f64,
}

/// Sends deliveries until cancelled.
pub(super) async fn send_all(hub: Arc<Hub>, client: reqwest::Client, stop: CancellationToken) {
    loop {
        let woken = hub.changed.notified();
        let (ready, url) = {
            let mut world = hub.world();
            let taken = world.mail.take_ready();
            let headed = taken.into_iter().map(|delivery| {
                let headers = headers(&world, &delivery);
                (delivery, headers)
            });
            (headed.collect::<Vec<_>>(), world.mail.url.clone())
        };
        if ready.is_empty() {
            tokio::select! {
                () = woken => continue,
                () = stop.cancelled() => return,
            }
        }
        for (delivery, headers) in ready {
            let (hub, client, stop) = (hub.clone(), client.clone(), stop.clone());
            let url = url.clone().unwrap_or_default();
            tokio::spawn(async move {
                let patience = match hub.enterprise {
                    true => ENTERPRISE_ANSWER_WITHIN,
                    false => ANSWER_WITHIN,
                };
                let request = client.post(&url).timeout(patience);
                let sending = send(request, headers, &delivery);
                let outcome = tokio::select! {
                    outcome = sending => outcome,
                    () = stop.cancelled() => return,
                };
                hub.act(|world| finish(world, delivery.id, outcome));
            });
        }
    }
}

fn finish(world: &mut World, id: u64, outcome: Outcome) {
    let now = world.precise_now();
    if let Some(delivery) = world.mail.by_id(id) {
        delivery.state = DeliveryState::Done;
        delivery.delivered_at = now;
        delivery.status = outcome.status;
        delivery.status_code = outcome.code;
        delivery.response = outcome.response;
        delivery.duration = outcome.seconds;
    }
}

/// The head of a delivery, everything of it that GitHub documents.
fn headers(world: &World, delivery: &Delivery) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("accept", "*/*".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("user-agent", "GitHub-Hookshot/5a9db0c".to_owned()),
        ("x-github-event", delivery.event.clone()),
        ("x-github-delivery", delivery.guid.clone()),
        ("x-github-hook-id", world.mail.hook.to_string()),
        (
            "x-github-hook-installation-target-id",
            world.own_app.to_string(),
        ),
        (
            "x-github-hook-installation-target-type",
            "integration".to_owned(),
        ),
    ];
    if world.hosts.enterprise {
        let host = world.hosts.web.rsplit('/').next().unwrap_or_default();
        headers.push(("x-github-enterprise-host", host.to_owned()));
        headers.push(("x-github-enterprise-version", ENTERPRISE_VERSION.to_owned()));
    }
    let secret = world.mail.secret.as_deref();
    if let Some(value) = secret.and_then(|secret| signature(secret, &delivery.body)) {
        headers.push(("x-hub-signature-256", value));
    }
    headers
}

async fn send(
    mut request: reqwest::RequestBuilder,
    headers: Vec<(&'static str, String)>,
    delivery: &Delivery,
) -> Outcome {
    let started = std::time::Instant::now();
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.body(delivery.body.as_ref().clone()).send().await;
    let (status, code, response) = match answer {
        Ok(answer) => {
            let code = answer.status();
            let status = match code.as_u16() {
                200..=299 => "OK",
                _ => code.canonical_reason().unwrap_or("Invalid HTTP Response"),
            };
            (
                status.to_owned(),
                code.as_u16(),
                answer.text().await.unwrap_or_default(),
            )
        }
        Err(error) if error.is_timeout() => ("timed out".to_owned(), 504, String::new()),
        Err(_) => ("failed to connect to host".to_owned(), 502, String::new()),
    };
    Outcome {
        status,
        code,
        response,
        seconds: started.elapsed().as_secs_f64(),
    }
}
