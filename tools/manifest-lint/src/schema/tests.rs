//! Objects against schemas, from their text.

use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

use super::{Fault, Minor, Problem, Schemas, Verdict};
use crate::object::{Gvk, Object};
use crate::source::{FileId, Sources, Span};
use crate::yaml::{self, Dialect, Entry, Node, Scalar, Style, Value};

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
    report_with(&Schemas::new(Minor::default()), text, Dialect::Kubectl)
}

fn report_with(schemas: &Schemas, text: &str, dialect: Dialect) -> Vec<String> {
    let all = objects(text, dialect);
    let problems = all.iter().flat_map(|object| problems_of(schemas, object));
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

const NOTHING: [String; 0] = [];

#[test]
fn a_null_field_counts_as_absent() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: null}\nspec: {type: null, ports: ~}";
    assert_eq!(report(text), NOTHING);
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: null, template: {}}";
    assert_eq!(report(text), ["`spec` needs the field `selector`"]);
}

#[test]
fn what_stands_in_status_is_the_servers_business() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    assert_eq!(report(&format!("{service}status: {{loadBalancer: {{ingress: [{{ports: [{{}}]}}]}}}}")), NOTHING);
    assert_eq!(report(&format!("{service}status: {{loadBalancers: {{}}}}")).len(), 1);
}

#[test]
fn a_patch_may_leave_out_what_is_required_and_direct_the_merge() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  $retainKeys: [strategy]\n  \
                template: {spec: {containers: [{name: a, $patch: delete}], volums: []}}";
    let mut patch = objects(text, Dialect::Kustomize).remove(0);
    patch.partial = true;
    let found = problems_of(&Schemas::new(Minor::default()), &patch);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, "spec.template.spec.volums");
}

#[test]
fn what_is_replaced_on_the_way_is_not_judged() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: ${n:=2}\n  \
                paused: \"${paused}\"\n  selector: ${selector}\n  template: {}";
    assert_eq!(report(text), NOTHING);
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {key: 'ENC[AES256_GCM,data:x]'}\n\
                sops: {mac: 'ENC[AES256_GCM,data:y]', version: 3.9.0}";
    assert_eq!(report(text), NOTHING);
    assert_eq!(report("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nsops: {}"), ["unknown field `sops`"]);
}

#[test]
fn a_secret_that_is_not_base64_is_not_repeated_in_the_message() {
    let found = report("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {password: hunter2!}");
    assert_eq!(found, ["`data.password` must be base64, not `…`"]);
}

#[test]
fn the_same_text_is_judged_by_how_it_is_read() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {enabled: yes}";
    let schemas = Schemas::new(Minor::default());
    assert_eq!(report_with(&schemas, text, Dialect::Kustomize), NOTHING);
    let wrong = ["`data.enabled` must be a string, not a boolean; quote it: `\"yes\"`"];
    assert_eq!(report_with(&schemas, text, Dialect::Kubectl), wrong);
}

#[test]
fn fields_and_kinds_belong_to_their_versions() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostnameOverride: a, containers: []}";
    let [old, new] = ["1.32", "1.36"].map(|version| Schemas::new(version.parse().unwrap()));
    assert_eq!(report_with(&old, pod, Dialect::Kubectl), ["unknown field `spec.hostnameOverride`"]);
    assert_eq!(report_with(&new, pod, Dialect::Kubectl), NOTHING);
    let claim =
        &objects("apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\nmetadata: {name: a}", Dialect::Kubectl)[0];
    assert!(matches!(new.check(claim), Verdict::Checked(_)));
    let Verdict::UnknownKind(near) = old.check(claim) else { panic!("1.32 has no resource.k8s.io/v1") };
    assert_eq!(near[0], Gvk::new("resource.k8s.io/v1beta1", "ResourceClaim"));
}

