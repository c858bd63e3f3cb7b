use super::{Fault, Minor, Problem, Schemas, Verdict};
use crate::object::Object;
use crate::source::{FileId, Sources};
use crate::yaml::{self, Dialect};
use std::sync::Arc;

fn file() -> FileId {
    Sources::new().add("a.yaml", Vec::new())
}

fn objects(text: &str, dialect: Dialect) -> Vec<Object> {
    let stream = yaml::parse(file(), text);
    assert!(stream.errors.is_empty(), "{:?}", stream.errors);
    let documents = stream.documents.into_iter().enumerate();
    documents.map(|(id, document)| Object::new(id, Arc::new(document.root), dialect)).collect()
}

fn problems_of(schemas: &Schemas, object: &Object) -> Vec<Problem> {
    match schemas.check(object) {
        Verdict::Checked(problems) => problems,
        Verdict::UnknownKind(near) => panic!("{} is unknown, near: {near:?}", object.gvk),
    }
}

/// Every problem as `message` or `message; help`.
fn report(text: &str) -> Vec<String> {
    let schemas = Schemas::new(Minor::default());
    let all = objects(text, Dialect::Kubectl);
    let problems = all.iter().flat_map(|object| problems_of(&schemas, object));
    problems
        .map(|problem| match problem.help() {
            Some(help) => format!("{}; {help}", problem.message()),
            None => problem.message(),
        })
        .collect()
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, creationTimestamp: null}
spec:
  selector: {matchLabels: {app: web}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          resources: {requests: {cpu: 0.5, memory: 64Mi}, limits: {cpu: 1}}
          ports: [{containerPort: 8080}, {containerPort: 8080, protocol: UDP}]
status: {}
";

#[test]
fn a_good_object_has_no_problems() {
    assert_eq!(report(DEPLOYMENT), Vec::<String>::new());
}

#[test]
fn every_kind_of_fault_is_said_in_words() {
    let cases = [
        ("  strategy:", "  stratgy:", "unknown field `spec.stratgy`; did you mean `strategy`?"),
        (
            "  selector:",
            "  containers: []\n  selector:",
            "unknown field `spec.containers`; it belongs to `spec.template.spec`; check the indentation",
        ),
        (
            "      containers:\n",
            "      replicas: 2\n      containers:\n",
            "unknown field `spec.template.spec.replicas`; it belongs to `spec`; check the indentation",
        ),
        (
            "image: web:1",
            "image: 1.5",
            "`spec.template.spec.containers[0].image` must be a string, not a number; quote it: `\"1.5\"`",
        ),
        (
            "  selector:",
            "  replicas: \"2\"\n  selector:",
            "`spec.replicas` must be an integer, not a string; remove the quotes",
        ),
        ("  selector:", "  replicas: 2.5\n  selector:", "`spec.replicas` must be an integer, not a number"),
        (
            "  selector:",
            "  paused: \"yes\"\n  selector:",
            "`spec.paused` must be a boolean, not a string; remove the quotes",
        ),
        ("  selector: {matchLabels: {app: web}}\n", "", "`spec` needs the field `selector`"),
        (
            "maxSurge: 25%",
            "maxSurge: true",
            "`spec.strategy.rollingUpdate.maxSurge` must be an integer or a string, not a boolean; quote it: `\"true\"`",
        ),
        (
            "        - name: web\n          image",
            "        - imagePullPolicy: always\n          name: web\n          image",
            "`spec.template.spec.containers[0].imagePullPolicy` cannot be `always`; did you mean `Always`?",
        ),
        (
            "cpu: 1}",
            "cpu: half}",
            "`spec.template.spec.containers[0].resources.limits.cpu` must be a quantity such as `500m` or `1Gi`, not `half`",
        ),
        (
            "protocol: UDP",
            "protocol: TCP",
            "`spec.template.spec.containers[0].ports` has two items with containerPort `8080` and protocol `TCP`",
        ),
        (
            "  selector:",
            "  replicas: 3000000000\n  selector:",
            "`spec.replicas` must be an integer of 32 bits, not `3000000000`",
        ),
        (
            "{app: web}}\n  strategy",
            "{app: 1}}\n  strategy",
            "`spec.selector.matchLabels.app` must be a string, not an integer; quote it: `\"1\"`",
        ),
        (
            "metadata: {name: web,",
            "metadata: {name: web, lables: {},",
            "unknown field `metadata.lables`; did you mean `labels`?",
        ),
        (
            "[{containerPort: 8080}, {containerPort: 8080, protocol: UDP}]",
            "{containerPort: 80}",
            "`spec.template.spec.containers[0].ports` must be a list, not an object; begin each item with `- `",
        ),
    ];
    for (from, to, expected) in cases {
        let text = DEPLOYMENT.replacen(from, to, 1);
        assert_ne!(text, DEPLOYMENT, "{from} occurs");
        assert_eq!(report(&text), [expected], "{to}");
    }
}
