//! Images FROM scratch: one program in one layer, the same bytes each time, as a file that containerd imports.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Result, at};

/// An image of one static program.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// With its tag.
    pub reference: &'a str,
    pub program: &'a Path,
    /// What the program is called in the image, with a slash before it.
    pub entry: &'a str,
    pub user: u32,
}

impl Image<'_> {
    /// Writes the image in OCI's layout to `file`.
    ///
    /// # Errors
    ///
    /// When the program cannot be read or the file not be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        let program = fs::read(self.program).map_err(at(self.program))?;
        let layer = archive(&[Entry::Folder("tmp"), Entry::Program(self.entry.trim_start_matches('/'), &program)]);
        let layer = layer.map_err(at(self.program))?;
        let config = json!({
            "architecture": architecture(),
            "os": "linux",
            "config": {"Entrypoint": [self.entry], "User": self.user.to_string(), "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
        });
        let manifest = manifest.to_string().into_bytes();
        let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
        // What `ctr images import` takes for the name.
        entry["annotations"] = json!({"io.containerd.image.name": self.reference});
        let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
        let blob = |bytes: &[u8]| format!("blobs/{}", digest(bytes).replace(':', "/"));
        let layout = archive(&[
            Entry::File("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
            Entry::File("index.json", index.as_bytes()),
            Entry::File(&blob(&config), &config),
            Entry::File(&blob(&manifest), &manifest),
            Entry::File(&blob(&layer), &layer),
        ]);
        fs::write(file, layout.map_err(at(file))?).map_err(at(file))
    }
}

enum Entry<'a> {
    Folder(&'a str),
    Program(&'a str, &'a [u8]),
    File(&'a str, &'a [u8]),
}

fn archive(entries: &[Entry<'_>]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let (name, bytes, mode, kind) = match entry {
            Entry::Folder(name) => (*name, &[][..], 0o1777, tar::EntryType::Directory),
            Entry::Program(name, bytes) => (*name, *bytes, 0o755, tar::EntryType::Regular),
            Entry::File(name, bytes) => (*name, *bytes, 0o644, tar::EntryType::Regular),
        };
        // Owner and times stay zero: the same program gives the same image.
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes)?;
    }
    archive.into_inner()
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

/// As Go and OCI call it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_program_gives_the_same_image() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("program");
        fs::write(&program, "machine code").expect("a file");
        let image = Image { reference: "a.example/b:1", program: &program, entry: "/program", user: 65532 };
        let files = ["one", "two"].map(|name| folder.path().join(name));
        for file in &files {
            image.write(file).expect("it can be written");
        }
        let [one, two] = files.map(|file| fs::read(file).expect("it was written"));
        assert_eq!(one, two);
        let mut archive = tar::Archive::new(&one[..]);
        let names: Vec<_> =
            archive.entries().expect("an archive").flatten().map(|entry| entry.path_bytes().into_owned()).collect();
        assert_eq!(names.len(), 5);
        assert!(names.iter().filter(|name| name.starts_with(b"blobs/sha256/")).count() == 3);
    }
}
