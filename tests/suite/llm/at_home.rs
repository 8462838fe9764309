//! What `discussions turn` may spend, and what it says that it took: the real program and a service that counts.
#![cfg(unix)]

use super::double::{Double, Step};
use super::operator::Machine;
use super::*;

const PANEL: [&str; 5] = ["turn", "a.md", "architect", "security", "pragmatist"];

/// A service with a model at three and fifteen dollars for a million tokens that may write 777 of them: a request may
/// take a little more than a cent. And one at the same place without a price, and one that is free.
fn services(url: &str) -> String {
    let provider = |name: &str| {
        format!(
            "[providers.{name}]\nprotocol = \"openai\"\nurl = \"{url}/v1\"\nkey_variable = \"NEAR_KEY\"\n\
             structure = \"object\"\nmax_output_tokens = 777\n"
        )
    };
    let mut toml = provider("near") + &provider("gift") + "free = true\n";
    toml.push_str("[models.\"near/big\"]\nprice = { input = 3.0, output = 15.0 }\n");
    toml.push_str(
        "[aliases]\ndefault = \"near/big\"\nother = \"near/other\"\nfree = \"gift/any\"\n",
    );
    toml
}

async fn service(answers: usize) -> (Double, Machine) {
    let steps = vec![Step::json(&Protocol::OpenAi.said(GOOD, None)); answers];
    let service = Double::start(steps).await;
    let machine = Machine::with(&services(&service.url()));
    (service, machine)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_limit_of_a_round_nobody_is_asked_and_everybody_is_told_why() {
    let key = ("NEAR_KEY", KEY);
    for limit in ["usd: 0.01", "tokens: 1000", "usd: 0"] {
        let (service, machine) = service(0).await;
        let config = format!("budget: {{per_round: {{{limit}}}}}\n");
        machine.write(".github/discussions.yml", &config);
        let before = machine.read("a.md");
        let said = machine.run(&PANEL, &[key]).await;
        let word = limit.split(':').next().unwrap();
        let raise = format!("raise `budget.per_round.{word}` in .github/discussions.yml, then");
        let said = said.exits(1, &[&raise, "nothing written"]);
        for name in &PANEL[2..] {
            let out = said.out();
            let line = out
                .lines()
                .find(|line| line.starts_with(&format!("{name}  ")));
            assert!(line.unwrap().contains("over budget: "), "{out}");
        }
        assert!(!said.all().contains("cost: "), "{}", said.all());
        assert_eq!(machine.read("a.md"), before);
        assert_eq!(service.asked().len(), 0, "{limit}");

        let arguments = [&PANEL[..], &["--json"]].concat();
        let told = json(&machine.run(&arguments, &[key]).await.exits(1, &[]).out());
        assert_eq!(told["cost"], Value::Null);
        assert_eq!(told["turns"][1]["outcome"], "unavailable");
        assert_eq!(service.asked().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_limit_one_waits_for_the_other_and_the_end_says_what_all_took() {
    let key = ("NEAR_KEY", KEY);
    // Room for one request at a time, as each takes far less than it could.
    let (service, machine) = service(6).await;
    machine.write(
        ".github/discussions.yml",
        "budget: {per_round: {usd: 0.05}}\n",
    );
    let arguments = [&PANEL[..], &["--dry-run"]].concat();
    let said = machine.run(&arguments, &[key]).await;
    let said = said.exits(0, &["cost: 300 tokens in (120 cached), 21 out, $0.0012\n"]);
    assert!(
        !said.out().contains("cost: "),
        "results only: {}",
        said.out()
    );
    assert_eq!(service.asked().len(), 3);
    let arguments = [&PANEL[..], &["--json"]].concat();
    let told = json(&machine.run(&arguments, &[key]).await.exits(0, &[]).out());
    let expected = json!({
        "requests": 3, "input_tokens": 300, "cached_tokens": 120, "output_tokens": 21, "usd": 0.001215,
        "unpriced_requests": 0,
    });
    assert_eq!(told["cost"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_is_not_known_is_said_and_what_is_free_needs_no_word() {
    let key = ("NEAR_KEY", KEY);
    let (service, machine) = service(3).await;
    let one = |model: &'static str| ["turn", "a.md", "security", "--dry-run", "--model", model];
    let said = machine.run(&one("other"), &[key]).await;
    said.exits(
        0,
        &["cost: 100 tokens in (40 cached), 7 out, price not known\n"],
    );
    for model in ["free", "checklist"] {
        let said = machine.run(&one(model), &[key]).await.exits(0, &[]);
        assert!(!said.all().contains("cost: "), "{}", said.all());
    }
    assert_eq!(service.asked().len(), 2);
    let arguments = [&one("checklist")[..], &["--json"]].concat();
    let told = json(&machine.run(&arguments, &[]).await.exits(0, &[]).out());
    assert_eq!(told["cost"], Value::Null);
}
