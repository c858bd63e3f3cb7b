//! Debian's `docker-registry` on loopback, with configuration and storage of our own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::{Running, find};
use crate::{PROJECT, Result};

/// A registry that runs as long as this lives; what was pushed stays in its folder.
#[derive(Debug)]
pub struct Registry {
    port: u16,
    _running: Running,
}

impl Registry {
    /// Starts a registry that keeps images in `folder/storage`.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not answer within ten seconds.
    pub fn start(folder: &Path) -> Result<Self> {
        let storage = folder.join("storage");
        fs::create_dir_all(&storage).map_err(|error| format!("{}: {error}", storage.display()))?;
        let port = free_port();
        let config = serde_json::json!({
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": storage}},
            "http": {"addr": format!("127.0.0.1:{port}"), "secret": "loopback"},
        });
        let file = folder.join("config.yml");
        // JSON is YAML.
        fs::write(&file, config.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new(find("docker-registry")?);
        command.arg("serve").arg(&file).env("OTEL_TRACES_EXPORTER", "none");
        let mut running = Running::start("docker-registry", &command, &folder.join("log"))?;
        let ping = format!("http://127.0.0.1:{port}/v2/");
        running.wait_for(Duration::from_secs(10), || ureq::get(&ping).call().ok())?;
        Ok(Self { port, _running: running })
    }

    /// What `CI_REGISTRY_IMAGE` is: host, port and project.
    #[must_use]
    pub fn project(&self) -> String {
        format!("127.0.0.1:{}/{PROJECT}", self.port)
    }

    /// The manifest of `app` under a digest or tag.
    ///
    /// # Errors
    ///
    /// When the registry does not have it.
    pub fn manifest(&self, app: &str, reference: &str) -> Result<serde_json::Value> {
        let url = format!("http://127.0.0.1:{}/v2/{PROJECT}/{app}/manifests/{reference}", self.port);
        let mut answer = ureq::get(&url)
            .header("Accept", "application/vnd.oci.image.manifest.v1+json")
            .call()
            .map_err(|error| format!("{url}: {error}"))?;
        let text = answer.body_mut().read_to_string().map_err(|error| format!("{url}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{url}: {error}"))
    }
}

/// A port nobody listens on now.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
