//! The keys of a cluster: two authorities, a certificate for each component, and what they call each other by.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
};
use sha2::{Digest, Sha256};

use crate::network::{ADDRESS, API_SERVICE, NODE};
use crate::{Error, Result, at};

/// File, common name and group of those that ask: each has a certificate and a kubeconfig.
const CLIENTS: [(&str, &str, &str); 7] = [
    ("admin", "admin", "system:masters"),
    ("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
    ("coredns", "platform:coredns", ""),
    ("kube-controller-manager", "system:kube-controller-manager", ""),
    ("kube-proxy", "system:kube-proxy", ""),
    ("kube-scheduler", "system:kube-scheduler", ""),
    ("kubelet", "system:node:node", "system:nodes"),
];

/// Writes all files to `folder`, unless a start before this one did.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    let files = Files(folder.to_owned());
    let authority = Authority::new("platform", "ca", &files)?;
    for (name, common_name, group) in CLIENTS {
        authority.issue(name, subject(common_name, group), &[], &files)?;
        files.kubeconfig(name)?;
    }
    let api_names =
        ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
    let api: Vec<_> = api_names.into_iter().chain(["localhost", NODE, API_SERVICE, ADDRESS, "127.0.0.1"]).collect();
    authority.issue("apiserver", subject("kube-apiserver", ""), &api, &files)?;
    let kubelet = subject("system:node:node", "system:nodes");
    authority.issue("kubelet-server", kubelet, &[NODE, ADDRESS, "127.0.0.1"], &files)?;
    let front = Authority::new("platform front proxy", "front-proxy-ca", &files)?;
    front.issue("front-proxy-client", subject("front-proxy-client", ""), &[], &files)?;

    let accounts = Key::new()?;
    files.write("service-accounts.key", &accounts.private_pem()?)?;
    files.write("service-accounts.pub", &accounts.public_pem()?)?;
    fs::write(&complete, "").map_err(at(&complete))
}

fn subject(common_name: &str, group: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if !group.is_empty() {
        name.push(DnType::OrganizationName, group);
    }
    name.push(DnType::CommonName, common_name);
    name
}

struct Authority {
    issuer: Issuer<'static, Key>,
}

impl Authority {
    fn new(common_name: &str, file: &str, files: &Files) -> Result<Self> {
        let key = Key::new()?;
        let mut parameters = key.parameters(subject(common_name, ""));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let certificate = parameters.self_signed(&key).map_err(unexpected)?;
        files.pair(file, certificate.der(), &key)?;
        Ok(Self { issuer: Issuer::new(parameters, key) })
    }

    /// Who has `names` is a server, who has none is a client.
    fn issue(&self, file: &str, subject: DistinguishedName, names: &[&str], files: &Files) -> Result<()> {
        let key = Key::new()?;
        let mut parameters = key.parameters(subject);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let usage =
            if names.is_empty() { ExtendedKeyUsagePurpose::ClientAuth } else { ExtendedKeyUsagePurpose::ServerAuth };
        parameters.extended_key_usages = vec![usage];
        for name in names {
            parameters.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into().map_err(unexpected)?),
            });
        }
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(unexpected)?;
        files.pair(file, certificate.der(), &key)
    }
}

/// A key on the curve P-256. rcgen's own keys would bring ring or AWS-LC: C code, and licences of its own.
struct Key {
    private: SigningKey,
    /// The point, uncompressed.
    public: Vec<u8>,
}

impl Key {
    fn new() -> Result<Self> {
        let private = SigningKey::try_generate().map_err(unexpected)?;
        let public = private.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Self { private, public })
    }

    fn parameters(&self, subject: DistinguishedName) -> CertificateParams {
        let digest = Sha256::digest(&self.public);
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = subject;
        parameters.key_identifier_method = KeyIdMethod::PreSpecified(digest[..20].to_vec());
        // Positive, as a serial number must be.
        parameters.serial_number = Some(SerialNumber::from([&[1][..], &digest[20..]].concat()));
        parameters
    }

    fn private_pem(&self) -> Result<String> {
        Ok(self.private.to_pkcs8_pem(LineEnding::LF).map_err(unexpected)?.as_str().to_owned())
    }

    fn public_pem(&self) -> Result<String> {
        self.private.verifying_key().to_public_key_pem(LineEnding::LF).map_err(unexpected)
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, rcgen::Error> {
        let signature: DerSignature = self.private.sign(message);
        Ok(signature.as_bytes().to_vec())
    }
}

struct Files(PathBuf);

impl Files {
    fn pair(&self, name: &str, certificate: &[u8], key: &Key) -> Result<()> {
        let pem = pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, certificate).map_err(unexpected)?;
        self.write(&format!("{name}.crt"), &pem)?;
        self.write(&format!("{name}.key"), &key.private_pem()?)
    }

    /// With the certificates in it, so that the file can be copied anywhere.
    fn kubeconfig(&self, name: &str) -> Result<()> {
        let encoded = |file: String| -> Result<String> {
            let path = self.0.join(file);
            Ok(BASE64_STANDARD.encode(fs::read(&path).map_err(at(&path))?))
        };
        let config = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "platform", "cluster": {
                "server": format!("https://{ADDRESS}:6443"),
                "certificate-authority-data": encoded("ca.crt".to_owned())?,
            }}],
            "users": [{"name": name, "user": {
                "client-certificate-data": encoded(format!("{name}.crt"))?,
                "client-key-data": encoded(format!("{name}.key"))?,
            }}],
            "contexts": [{"name": "platform", "context": {"cluster": "platform", "user": name}}],
            "current-context": "platform",
        });
        self.write(&format!("{name}.kubeconfig"), &format!("{config:#}\n"))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        use std::io::Write;
        let path = self.0.join(name);
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(at(&path))
    }
}

fn unexpected(error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("certificates: {error}"))
}
