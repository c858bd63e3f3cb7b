//! `AlertmanagerConfig` objects as the configuration Alertmanager reads, and Debian's Alertmanager running it.
//!
//! The operator does this translation in a cluster. Only what our objects use is known here: anything else is an error,
//! so that a new field cannot be left out in silence.

use std::path::Path;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::flux;
use crate::program::{Running, find, free_port};
use crate::prometheus::http;
use crate::repo::Manifest;

/// Where the translation differs from the object, so that it runs here.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Replaces every mail server; this one speaks neither TLS nor a password.
    pub smarthost: String,
    /// Groups are sent after a second instead of after minutes.
    pub hurried: bool,
    /// Whether the operator adds `namespace=<the object's>` to the route (`OnNamespace`, its default).
    pub namespace_matcher: bool,
}

type Translated = Result<Value, String>;

/// The configuration from all objects, below a root route that drops what no object routes, as the stack installs it.
pub fn configuration(objects: &[Manifest], surroundings: &Surroundings) -> Translated {
    let mut receivers = vec![json!({ "name": "null" })];
    let (mut routes, mut inhibitions) = (Vec::new(), Vec::new());
    for object in objects {
        let prefix = format!("{}/{}", object.namespace().unwrap_or("default"), object.name());
        let translator = Translator { object, prefix, surroundings };
        let spec = flux::substituted(object.value.get("spec").ok_or_else(|| format!("{}: no `spec`", object.shown()))?);
        for (key, value) in translator.map(&spec)? {
            match key.as_str() {
                "route" => routes.push(translator.top_route(value)?),
                "receivers" => receivers.extend(translator.each(value, Translator::receiver)?),
                "inhibitRules" => inhibitions.extend(translator.each(value, Translator::inhibition)?),
                _ => return Err(translator.unknown(key)),
            }
        }
    }
    Ok(json!({
        "route": { "receiver": "null", "routes": routes },
        "receivers": receivers,
        "inhibit_rules": inhibitions,
    }))
}

struct Translator<'a> {
    object: &'a Manifest,
    prefix: String,
    surroundings: &'a Surroundings,
}