#[test]
fn the_fields_of_a_deployment_are_those_of_the_api_reference() {
    let view = Schemas::new("1.36".parse().unwrap()).view;
    let schema = view.built_in("apps", "v1", "Deployment").unwrap();
    let spec = view.child(schema.property("spec").unwrap());
    let names =
        "minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector strategy template";
    assert_eq!(spec.names().collect::<Vec<_>>(), names.split(' ').collect::<Vec<_>>());
    let strategy = view.child(spec.property("strategy").unwrap());
    assert_eq!(strategy.names().collect::<Vec<_>>(), ["rollingUpdate", "type"]);
    assert_eq!(spec.required, ["selector", "template"]);
}

#[test]
fn an_unknown_kind_is_told_with_the_kinds_near_it() {
    let cases = [
        ("apps/v1beta1", "Deployment", "apps/v1 Deployment"),
        ("v1", "Deployment", "apps/v1 Deployment"),
        ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1 Ingress"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "autoscaling/v2 HorizontalPodAutoscaler"),
        ("apps/v1", "Deplyment", "apps/v1 Deployment"),
        ("helm.toolkit.fluxcd.io/v2beta1", "HelmRelease", "helm.toolkit.fluxcd.io/v2 HelmRelease"),
        ("example.com/v1", "Widget", ""),
    ];
    for (api_version, kind, expected) in cases {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}");
        let verdict = Schemas::new(Minor::default()).check(&objects(&text, Dialect::Kubectl)[0]);
        let Verdict::UnknownKind(near) = verdict else { panic!("{api_version} {kind} is known") };
        assert_eq!(near.first().map(Gvk::to_string).unwrap_or_default(), expected, "{api_version} {kind}");
    }
}

#[test]
fn custom_resources_of_well_known_projects_are_checked() {
    let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, label: {}}\n\
                         spec: {interval: 10, prune: true, path: ./a, sourceRef: {kind: Git, name: a}, dependsOn: [a]}";
    let expected = [
        "unknown field `metadata.label`; did you mean `labels`?",
        "`spec.interval` must be a string, not an integer; quote it: `\"10\"`",
        "`spec.sourceRef.kind` cannot be `Git`; allowed: `OCIRepository`, `GitRepository`, `Bucket`, `ExternalArtifact`",
        "`spec.dependsOn[0]` must be an object, not a string",
    ];
    assert_eq!(report(kustomization), expected);
    let canary = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a}\nspec:\n  \
                  targetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n  service: {port: 80}\n  analysis: ";
    assert_eq!(report(&format!("{canary}{{interval: 1m, threshold: 5, stepWeight: 10}}")), NOTHING);
    let found = report(&format!("{canary}{{interval: 1m, threshold: 5}}"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("`spec.analysis` needs exactly one of `interval` + `iterations` + `threshold`,"),
        "{found:?}"
    );
}

#[test]
fn defaults_are_filled_in_before_forms_are_told_apart() {
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}\nspec:\n  \
                   gatewayClassName: a\n  listeners: [{name: a, port: 80, protocol: HTTP}]\n  addresses: ";
    assert_eq!(report(&format!("{gateway}[{{value: 10.0.0.1}}, {{type: Hostname, value: a.example.com}}]")), NOTHING);
    assert_eq!(report(&format!("{gateway}[{{value: a.example.com}}]")).len(), 1);
}

const WIDGETS: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - {name: v1alpha1, served: false, storage: false, schema: {openAPIV3Schema: {type: object}}}
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size, colour]
            minProperties: 2
            properties:
              size: {type: integer, minimum: 1, maximum: 10, exclusiveMaximum: true}
              colour: {type: string, enum: [red, green], default: red}
              code: {type: string, pattern: '^[A-Z]\d+$', minLength: 2, maxLength: 4}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: boolean}}}
              tags: {type: array, maxItems: 3, x-kubernetes-list-type: set, items: {type: string}}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name, side]
                items:
                  type: object
                  properties: {name: {type: string}, side: {type: string, default: left}}
              limits: {type: object, additionalProperties: {type: number, multipleOf: 0.5}}
              template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
              empty: {type: object}
              either: {type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}
"#;

