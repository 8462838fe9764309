//! The App's webhook, its delivery log and redelivery.

use super::super::shape;
use super::super::webhook::{Delivery, DeliveryState};
use super::{Answer, Call, Refusal};
use serde_json::{Map, Value, json};

/// Attempts GitHub still has: the last three days.
const KEPT_DAYS: i64 = 3;
/// And a GitHub Enterprise Server.
const ENTERPRISE_KEPT_DAYS: i64 = 7;

fn item(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": delivery.delivered_at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation,
        "repository_id": delivery.repository,
        "throttled_at": null,
    })
}

/// Finished attempts, newest first.
fn kept<'a>(call: &'a Call<'_>) -> Vec<&'a Delivery> {
    let days = match call.world.hosts.enterprise {
        true => ENTERPRISE_KEPT_DAYS,
        false => KEPT_DAYS,
    };
    let oldest = call.world.now() - chrono::TimeDelta::days(days);
    let log = call.world.mail.log.iter().rev();
    log.filter(|d| d.state == DeliveryState::Done && d.delivered_at >= oldest)
        .collect()
}

/// `GET /app/hook/config`: that there is a secret is told by asterisks in its place.
pub fn config(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mail = &call.world.mail;
    let url = mail.url.as_ref().ok_or_else(Refusal::not_found)?;
    let mut value = json!({
        "content_type": "json",
        "insecure_ssl": "0",
        "url": url,
    });
    if mail.secret.is_some() {
        value["secret"] = json!("********");
    }
    Ok(Answer::ok(value))
}

/// `GET /app/hook/deliveries`: pages by cursor only, newest first.
pub fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let per_page = call
        .query
        .get("per_page")
        .and_then(|n| n.parse().ok())
        .unwrap_or(30_usize)
        .clamp(1, 100);
    let all = kept(call);
    let start = match call.query.get("cursor") {
        None => 0,
        Some(cursor) => {
            let id = cursor
                .strip_prefix("v1_")
                .and_then(|id| id.parse::<u64>().ok());
            let id = id.ok_or_else(|| Refusal::new(400, "Invalid cursor"))?;
            all.iter()
                .position(|delivery| delivery.id < id)
                .unwrap_or(all.len())
        }
    };
    let wanted = |delivery: &&&Delivery| match call.query.get("status").map(String::as_str) {
        Some("success") => (200..300).contains(&delivery.status_code),
        Some("failure") => !(200..300).contains(&delivery.status_code),
        _ => true,
    };
    let matching: Vec<&&Delivery> = all.iter().skip(start).filter(wanted).collect();
    let page = matching
        .get(..per_page.min(matching.len()))
        .unwrap_or_default();
    let mut answer = Answer::ok(page.iter().map(|delivery| item(delivery)).collect());
    if let (true, Some(last)) = (matching.len() > per_page, page.last()) {
        let next = format!(
            "{}{}?per_page={per_page}&cursor=v1_{}",
            call.world.hosts.api, call.path, last.id
        );
        answer
            .headers
            .push(("link", format!("<{next}>; rel=\"next\"")));
    }
    Ok(answer)
}

fn find<'a>(call: &'a Call<'_>) -> Result<&'a Delivery, Refusal> {
    let id = call.number("delivery_id")?;
    kept(call)
        .into_iter()
        .find(|delivery| delivery.id == id)
        .ok_or_else(Refusal::not_found)
}

/// `GET /app/hook/deliveries/{delivery_id}`
pub fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let delivery = find(call)?;
    let mut value = item(delivery);
    let mut headers = Map::new();
    headers.insert("X-GitHub-Event".to_owned(), json!(delivery.event));
    headers.insert("X-GitHub-Delivery".to_owned(), json!(delivery.guid));
    headers.insert("content-type".to_owned(), json!("application/json"));
    let payload: Value = serde_json::from_slice(&delivery.body).unwrap_or(Value::Null);
    value["url"] = json!(call.world.mail.url);
    value["request"] = json!({"headers": headers, "payload": payload});
    value["response"] = json!({"headers": {}, "payload": delivery.response});
    value["delivered_at"] = shape::time(delivery.delivered_at);
    Ok(Answer::ok(value))
}

/// `POST /app/hook/deliveries/{delivery_id}/attempts`
pub fn redeliver(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = find(call)?.id;
    call.world.redeliver(id);
    Ok(Answer::json(202, json!({})))
}
