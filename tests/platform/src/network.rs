//! The node's own network: loopback, one interface with the node's address, and no way out.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::process::find;
use crate::{Error, Result, at};

/// Every node has this name and these addresses: none of them is seen outside of its network namespace.
pub(crate) const NODE: &str = "node";
pub(crate) const ADDRESS: &str = "10.77.0.10";
pub(crate) const SERVICES: &str = "10.96.0.0/16";
pub(crate) const API_SERVICE: &str = "10.96.0.1";

/// Both ends of the pair stay here: it stands for a network card. Something must be the default route; it leads nowhere.
const LINKS: &str = "\
link set lo up
link add eth0 type veth peer name eth0-peer
addr add 10.77.0.10/24 dev eth0
link set eth0 up
link set eth0-peer up
route add default dev eth0
";

pub(crate) fn set_up() -> Result<()> {
    rustix::system::sethostname(NODE.as_bytes()).map_err(at("hostname"))?;
    ip(LINKS)?;
    for name in ["net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"] {
        let path = format!("/proc/sys/{name}");
        fs::write(&path, "1\n").map_err(at(&path))?;
    }
    replace("/etc/hosts", &format!("127.0.0.1 localhost\n{ADDRESS} {NODE}\n"))?;
    // Programs that are started in the node find Services as a pod does.
    let resolver = format!("nameserver {ADDRESS}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n");
    replace("/etc/resolv.conf", &resolver)
}

fn ip(batch: &str) -> Result<()> {
    let program = find("ip").ok_or_else(|| Error::CannotRun("`ip` is missing: apt-get install iproute2".to_owned()))?;
    let mut child = Command::new(program).args(["-batch", "-"]).stdin(Stdio::piped()).spawn().map_err(at("ip"))?;
    child.stdin.take().expect("it is piped").write_all(batch.as_bytes()).map_err(at("ip"))?;
    let status = child.wait().map_err(at("ip"))?;
    if status.success() { Ok(()) } else { Err(Error::Failed(format!("ip: {status}; it wrote why to node.log"))) }
}

/// Writes a file that may be a link to somewhere that is not there any more.
fn replace(path: &str, text: &str) -> Result<()> {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(at(path)(error));
    }
    fs::write(path, text).map_err(at(path))
}
