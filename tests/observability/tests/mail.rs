//! A target that goes away ends as a mail in somebody's box, its return as another; the dead man's mail as well.

use std::process::Command;

use observability::alertmanager::{Alertmanager, Surroundings, configuration, write};
use observability::flux;
use observability::hello::PRIMARY;
use observability::mail::{Mail, Sink};
use observability::platform::Platform;
use observability::program::{assert_none, find, run, said, stdout_of, until};
use observability::repo::{Manifest, list, of_kind, text};
use serde_json::{Value, json};

#[test]
fn amtool_accepts_our_route() {
    let real = Surroundings { smarthost: "mail.example.com:587".to_owned(), hurried: false, namespace_matcher: false };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = write(&ours(&real).expect("our objects can be translated"), dir.path());
    let output = run(Command::new(find("amtool")).arg("check-config").arg(file));
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn amtool_rejects_a_route_to_nobody() {
    let real = Surroundings { smarthost: "mail.example.com:587".to_owned(), hurried: false, namespace_matcher: false };
    let mut broken = ours(&real).expect("our objects can be translated");
    broken["route"]["routes"][0]["receiver"] = json!("nobody");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = write(&broken, dir.path());
    let output = run(Command::new(find("amtool")).arg("check-config").arg(file));
    assert!(!output.status.success(), "amtool accepts a route to a receiver that does not exist");
}

/// An alert that matches no route is dropped by the root's receiver, silently.
#[test]
fn every_alert_is_routed_to_a_mailbox() {
    assert_none(&undelivered(namespace_matcher()), "alerts");
}

/// The operator's default would do this to every alert of another namespace than the route's own.
#[test]
fn a_route_for_one_namespace_loses_alerts_of_another() {
    let lost = undelivered(true);
    assert!(lost.iter().any(|fault| fault.contains(TARGET_DOWN)), "{lost:?}");
}

fn undelivered(namespace_matcher: bool) -> Vec<String> {
    let real = Surroundings { smarthost: "mail.example.com:587".to_owned(), hurried: false, namespace_matcher };
    let configuration = ours(&real).expect("our objects can be translated");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = write(&configuration, dir.path());
    let mut faults = Vec::new();
    for (manifest, rule) in observability::rules::all() {
        let Some(alert) = text(&rule, "/alert") else { continue };
        let mut command = Command::new(find("amtool"));
        command.args(["config", "routes", "test", "--config.file"]).arg(&file);
        command.arg(format!("alertname={alert}")).arg("namespace=hello");
        for (name, value) in rule["labels"].as_object().into_iter().flatten() {
            command.arg(format!("{name}={}", value.as_str().unwrap_or_default()));
        }
        let taken = stdout_of(&mut command);
        // The dead man's switch is the one alert that is no trouble.
        let expected = if rule["labels"]["severity"] == "none" { "/dead-man" } else { "/mail" };
        let receivers = list(&configuration, "/receivers").iter();
        let mut mailing = receivers.filter(|receiver| !list(receiver, "/email_configs").is_empty());
        let name = taken.trim();
        if !name.ends_with(expected) || !mailing.any(|receiver| text(receiver, "/name") == Some(name)) {
            faults.push(format!("{}: `{alert}` goes to `{name}`", manifest.shown()));
        }
    }
    faults
}

#[test]
fn a_field_the_translation_does_not_know_is_an_error() {
    let mut objects = of_kind("AlertmanagerConfig");
    objects[0].value["spec"]["receivers"][0]["pigeonConfigs"] = json!([{ "to": "roof" }]);
    let here = Surroundings { smarthost: "127.0.0.1:25".to_owned(), hurried: true, namespace_matcher: false };
    let error = configuration(&objects, &here).expect_err("pigeons are no receivers");
    assert!(error.contains("pigeonConfigs"), "{error}");
}

#[test]
fn a_lost_target_is_mailed_when_it_goes_and_when_it_returns() {
    let sink = Sink::start();
    let here = Surroundings { smarthost: sink.smarthost(), hurried: true, namespace_matcher: namespace_matcher() };
    let alertmanager = Alertmanager::start(&ours(&here).expect("our objects can be translated"));
    let mut platform = Platform::start();
    let prometheus = platform.prometheus(Some(alertmanager.address()));
    let logs = || format!("{}\n{}\n{}", sink.log(), alertmanager.log(), prometheus.log());
    // Its subject says that alerting works, so only the text names the alert.
    until("the dead man's mail", 40, || mail(&sink.mails(), "", DEAD_MAN).ok_or_else(logs));

    platform.primary.kill();
    let firing = until("mail of the lost target", 60, || mail(&sink.mails(), "FIRING", TARGET_DOWN).ok_or_else(logs));
    println!("{} -> {}: {}", firing.from, firing.to, firing.subject);
    let rule = rule(TARGET_DOWN);
    let runbook = text(&rule, "/annotations/runbook_url").expect("an alert links its runbook");
    assert!(firing.body.contains(runbook), "no link to {runbook} in:\n{}", firing.body);
    let summary = text(&rule, "/annotations/summary").expect("an alert has a summary");
    let summary = summary.replace("{{ $labels.pod }}", PRIMARY);
    assert!(firing.body.contains(&summary), "no summary `{summary}` in:\n{}", firing.body);
    let severity = text(&rule, "/labels/severity").expect("an alert has a severity");
    for part in [TARGET_DOWN, severity] {
        assert!(firing.subject.contains(part), "the subject `{}` does not say {part}", firing.subject);
    }
    assert_eq!([firing.from, firing.to], addresses());

    platform.primary.restart();
    until("mail of its return", 60, || mail(&sink.mails(), "RESOLVED", TARGET_DOWN).ok_or_else(logs));
}

const DEAD_MAN: &str = "Watchdog";
const TARGET_DOWN: &str = "HelloTargetDown";

fn ours(surroundings: &Surroundings) -> Result<Value, String> {
    configuration(&of_kind("AlertmanagerConfig"), surroundings)
}

/// The first mail whose subject says the state and whose subject or text says the alert.
fn mail(mails: &[Mail], state: &str, alert: &str) -> Option<Mail> {
    let says =
        |mail: &&Mail| mail.subject.contains(state) && (mail.subject.contains(alert) || mail.body.contains(alert));
    mails.iter().find(says).cloned()
}

fn rule(alert: &str) -> Value {
    let rules = observability::rules::all().into_iter();
    let rule = rules.map(|(_, rule)| rule).find(|rule| text(rule, "/alert") == Some(alert));
    rule.unwrap_or_else(|| panic!("no alert `{alert}`"))
}

/// Sender and reader of the receiver that alerts go to, as Flux fills them in.
fn addresses() -> [String; 2] {
    let object = flux::substituted(&of_kind("AlertmanagerConfig").remove(0).value);
    let receivers = list(&object, "/spec/receivers").iter();
    let mut mails = receivers.filter(|one| one["name"] == "mail").flat_map(|one| list(one, "/emailConfigs"));
    let mail = mails.next().expect("a receiver `mail` with an address");
    ["/from", "/to"].map(|field| text(mail, field).expect("a mail has two ends").to_owned())
}

/// As the stack's values say; the operator's own default is to add the matcher.
fn namespace_matcher() -> bool {
    let releases = of_kind("HelmRelease");
    let stack: &Manifest =
        releases.iter().find(|one| one.name() == "kube-prometheus-stack").expect("a monitoring stack");
    let strategy = "/spec/values/alertmanager/alertmanagerSpec/alertmanagerConfigMatcherStrategy/type";
    match text(&stack.value, strategy) {
        Some("None") => false,
        None | Some("OnNamespace") => true,
        Some(other) => panic!("the translation does not know the strategy `{other}`"),
    }
}
