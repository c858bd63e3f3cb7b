//! The processes of a node, each with its command line.

use crate::network::{ADDRESS, NODE, SERVICES};

/// A program that runs as long as the node does.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) name: &'static str,
    pub(crate) arguments: Vec<String>,
}

const PKI: &str = "/run/platform/pki";
const CONFIG: &str = "/run/platform/config";

/// What the API server needs and itself.
pub(crate) fn first() -> [Component; 3] {
    [etcd(), component("containerd", &["--config", &format!("{CONFIG}/containerd.toml")]), api_server()]
}

/// What works for the API server. `cgroup` is the control group of all pods.
pub(crate) fn second(cgroup: &str) -> [Component; 4] {
    [
        controller_manager(),
        kubelet(cgroup),
        scheduler(),
        component("kube-proxy", &[&format!("--config={CONFIG}/kube-proxy.conf")]),
    ]
}

pub(crate) fn coredns() -> Component {
    component("coredns", &["-conf", &format!("{CONFIG}/Corefile")])
}

fn component(name: &'static str, arguments: &[&str]) -> Component {
    Component { name, arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect() }
}

/// Without TLS, in a network of its own; without fsync, since a cluster that dies with the machine is made again.
fn etcd() -> Component {
    let (clients, peers) = ("http://127.0.0.1:2379", "http://127.0.0.1:2380");
    component(
        "etcd",
        &[
            "--name=node",
            "--data-dir=/run/platform/etcd",
            "--unsafe-no-fsync",
            "--log-level=warn",
            "--auto-compaction-retention=1h",
            &format!("--listen-client-urls={clients}"),
            &format!("--advertise-client-urls={clients}"),
            &format!("--listen-peer-urls={peers}"),
            &format!("--initial-advertise-peer-urls={peers}"),
            &format!("--initial-cluster=node={peers}"),
        ],
    )
}

fn api_server() -> Component {
    component(
        "kube-apiserver",
        &[
            &format!("--advertise-address={ADDRESS}"),
            "--secure-port=6443",
            "--etcd-servers=http://127.0.0.1:2379",
            &format!("--service-cluster-ip-range={SERVICES}"),
            "--allow-privileged",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            &format!("--client-ca-file={PKI}/ca.crt"),
            &format!("--tls-cert-file={PKI}/apiserver.crt"),
            &format!("--tls-private-key-file={PKI}/apiserver.key"),
            &format!("--kubelet-certificate-authority={PKI}/ca.crt"),
            &format!("--kubelet-client-certificate={PKI}/apiserver-kubelet-client.crt"),
            &format!("--kubelet-client-key={PKI}/apiserver-kubelet-client.key"),
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            &format!("--service-account-key-file={PKI}/service-accounts.pub"),
            &format!("--service-account-signing-key-file={PKI}/service-accounts.key"),
            "--enable-aggregator-routing",
            &format!("--requestheader-client-ca-file={PKI}/front-proxy-ca.crt"),
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            &format!("--proxy-client-cert-file={PKI}/front-proxy-client.crt"),
            &format!("--proxy-client-key-file={PKI}/front-proxy-client.key"),
        ],
    )
}

/// Nobody else wants to lead: without an election it starts at once.
fn controller_manager() -> Component {
    let kubeconfig = format!("{PKI}/kube-controller-manager.kubeconfig");
    component(
        "kube-controller-manager",
        &[
            &format!("--kubeconfig={kubeconfig}"),
            &format!("--authentication-kubeconfig={kubeconfig}"),
            &format!("--authorization-kubeconfig={kubeconfig}"),
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--use-service-account-credentials",
            // Each of its 50 controllers asks for a token first: at the default rate that alone takes 5 seconds.
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            &format!("--root-ca-file={PKI}/ca.crt"),
            &format!("--service-account-private-key-file={PKI}/service-accounts.key"),
            &format!("--cluster-signing-cert-file={PKI}/ca.crt"),
            &format!("--cluster-signing-key-file={PKI}/ca.key"),
            &format!("--client-ca-file={PKI}/ca.crt"),
            &format!("--requestheader-client-ca-file={PKI}/front-proxy-ca.crt"),
            "--flex-volume-plugin-dir=/var/lib/kubelet/volume-plugins",
        ],
    )
}

fn kubelet(cgroup: &str) -> Component {
    component(
        "kubelet",
        &[
            &format!("--config={CONFIG}/kubelet.conf"),
            &format!("--kubeconfig={PKI}/kubelet.kubeconfig"),
            &format!("--cgroup-root=/{cgroup}"),
            &format!("--hostname-override={NODE}"),
            &format!("--node-ip={ADDRESS}"),
        ],
    )
}

fn scheduler() -> Component {
    let kubeconfig = format!("{PKI}/kube-scheduler.kubeconfig");
    component(
        "kube-scheduler",
        &[
            &format!("--kubeconfig={kubeconfig}"),
            &format!("--authentication-kubeconfig={kubeconfig}"),
            &format!("--authorization-kubeconfig={kubeconfig}"),
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ],
    )
}