fn with_widgets() -> Schemas {
    let mut schemas = Schemas::new(Minor::default());
    schemas.learn(&objects(WIDGETS, Dialect::Kubectl)[0].root);
    schemas
}

#[test]
fn a_definition_of_the_repository_is_a_schema() {
    assert_eq!(report(WIDGETS), NOTHING, "the definition itself is good");
    let cases = [
        ("size: 9", ""),
        ("size: 10", "`spec.size` must be less than 10, not 10"),
        ("size: 0", "`spec.size` must be at least 1, not 0"),
        ("colour: green", "`spec` needs the field `size`"),
        ("size: 1, colour: Red", "`spec.colour` cannot be `Red`; did you mean `red`?"),
        ("size: 1, code: A12", ""),
        ("size: 1, code: a1", "`spec.code` is `a1`, which does not match `^[A-Z]\\d+$`"),
        ("size: 1, code: A1234", "`spec.code` must be at most 4 characters, not 5"),
        ("size: 1, port: http", ""),
        ("size: 1, port: 80", ""),
        ("size: 1, port: 1.5", "`spec.port` must be an integer or a string, not a number; quote it: `\"1.5\"`"),
        ("size: 1, free: {x: {y: [1]}, known: true}", ""),
        ("size: 1, free: {known: 1}", "`spec.free.known` must be a boolean, not an integer; write `true` or `false`"),
        ("size: 1, tags: [a, b]", ""),
        ("size: 1, tags: [a, b, a]", "`spec.tags` has two items with `a`"),
        ("size: 1, tags: [a, ~]", "`spec.tags[1]` must be a string, not null"),
        ("size: 1, tags: [a, b, c, d]", "`spec.tags` must be at most 3 items, not 4"),
        ("size: 1, parts: [{name: a}, {name: a, side: right}]", ""),
        (
            "size: 1, parts: [{name: a}, {name: a, side: left}]",
            "`spec.parts` has two items with name `a` and side `left`",
        ),
        ("size: 1, limits: {a: 1.5}", ""),
        ("size: 1, limits: {a: 1.2}", "`spec.limits.a` must be a multiple of 0.5, not 1.2"),
        ("size: 1, template: {kind: A, metadata: {name: a}, x: 1}", ""),
        ("size: 1, template: {metadata: {nam: a}}", "unknown field `spec.template.metadata.nam`; did you mean `name`?"),
        ("size: 1, empty: {x: 1}", "unknown field `spec.empty.x`"),
        ("size: 1, either: {a: x}", ""),
        ("size: 1, either: {a: x, b: z}", "`spec.either` needs exactly one of `a`, `b`"),
        ("size: 1, either: {}", "`spec.either` needs exactly one of `a`, `b`"),
    ];
    for (spec, expected) in cases {
        // One field more than the least.
        let text =
            format!("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: a}}\nspec: {{limits: {{}}, {spec}}}");
        let text = if spec.contains("limits") { text.replacen("limits: {}, ", "tags: [], ", 1) } else { text };
        let text = if spec.contains("tags") { text.replacen("limits: {}, ", "parts: [], ", 1) } else { text };
        let found = report_with(&with_widgets(), &text, Dialect::Kubectl);
        assert_eq!(found.join("\n"), expected, "{spec}");
    }
}

#[test]
fn a_definition_of_the_repository_says_which_versions_are_served() {
    let widget = &objects("apiVersion: example.com/v1alpha1\nkind: Widget\nmetadata: {name: a}", Dialect::Kubectl)[0];
    let Verdict::UnknownKind(near) = with_widgets().check(widget) else { panic!("v1alpha1 is not served") };
    assert_eq!(near, [Gvk::new("example.com/v1", "Widget")]);

    let canary = WIDGETS.replace("example.com", "flagger.app").replace("Widget", "Canary");
    let mut schemas = Schemas::new(Minor::default());
    schemas.learn(&objects(&canary, Dialect::Kubectl)[0].root);
    let embedded = &objects("apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a}", Dialect::Kubectl)[0];
    assert!(matches!(schemas.check(embedded), Verdict::UnknownKind(_)), "the repository's definition wins");
}

