//! A primary and a canary of the real hello, the exporters around them as samples, and a Prometheus over all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use tempfile::TempDir;

use crate::exporter::Exporter;
use crate::hello::{CANARY, Hello, Load, PRIMARY, binary};
use crate::program::until;
use crate::prometheus::{Prometheus, Setup, Target};
use crate::repo::{list, of_kind, text};
use crate::rules;

/// An exporter that cannot run without a cluster or GitLab.
struct Stand {
    /// Name of the monitor that finds the real one.
    name: &'static str,
    /// Then the monitor is not in this repository; all of these keep the labels of the samples.
    monitored_by_its_chart: bool,
    namespace: &'static str,
    job: &'static str,
    samples: &'static str,
}

const STANDS: [Stand; 6] = [
    Stand {
        name: "gitlab-ci-pipelines-exporter",
        monitored_by_its_chart: true,
        namespace: "gitlab-exporter",
        job: "gitlab-ci-pipelines-exporter",
        samples: include_str!("../fixtures/gitlab-exporter.prom"),
    },
    Stand {
        name: "flux",
        monitored_by_its_chart: false,
        namespace: "flux-system",
        job: "flux-system/flux",
        samples: include_str!("../fixtures/flux.prom"),
    },
    Stand {
        name: "flagger",
        monitored_by_its_chart: false,
        namespace: "flagger-system",
        job: "flagger-system/flagger",
        samples: include_str!("../fixtures/flagger.prom"),
    },
    Stand {
        name: "traefik",
        monitored_by_its_chart: false,
        namespace: "traefik",
        job: "traefik/traefik",
        samples: include_str!("../fixtures/traefik.prom"),
    },
    Stand {
        name: "kube-state-metrics",
        monitored_by_its_chart: true,
        namespace: "monitoring",
        job: "kube-state-metrics",
        samples: include_str!("../fixtures/kube-state-metrics.prom"),
    },
    Stand {
        name: "kubelet",
        monitored_by_its_chart: true,
        namespace: "kube-system",
        job: "kubelet",
        samples: include_str!("../fixtures/kubelet.prom"),
    },
];

/// All samples of the exporters that are not hello.
pub fn samples() -> String {
    STANDS.iter().fold(String::new(), |mut all, stand| {
        let _ = write!(all, "{}", stand.samples);
        all
    })
}

/// What Prometheus scrapes in these tests.
#[derive(Debug)]
pub struct Platform {
    pub primary: Hello,
    pub canary: Hello,
    pub load: Load,
    exporters: BTreeMap<&'static str, Exporter>,
    dir: TempDir,
}

impl Platform {
    /// Starts both hellos and the exporters.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let binary = binary("hello");
        let exporters = STANDS.iter().map(|stand| (stand.name, Exporter::serve(stand.samples.to_owned()))).collect();
        let primary = Hello::start(&binary, PRIMARY, dir.path());
        let canary = Hello::start(&binary, CANARY, dir.path());
        let load = Load::start(dir.path());
        // A series must exist before it can be seen to grow.
        for hello in [&primary, &canary] {
            hello.get("/", 1, 200);
            hello.get("/delay/1", 1, 200);
            hello.get("/status/500", 1, 500);
        }
        Self { primary, canary, load, exporters, dir }
    }

    /// One round: the primary answers all, the canary fails one of five and is slow in one of five.
    pub fn traffic(&self) {
        self.primary.get("/", 20, 200);
        self.canary.get("/", 12, 200);
        self.canary.get("/status/500", 4, 500);
        self.canary.get("/delay/300", 4, 200);
    }

    /// Answers of hello-load to the webhooks of our Canary, aimed at the canary here and cut to a second.
    pub fn webhooks(&self) -> Vec<(String, u16, String)> {
        let mut answers = Vec::new();
        for canary in of_kind("Canary") {
            for webhook in list(&canary.value, "/spec/analysis/webhooks") {
                let mut metadata = webhook["metadata"].clone();
                metadata["url"] = json!(self.canary.url("/version"));
                metadata["duration"] = json!("1s");
                metadata["minRequests"] = json!("5");
                let (status, body) = self.load.call(webhook, &metadata);
                answers.push((text(webhook, "/name").unwrap_or("?").to_owned(), status, body));
            }
        }
        answers
    }

    /// A Prometheus over everything with our rules, once all targets are up.
    pub fn prometheus(&self, alertmanager: Option<String>) -> Prometheus {
        let rule_files = of_kind("PrometheusRule")
            .iter()
            .map(|manifest| rules::write(manifest, &rules::hurried(rules::groups(manifest)), self.dir.path()))
            .collect();
        let prometheus = Prometheus::start(&Setup { targets: self.targets(), rule_files, alertmanager });
        until("all targets up", 20, || match prometheus.one("count(up == 1)")? {
            up if up == self.targets().len() as f64 => Ok(()),
            up => Err(format!("{up} of {} targets are up\n{}", self.targets().len(), prometheus.log())),
        });
        prometheus
    }

    fn targets(&self) -> Vec<Target> {
        let mut targets: Vec<_> =
            [&self.primary, &self.canary].map(|hello| pod("hello", hello.pod, hello.target())).into();
        targets.push(pod("hello-load", Load::POD, self.load.target()));
        for stand in &STANDS {
            let labels = vec![("namespace", stand.namespace.to_owned()), ("pod", format!("{}-0", stand.name))];
            let address = self.exporters[stand.name].target();
            targets.push(Target { job: stand.job.to_owned(), address, labels, honor_labels: honors_labels(stand) });
        }
        targets
    }
}

/// The labels the operator gives a pod that a PodMonitor in `hello` finds; monitor and container have one name.
fn pod(monitor: &str, pod: &str, address: String) -> Target {
    let labels = [("namespace", "hello"), ("pod", pod), ("container", monitor), ("endpoint", "metrics")];
    let labels = labels.map(|(name, value)| (name, value.to_owned())).into();
    Target { job: format!("hello/{monitor}"), address, labels, honor_labels: false }
}

/// As our PodMonitor says.
fn honors_labels(stand: &Stand) -> bool {
    if stand.monitored_by_its_chart {
        return true;
    }
    let monitors = of_kind("PodMonitor");
    let monitor = monitors.iter().find(|one| one.name() == stand.name);
    let monitor = monitor.unwrap_or_else(|| panic!("no PodMonitor `{}` scrapes {}", stand.name, stand.namespace));
    list(&monitor.value, "/spec/podMetricsEndpoints").iter().any(|endpoint| endpoint["honorLabels"] == true)
}