impl Translator<'_> {
    fn unknown(&self, key: &str) -> String {
        format!("{}: `{key}` is not translated; teach src/alertmanager.rs what it means", self.object.shown())
    }

    fn each(&self, list: &Value, one: impl Fn(&Self, &Map<String, Value>) -> Translated) -> Result<Vec<Value>, String> {
        let list = list.as_array().ok_or_else(|| format!("{}: {list} is no list", self.object.shown()))?;
        list.iter().map(|item| one(self, self.map(item)?)).collect()
    }

    fn map<'v>(&self, value: &'v Value) -> Result<&'v Map<String, Value>, String> {
        value.as_object().ok_or_else(|| format!("{}: {value} is no mapping", self.object.shown()))
    }

    fn receiver_name(&self, name: &Value) -> Value {
        json!(format!("{}/{}", self.prefix, name.as_str().unwrap_or_default()))
    }

    fn top_route(&self, value: &Value) -> Translated {
        let mut route = self.route(self.map(value)?)?;
        route["continue"] = json!(true);
        if self.surroundings.namespace_matcher {
            let namespace = self.object.namespace().unwrap_or("default");
            let mut matchers = vec![json!(format!("namespace=\"{namespace}\""))];
            matchers.extend(route["matchers"].as_array().cloned().unwrap_or_default());
            route["matchers"] = json!(matchers);
        }
        Ok(route)
    }

    fn route(&self, route: &Map<String, Value>) -> Translated {
        let mut out = Map::new();
        for (key, value) in route {
            let (name, value) = match key.as_str() {
                "receiver" => ("receiver", self.receiver_name(value)),
                "groupBy" => ("group_by", value.clone()),
                "groupWait" => ("group_wait", self.hurried(value)),
                "groupInterval" => ("group_interval", self.hurried(value)),
                "repeatInterval" => ("repeat_interval", value.clone()),
                "matchers" => ("matchers", json!(self.each(value, Self::matcher)?)),
                "continue" => ("continue", value.clone()),
                "routes" => ("routes", json!(self.each(value, Self::route)?)),
                _ => return Err(self.unknown(key)),
            };
            out.insert(name.to_owned(), value);
        }
        Ok(Value::Object(out))
    }

    fn hurried(&self, value: &Value) -> Value {
        if self.surroundings.hurried { json!("1s") } else { value.clone() }
    }

    fn matcher(&self, matcher: &Map<String, Value>) -> Translated {
        if let Some(key) = matcher.keys().find(|key| !["name", "value", "matchType"].contains(&key.as_str())) {
            return Err(self.unknown(key));
        }
        let part = |key: &str| matcher.get(key).and_then(Value::as_str);
        let name = part("name").ok_or_else(|| format!("{}: a matcher without `name`", self.object.shown()))?;
        let kind = part("matchType").unwrap_or("=");
        Ok(json!(format!("{name}{kind}{}", json!(part("value").unwrap_or_default()))))
    }

    fn inhibition(&self, rule: &Map<String, Value>) -> Translated {
        let mut out = Map::new();
        for (key, value) in rule {
            let (name, value) = match key.as_str() {
                "sourceMatch" => ("source_matchers", json!(self.each(value, Self::matcher)?)),
                "targetMatch" => ("target_matchers", json!(self.each(value, Self::matcher)?)),
                "equal" => ("equal", value.clone()),
                _ => return Err(self.unknown(key)),
            };
            out.insert(name.to_owned(), value);
        }
        Ok(Value::Object(out))
    }

    fn receiver(&self, receiver: &Map<String, Value>) -> Translated {
        let mut out = Map::new();
        for (key, value) in receiver {
            let (name, value) = match key.as_str() {
                "name" => ("name", self.receiver_name(value)),
                "emailConfigs" => ("email_configs", json!(self.each(value, Self::email)?)),
                _ => return Err(self.unknown(key)),
            };
            out.insert(name.to_owned(), value);
        }
        Ok(Value::Object(out))
    }

    fn email(&self, email: &Map<String, Value>) -> Translated {
        let mut out = Map::new();
        for (key, value) in email {
            let name = match key.as_str() {
                "to" | "from" | "hello" | "html" | "text" => key.as_str(),
                "sendResolved" => "send_resolved",
                "headers" => {
                    out.insert("headers".to_owned(), self.headers(value)?);
                    continue;
                }
                // The server of the test asks for none of these.
                "smarthost" | "requireTLS" | "tlsConfig" | "authUsername" | "authPassword" | "authIdentity" => continue,
                _ => return Err(self.unknown(key)),
            };
            out.insert(name.to_owned(), value.clone());
        }
        out.insert("smarthost".to_owned(), json!(self.surroundings.smarthost));
        out.insert("require_tls".to_owned(), json!(false));
        Ok(Value::Object(out))
    }

    fn headers(&self, headers: &Value) -> Translated {
        let mut out = Map::new();
        for header in headers.as_array().into_iter().flatten() {
            let key = header["key"].as_str().ok_or_else(|| format!("{}: a header without key", self.object.shown()))?;
            out.insert(key.to_owned(), header["value"].clone());
        }
        Ok(Value::Object(out))
    }
}

/// A running Alertmanager of this test alone.
#[derive(Debug)]
pub struct Alertmanager {
    port: u16,
    running: Running,
    // Declared after the process: removed when it is gone.
    _dir: TempDir,
}

impl Alertmanager {
    /// Starts Alertmanager and waits until it is ready.
    pub fn start(configuration: &Value) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = write(configuration, dir.path());
        let port = free_port();
        let mut running = Running::start("alertmanager", &find("prometheus-alertmanager"), dir.path(), |command| {
            command.arg(format!("--config.file={}", file.display()));
            command.arg(format!("--storage.path={}", dir.path().join("data").display()));
            command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
            // No cluster: without this it looks for a private address and may find none.
            command.args(["--cluster.listen-address=", "--log.level=warn"]);
        });
        let ready = format!("http://127.0.0.1:{port}/-/ready");
        running.wait_for(20, "answer on /-/ready", || http(&ready).ok().filter(|(status, _)| *status == 200));
        Self { port, running, _dir: dir }
    }

    /// `host:port` for Prometheus.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The last lines Alertmanager logged.
    pub fn log(&self) -> String {
        self.running.log()
    }
}

/// Writes the configuration, which is YAML as well, to `dir`.
pub fn write(configuration: &Value, dir: &Path) -> std::path::PathBuf {
    let file = dir.join("alertmanager.yml");
    std::fs::write(&file, configuration.to_string()).expect("the directory of a test is writable");
    file
}