#[test]
fn problems_point_at_the_text_to_change() {
    let text =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  prots: []\n  ports:\n  - name: a\n  - port: x\n";
    let found = problems_of(&Schemas::new(Minor::default()), &objects(text, Dialect::Kubectl)[0]);
    let places: Vec<&str> = found.iter().map(|problem| &text[problem.span.range()]).collect();
    assert_eq!(places, ["prots", "name", "x"], "{found:?}");
    assert!(matches!(found[1].fault, Fault::MissingField { .. }));
}

/// Trees of the words that schemas are about, so that the checker gets far.
fn trees() -> impl Strategy<Value = Node> {
    let span = Span::new(file(), 0, 0);
    let words = prop::sample::select(WORDS);
    let text = prop_oneof![words.clone().prop_map(str::to_owned), any::<String>()];
    let styles = prop_oneof![Just(Style::Plain), Just(Style::DoubleQuoted), Just(Style::Literal)];
    let scalar = (text, styles, any::<bool>()).prop_map(move |(text, style, tagged_string)| Node {
        span,
        value: Value::Scalar(Scalar { text: text.into(), style, tagged_string }),
    });
    let key = words.prop_map(move |text| Node {
        span,
        value: Value::Scalar(Scalar { text: text.into(), style: Style::Plain, tagged_string: false }),
    });
    scalar.prop_recursive(6, 60, 6, move |inner| {
        let entry = (key.clone(), inner.clone()).prop_map(|(key, value)| Entry { key, value });
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(move |items| Node { span, value: Value::Sequence(items) }),
            prop::collection::vec(entry, 0..6).prop_map(move |entries| Node { span, value: Value::Mapping(entries) }),
        ]
    })
}

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "spec", "metadata", "status", "template", "containers", "ports", "name", "port", "protocol", "analysis", "interval",
    "threshold", "match", "headers", "listeners", "addresses", "value", "type", "labels", "data", "items", "groups",
    "versions", "schema", "openAPIV3Schema", "properties", "additionalProperties", "required", "enum", "pattern", "oneOf",
    "minimum", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "set", "map", "object", "array", "string",
    "integer", "true", "null", "1", "-7", "1e400", ".inf", "10m", "(", "[a-", "é", "", "group", "names", "kind", "v1",
];

proptest! {
    #[test]
    fn no_tree_makes_the_checker_panic(root in trees(), partial in any::<bool>(), other in trees()) {
        let mut schemas = Schemas::new(Minor::default());
        for (api_version, kind) in KINDS {
            for dialect in [Dialect::Kubectl, Dialect::Kustomize, Dialect::Helm] {
                let mut object = Object::new(0, Arc::new(root.clone()), dialect);
                object.gvk = Gvk::new(api_version, kind);
                object.partial = partial;
                for problem in problems_of(&schemas, &object) {
                    assert!(!problem.message().is_empty() && problem.help() != Some(String::new()));
                }
            }
        }
        // Any tree as a definition, and as the schema inside of one.
        schemas.learn(&root);
        let mut widgets = yaml::parse(file(), WIDGETS).documents.remove(0).root;
        let Value::Sequence(versions) = &mut value_mut(value_mut(&mut widgets, "spec"), "versions").value else {
            unreachable!("a list")
        };
        *value_mut(value_mut(&mut versions[1], "schema"), "openAPIV3Schema") = root;
        schemas.learn(&widgets);
        let mut object = Object::new(0, Arc::new(other), Dialect::Kubectl);
        object.gvk = Gvk::new("example.com/v1", "Widget");
        problems_of(&schemas, &object);
    }
}

fn value_mut<'a>(node: &'a mut Node, key: &str) -> &'a mut Node {
    let Value::Mapping(entries) = &mut node.value else { unreachable!("an object") };
    &mut entries.iter_mut().find(|entry| entry.key.text() == Some(key)).unwrap().value
}

const KINDS: [(&str, &str); 6] = [
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("flagger.app/v1beta1", "Canary"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
];
